//! Row security: facts about tables in, an ordered list of statements out.
//!
//! [`plan`] and [`unplan`] decide everything `watertight.protect()` does. They read no catalog and run nothing, so each
//! rule has a plain test; facts that already satisfy every rule give an empty list.

mod column;
mod compartment;
mod creator;
mod facts;
mod foreign;
mod held;
mod index;
mod keys;
mod newcomer;
mod options;
mod plan;
mod policy;
mod refuse;
mod scope;
mod subject;
mod unplan;

#[cfg(test)]
mod tests;

pub use column::Holds;
pub use creator::TRIGGER;
pub use facts::{
    ColumnFacts, ConstraintFacts, ForeignKeyFacts, IndexFacts, Parent, PolicyFacts, Side, SideTenant,
    TableFacts, TriggerFacts, read,
};
pub use held::references;
pub use newcomer::{Found, Newcomer, Rule, newcomer};
pub use options::{Backfill, Options, Plan, Record, Statement};
pub use plan::plan;
pub use policy::POLICY;
pub use refuse::{
    created, materialized_view, materialized_view_reads, protected_through, schema, schema_member,
};
pub use unplan::unplan;
