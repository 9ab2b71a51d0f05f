//! `begin()` in vain: outside of a transaction block its token ends with the statement.
//!
//! Whether that is a mistake cannot be told when `begin()` is called. A function, a DO block or a procedure may go on to use the
//! token, and so may the next message of a pipeline, whose implicit transaction ends at Sync. It can be told when the
//! transaction commits: nothing has used the token, and no message came after the one that set it.

use super::verdict;
use crate::pg::error;
use crate::sys::local::Local;
use crate::sys::xact;
use watertight_core::{Code, Fault};

const NEVER: i64 = i64::MIN;

/// The message (by its start) that called `begin()` outside of a block, as long as nobody has used its token.
static BEGUN: Local<i64> = Local::new(NEVER);

/// `begin()` was called.
pub fn begun() {
    if xact::in_block() {
        BEGUN.set(NEVER);
    } else {
        BEGUN.set(xact::statement_start());
        // begin() has reached a verdict itself. The next one to need it shall come to `used`.
        verdict::forget();
    }
}

/// A verdict was asked for.
pub fn used() {
    BEGUN.set(NEVER);
}

/// The transaction is about to commit.
pub fn warn() {
    // Parse, Bind and Execute of anything that follows start anew; the message that ends a pipeline, Sync, does not.
    if BEGUN.get() == xact::statement_start() {
        error::warn(
            Fault::new(
                Code::NoTransactionBlock,
                "watertight.begin() has no effect after this statement: there is no transaction block",
            )
            .hint("Send BEGIN first, or set the token for the session: SET watertight.token."),
        );
    }
}

/// The transaction has ended. Must not raise.
pub fn end() {
    BEGUN.set(NEVER);
}
