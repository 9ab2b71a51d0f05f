//! The context: which tenant this statement belongs to, and why we believe it.
//!
//! `token` verifies (the setting's check hook), `verdict` resolves (once a statement), `functions` and `derived` tell.

mod creator;
mod derived;
mod extra;
mod functions;
mod hot;
mod in_vain;
mod resolve;
mod token;
mod verdict;

pub use creator::creator;
pub use hot::{compartment_datum, current_id, current_key, current_name, tenant_datum};
pub use resolve::{no_user, tenant_of};
pub use token::{declare_held_cursor, had_token, identify, mark, scopes};
use verdict::has_passing_token;
pub use verdict::{
    compartment_if_any, has_token, identity, is_wide, nowhere, place, reached, reached_compartment,
};

use crate::compartment::{self, enter, fence};
use crate::keys::{self, types::literals};

/// Defines the settings and starts watching transactions; called once, while the library is loaded.
pub fn install() {
    token::define();
    derived::define();
    crate::sys::xact::install(before_commit, at_end);
}

fn before_commit() {
    enter::settle_connection();
    in_vain::warn();
    token::end_of_scope();
}

fn at_end() {
    in_vain::end();
    crate::sys::slots::work_for(None);
    verdict::forget();
    fence::context_changed();
    enter::end();
    compartment::forget_many(token::forget_places);
    keys::hear::check();
}

/// Another token is in force. Must not raise.
fn token_assigned() {
    verdict::assigned();
    fence::context_changed();
    literals::context_changed();
}

/// Whether the token in force is known to lead to a place without a schema of its own. False where nobody has asked yet.
pub fn leads_to_no_schema() -> bool {
    token::last_place().is_some_and(|place| place.compartment.schema.is_none())
}

/// A statement that has set a token is over.
pub fn statement_ended() {
    enter::settle(token::NAME);
}
