//! Cursors WITH HOLD outlive their transaction, and their rows were chosen for one context.

use crate::context;
use crate::pg::error::{OrRaise, raise};
use crate::pg::settings::{self, TokenScope};
use crate::sys::local::LocalRef;
use std::collections::BTreeMap;
use watertight_core::{Code, Fault};

/// Cursor -> the tenant it was opened for. A cursor that is gone may leave its name here until that is used again.
static HELD: LocalRef<BTreeMap<String, Option<[u8; 16]>>> = LocalRef::new(BTreeMap::new());

fn present_tenant() -> Option<[u8; 16]> {
    context::identity().or_raise().tenant.map(|tenant| tenant.id)
}

/// A cursor of this name is about to be declared.
pub fn declare(name: &str, hold: bool) {
    if !hold {
        HELD.with_mut(|held| held.remove(name));
        return;
    }
    let tenant = present_tenant();
    if tenant.is_some() && settings::token_scope() == TokenScope::Transaction {
        raise(
            Fault::new(Code::InsufficientPrivilege, "cursors WITH HOLD are not allowed in transaction scope")
                .detail("The cursor would outlive the token it was opened with.")
                .hint("Declare it WITHOUT HOLD, or use a connection with watertight.token_scope = session."),
        );
    }
    HELD.with_mut(|held| held.insert(name.to_owned(), tenant));
}

/// A cursor of this name is about to be read.
pub fn fetch(name: &str) {
    let Some(opened_for) = HELD.with(|held| held.get(name).copied()) else { return };
    if opened_for.is_some() && present_tenant() != opened_for {
        raise(
            Fault::new(Code::InsufficientPrivilege, format!("cursor \"{name}\" belongs to another context"))
                .detail("It was opened WITH HOLD under a token of another tenant.")
                .hint("Close it and declare it again."),
        );
    }
}
