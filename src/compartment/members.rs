//! Who may enter a compartment beside its owner.

use super::manage::Asker;
use crate::pg::arguments::required;
use crate::pg::error::{OrRaise, raise};
use crate::pg::id::to_pg;
use crate::pg::spi;
use pgrx::prelude::*;
use watertight_core::{Code, Fault};

/// A user or a role, as `compartment_members` stores it: kind, name, issuer.
struct Member {
    kind: &'static str,
    name: String,
    issuer: String,
}

fn member(asker: &Asker, user: Option<&str>, role: Option<&str>, issuer: Option<&str>) -> Member {
    let (kind, name, issuer) = match (user, role) {
        (Some(user), None) => ("user", user, issuer.unwrap_or(&asker.issuer)),
        (None, Some(role)) if issuer.is_none() => ("role", role, ""),
        _ => raise(
            Fault::new(Code::InvalidParameter, "a member is a user or a tenant role")
                .hint("Give user_id (and, for another identity provider's user, issuer), or role."),
        ),
    };
    if name.is_empty() {
        raise(Fault::new(Code::InvalidParameter, "a member's name must not be empty"));
    }
    Member { kind, name: name.to_owned(), issuer: issuer.to_owned() }
}

/// Lets a user (of the same issuer as the owner, unless another is named), or everybody with a tenant role, enter a compartment of
/// one's own.
///
/// # Errors
/// 22023 for neither or both; 42501 for somebody else's compartment; 42704 for one that does not exist.
#[pg_extern(sql = false)]
fn add_member(compartment: Option<&str>, user_id: Option<&str>, role: Option<&str>, issuer: Option<&str>) {
    let asker = Asker::lasting().or_raise();
    let stored = asker.owned(required("compartment", compartment)).or_raise();
    let member = member(&asker, user_id, role, issuer);
    spi::run(
        "INSERT INTO watertight.compartment_members (compartment_id, kind, name, issuer, added_by)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        &[
            to_pg(stored.id).into(),
            member.kind.into(),
            member.name.into(),
            member.issuer.into(),
            asker.user.into(),
        ],
    );
}

/// Takes that away again; the member's sessions end with their next statement. False if there is no such member.
///
/// # Errors
/// As for `add_member()`.
#[pg_extern(sql = false)]
fn remove_member(
    compartment: Option<&str>,
    user_id: Option<&str>,
    role: Option<&str>,
    issuer: Option<&str>,
) -> bool {
    let asker = Asker::lasting().or_raise();
    let stored = asker.owned(required("compartment", compartment)).or_raise();
    let member = member(&asker, user_id, role, issuer);
    let removed = Spi::get_one_with_args::<bool>(
        "DELETE FROM watertight.compartment_members
          WHERE compartment_id = $1 AND kind = $2 AND name = $3 AND issuer = $4 RETURNING true",
        &[to_pg(stored.id).into(), member.kind.into(), member.name.into(), member.issuer.into()],
    );
    matches!(removed, Ok(Some(true)))
}
