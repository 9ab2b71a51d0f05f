//! The types of columns that are sealed: what goes in, what comes out, and how searchable values are compared.

mod casts;
mod compare;
mod functions;
pub mod in_row;
mod io;
pub mod kept;
mod kinds;
pub mod literals;
mod search;
mod value;
