//! The nonces of this backend.

use crate::sys::local::{Local, LocalRef};
use crate::sys::{random, user};
use watertight_core::keys::{Nonce, Nonces};
use watertight_core::{Code, Fault};

static STOCK: LocalRef<Nonces> = LocalRef::new(Nonces::new());
/// The process that has filled the stock: one that was forked from it must not use the same.
static OF: Local<i32> = Local::new(0);

/// The next one.
///
/// # Errors
/// 55000 if the system has no random numbers.
pub fn next() -> Result<Nonce, Fault> {
    let me = user::process();
    STOCK
        .with_mut(|stock| {
            if OF.get() != me {
                stock.forget();
                OF.set(me);
            }
            stock.next(random::fill)
        })
        .ok_or_else(|| Fault::new(Code::NotInPrerequisiteState, "the system has no random numbers"))
}
