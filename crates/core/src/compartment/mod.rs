//! Compartments: the parts of a tenant's data that are kept apart from each other.

pub mod template;
