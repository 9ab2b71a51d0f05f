//! Who may enter a compartment. Being inside grants nothing: it only takes away.

use super::lookup::Stored;
use crate::pg::ext::Tables;
use crate::pg::settings;
use crate::sys::scan::{self, Key};
use watertight_core::{Code, Fault};

/// Refuses where the installation has no such compartments.
///
/// # Errors
/// 28000
pub fn require_switched_on(ephemeral: bool) -> Result<(), Fault> {
    let off = |what: &str, setting: &str| {
        Err(Fault::new(Code::InvalidAuthorization, what)
            .hint(format!("A superuser switches them on with ALTER DATABASE ... SET {setting} = on, for connections made afterwards.")))
    };
    if !settings::compartments() {
        return off("compartments are switched off", "watertight.compartments");
    }
    if !ephemeral && !settings::persistent_compartments() {
        return off("persistent compartments are switched off", "watertight.persistent_compartments");
    }
    Ok(())
}

/// What whoever may not enter is told, and whoever names what does not exist: the same.
pub fn not_enterable() -> Fault {
    Fault::new(Code::InvalidAuthorization, "no such compartment, or the user may not enter it")
        .hint("See watertight.my_compartments() for those that can be entered.")
}

/// True for the owner, and for members: the user by name and issuer, or the tenant role of the token.
pub fn may_enter(
    tables: &Tables,
    stored: &Stored,
    user: Option<&str>,
    issuer: &str,
    role: Option<&str>,
) -> bool {
    let owns = |(owner, owner_issuer): &(String, String)| user == Some(owner) && issuer == owner_issuer;
    if stored.owner.as_ref().is_some_and(owns) {
        return true;
    }
    let mut member = false;
    let key = Key::Uuid(1, *stored.id.as_bytes());
    scan::each(tables.members, Some((tables.members_compartment, key)), |row| {
        let (kind, name, of) = (row.get::<&str>(2), row.get::<&str>(3), row.get::<&str>(4));
        member = match kind {
            Some("user") => name.is_some() && name == user && of == Some(issuer),
            Some("role") => name.is_some() && name == role,
            _ => false,
        };
        !member
    });
    member
}
