//! Relations that would appear without an event trigger hearing of it.

use crate::context;
use crate::pg::error::raise;
use crate::protect;
use watertight_core::{Code, Fault};

/// EXPLAIN ANALYZE of CREATE TABLE AS, SELECT INTO or CREATE MATERIALIZED VIEW creates the relation, and PostgreSQL fires no event
/// trigger: a table in a protected schema would stay open, a materialized view would keep a tenant's rows. Nor is the view filled in a
/// security-restricted operation, as by the command itself: what the context opens would be kept for everybody.
pub fn explain() {
    if protect::is_in_use() || !matches!(context::place(), Ok(None)) {
        raise(
            Fault::new(
                Code::FeatureNotSupported,
                "cannot run EXPLAIN ANALYZE of a command that creates a relation",
            )
            .detail("Event triggers do not hear of the relation, where there are protected tables or schemas; and it may keep what this context opens.")
            .hint("Explain the query alone."),
        );
    }
}
