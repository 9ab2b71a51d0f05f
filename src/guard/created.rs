//! Relations that would appear without an event trigger hearing of it.

use crate::pg::error::raise;
use crate::protect;
use watertight_core::{Code, Fault};

/// EXPLAIN ANALYZE of CREATE TABLE AS, SELECT INTO or CREATE MATERIALIZED VIEW creates the relation, and PostgreSQL fires no event
/// trigger: a table in a protected schema would stay open, a materialized view would keep a tenant's rows.
pub fn explain() {
    if protect::is_in_use() {
        raise(
            Fault::new(
                Code::FeatureNotSupported,
                "cannot run EXPLAIN ANALYZE of a command that creates a relation",
            )
            .detail("There are protected tables or schemas in this database, and event triggers do not hear of the relation.")
            .hint("Explain the query alone."),
        );
    }
}
