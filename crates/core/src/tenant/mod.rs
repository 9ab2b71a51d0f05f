//! Tenants: their names and what may happen to them.
