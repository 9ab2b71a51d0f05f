//! What a session may not do to protection, and which servers are too old to rely on.

mod server;

pub use server::old_server;
