//! Sessions: what `login()` gives out, and how long it lasts.

mod limits;
mod mark;
mod ticket;

pub use limits::{Asked, Installation, Lifetime, lifetime};
pub use mark::{mark, read_mark};
pub use ticket::{Key, MIN_SECRET_BYTES, SESSION_ISSUER, Ticket, jwks};
