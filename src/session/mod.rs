//! Sessions: opened by `login()`, ended by `logout()`, by time, or with what they are bound to.

pub mod end;
mod keys;
mod login;
mod logout;
mod lookup;
mod sitting;

pub use keys::rotate_if_due;
pub use logout::present;
pub use lookup::{Stored, stored};
pub use sitting::{Sitting, sit};

use watertight_core::{Code, Fault};

/// A session that is no more.
pub fn ended() -> Fault {
    Fault::new(Code::InvalidAuthorization, "the session has ended")
        .hint("Open another one with watertight.login().")
}

/// Sessions and compartments are opened and ended where they can be written down.
///
/// # Errors
/// 25006 on a standby, where nothing of them has changed then.
pub fn require_primary() -> Result<(), Fault> {
    if !crate::sys::xact::in_recovery() {
        return Ok(());
    }
    Err(Fault::new(Code::ReadOnlyTransaction, "cannot open or end sessions on a standby")
        .hint("Do it on the primary; the standby hears of it."))
}

/// Where one is needed.
fn no_session() -> Fault {
    Fault::new(Code::InvalidAuthorization, "no session")
        .detail("The token in force is none that watertight.login() has given out.")
        .hint("Open a session with watertight.login().")
}
