//! Two clinics in one database through sqlx. Run by run.sh, one test after the other: they share tables.

mod encrypted;
mod pools;
mod tokens;
mod transactions;
mod work;
