//! Row security: the DDL, the rewrite, the floor, and the event triggers.

mod floor;
mod rewrite;

use crate::sys::local::Local;

/// The name of our policy on every protected table.
pub const POLICY: &str = "watertight";
/// The name of our trigger on tables that record their creator.
pub const TRIGGER: &str = "watertight_creator";

/// True while `protect` or `unprotect` itself runs DDL: the guard and the event triggers keep out of its way.
static CHANGING: Local<bool> = Local::new(false);

/// True while this backend's own DDL changes a table's protection.
pub fn changing_protection() -> bool {
    CHANGING.get()
}

/// Installs the hooks; called once, while the library is loaded.
pub fn install() {
    floor::install();
}
