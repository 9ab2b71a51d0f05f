//! Keys: who has them, which one is in force, and what becomes of them. `docs/design/keys.md` has the reasons.

mod after;
mod api;
mod certify;
mod fresh;
mod keeper;
mod kept;
pub mod make;
mod master;
mod provider;
pub mod reserve;
pub mod ring;
mod rotate;
mod rows;
pub mod serve;
pub mod shred;
pub mod store;
mod wish;

use crate::sys::{epoch, provided, turns, uses, wishes};

/// Asks for shared memory, has the keeper started and watches transactions; called once, while the library is loaded.
pub fn install() {
    epoch::install();
    provided::install();
    turns::install();
    uses::install();
    wishes::install();
    kept::install();
    after::install();
    crate::sys::provider::install(keeper::run);
}
