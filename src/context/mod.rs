//! The context: which tenant this statement belongs to, and why we believe it.
//!
//! `token` verifies (the setting's check hook), `verdict` resolves (once a statement), `functions` and `derived` tell.

mod creator;
mod derived;
mod extra;
mod functions;
mod hot;
mod in_vain;
mod token;
mod verdict;

pub use creator::creator;
pub use hot::{current_id, current_key, current_name, datum_of_type};
pub use token::declare_held_cursor;
use verdict::has_passing_token;
pub use verdict::{as_tenant, reached};

/// Defines the settings and starts watching transactions; called once, while the library is loaded.
pub fn install() {
    token::define();
    derived::define();
    crate::sys::xact::install(before_commit, at_end);
}

fn before_commit() {
    in_vain::warn();
    token::end_of_scope();
}

fn at_end() {
    in_vain::end();
    verdict::forget();
}
