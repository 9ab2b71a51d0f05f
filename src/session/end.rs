//! The end of a session.

use crate::sys::slots::{self, Handle};
use crate::sys::user;
use pgrx::spi::Spi;
use uuid::Uuid;

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// logout()
    Logout,
    /// end_session()
    Administrator,
    /// switch_compartment()
    Switch,
}

pub fn taken(_handle: Handle, _bound: bool) {}

pub fn end(id: Uuid, _reason: Reason) -> bool {
    if let Some(view) = slots::find(user::database(), id.as_bytes()) {
        slots::begin_end(view.handle);
    }
    let _ = Spi::run_with_args(
        "DELETE FROM watertight.open_sessions WHERE id = $1",
        &[pgrx::Uuid::from_bytes(*id.as_bytes()).into()],
    );
    true
}
