//! Sessions: what `login()` gives out, and how long it lasts.

mod limits;
mod ticket;

pub use limits::{Asked, Installation, Lifetime, lifetime};
pub use ticket::{Key, MIN_SECRET_BYTES, SESSION_ISSUER, Ticket, jwks};
