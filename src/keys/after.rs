//! What follows when a transaction that has changed keys is committed, or is not.

use super::{hear, kept};
use crate::pg::error::raise;
use crate::sys::after::{self, Then, What};
use crate::sys::{epoch, user, workers};
use watertight_core::{Code, Fault};

const NOTHING: What = What { name: [0; 16], number: 0 };

/// Starts watching transactions; called once, while the library is loaded.
pub fn install() {
    after::install(Then {
        // What this backend has read of it is no key.
        undone: hear::forget,
        refuse_prepare: || {
            raise(Fault::new(
                Code::FeatureNotSupported,
                "cannot prepare a transaction that has changed or destroyed keys",
            ))
        },
    });
}

/// This transaction has made a key. Nobody else has it; if it is undone, or goes to somebody else (PREPARE), this backend must not
/// keep it.
pub fn made() {
    after::otherwise(|_| {}, NOTHING);
}

/// It has changed or destroyed keys: no backend may go on with what it has.
pub fn changed() {
    after::commit(let_go, NOTHING);
}

fn let_go(_: &What) {
    let epoch = epoch::raise();
    epoch::nudge(user::database(), epoch);
    hear::check();
}

/// It has destroyed keys, and somebody is to say so.
pub fn destroyed() {
    changed();
    after::commit(|_| workers::wake(user::database()), What { number: 1, ..NOTHING });
}

/// A tenant's key goes: what is kept of it does, too.
pub fn forget(id: i64) {
    after::commit(|what| kept::forget(what.number), What { number: id, ..NOTHING });
}

/// The keys of the ephemeral compartments of a tenant go.
pub fn forget_transient_of(tenant: [u8; 16]) {
    after::commit(|what| kept::forget_transient_of(&what.name), What { name: tenant, number: 0 });
}

/// An ephemeral compartment is made: if that is undone, the key goes that it has by then.
pub fn forget_transient_if_undone(compartment: [u8; 16]) {
    after::otherwise(|what| kept::forget_own_transient(&what.name), What { name: compartment, number: 0 });
}

/// The key of an ephemeral compartment goes.
pub fn forget_transient(compartment: [u8; 16]) {
    after::commit(|what| kept::forget_transient(&what.name), What { name: compartment, number: 0 });
}
