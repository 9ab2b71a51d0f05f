//! Keys: who has them, which one is in force, and what becomes of them. `docs/design/keys.md` has the reasons.
//!
//! Whoever seals and opens asks `store` for unwrapped keys and `reserve` for how often one may seal, keeps both, and hears through
//! `hear` when they count no more: `epoch::now()` is read before a key is loaded, and `epoch::hold()` says that this backend has some.

mod after;
mod again;
mod all;
mod api;
mod certify;
mod column_indexes;
mod columns;
pub mod erase;
mod fresh;
pub mod hear;
mod inspect;
mod keeper;
mod kept;
pub mod make;
mod master;
mod nonces;
mod provider;
pub mod reencrypt;
pub mod reserve;
pub mod ring;
mod rotate;
mod rows;
mod sealable;
pub mod serve;
pub mod shred;
mod stack;
pub mod store;
pub mod types;
mod wish;

use crate::sys::{epoch, provided, turns, uses, wishes};

/// Asks for shared memory and watches transactions; called once, while the library is loaded.
pub fn install() {
    epoch::install();
    provided::install();
    turns::install();
    uses::install();
    wishes::install();
    kept::install();
    after::install();
    ring::install();
    types::literals::install();
}

/// Has the server start the keeper; called once, after all that it needs. Where there is no place for another process of the kind, those
/// that were asked for before go first.
pub fn start() {
    crate::sys::provider::install(keeper::run);
}
