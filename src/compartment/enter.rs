//! Entering: the compartment's schema comes first in `search_path`, for as long as the token lasts.

use super::fence;
use crate::context;
use crate::pg::settings;
use crate::sys::local::Local;
use crate::sys::search_path::{self, Lasts};
use crate::sys::{executor, xact};
use std::ffi::CStr;
use watertight_core::compartment::entered_path;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pending {
    Nothing,
    /// A statement has set the token.
    Statement,
    /// The start-up packet has.
    Connection,
}

static PENDING: Local<Pending> = Local::new(Pending::Nothing);
/// A compartment has been entered on this connection: its schema may still stand in the path.
static ENTERED: Local<bool> = Local::new(false);

/// A statement has set a token. What it says of the path is settled when the statement is over: only then is it known how long
/// the token lasts.
pub fn token_set() {
    if settings::compartments() {
        PENDING.set(Pending::Statement);
        executor::call_when_ended();
    }
}

/// The start-up packet has set a token. It is settled when the connection is ready: until then roles' and databases' own
/// settings of the path may come.
pub fn token_given() {
    PENDING.set(Pending::Connection);
}

/// The statement that has set the token `setting` is over. An unusable token is refused at its first use, not here.
pub fn settle(setting: &'static CStr) {
    if PENDING.get() == Pending::Statement {
        PENDING.set(Pending::Nothing);
        if !ENTERED.get() && context::leads_to_no_schema() {
            return;
        }
        if search_path::is_local(setting) {
            enter(Lasts::Transaction);
        } else {
            enter(Lasts::Session);
        }
    }
}

/// A transaction is about to commit, the one that opens a connection for instance.
pub fn settle_connection() {
    if PENDING.get() == Pending::Connection {
        PENDING.set(Pending::Nothing);
        enter(Lasts::Connection);
    }
}

/// A transaction has ended. Must not raise.
pub fn end() {
    PENDING.set(Pending::Nothing);
}

fn enter(lasts: Lasts) {
    if !settings::compartments() || !xact::in_transaction() {
        return;
    }
    let schema = fence::inside_of(fence::own()).schema;
    if schema.is_none() && !ENTERED.get() {
        return;
    }
    if let Some(path) = entered_path(&search_path::shown(), schema) {
        ENTERED.set(true);
        search_path::set(&path, lasts);
    }
}
