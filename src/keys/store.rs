//! The keys that a context needs, unwrapped.

use super::rows::{self, DataKeyRow, Tenancy};
use super::wish::{self, Kind};
use super::{kept, make, master};
use crate::pg::ext::Tables;
use crate::sys::process;
use uuid::Uuid;
use watertight_core::keys::{KeyId, Purpose, Secret, State, unknown_key, unwrap};
use watertight_core::{Code, Fault};

/// How often a row is read again that was wrapped anew in the same moment.
const TRIES: usize = 5;

/// A key, unwrapped.
pub struct Loaded {
    /// Its id.
    pub id: KeyId,
    /// Whose it is.
    pub tenant: Uuid,
    /// Where in the tenant; nil for global.
    pub compartment: Uuid,
    /// Whether it seals.
    pub state: State,
    /// It is nowhere but in shared memory.
    pub transient: bool,
    /// The key.
    pub secret: Secret,
}

/// The key that values of a compartment are sealed with now. Where there is none, it is made.
///
/// # Errors
/// 55000 without a master key, for a tenant whose keys were destroyed, and where none can be made.
pub fn active(tenant: Uuid, compartment: Uuid, ephemeral: bool) -> Result<Loaded, Fault> {
    let tables = make::installed()?;
    if ephemeral {
        return transient(&tables, tenant, compartment);
    }
    in_force(&tables, tenant, compartment, Purpose::Data)
}

/// The key of a tenant's blind indexes.
///
/// # Errors
/// As for [`active`].
pub fn index(tenant: Uuid) -> Result<Loaded, Fault> {
    in_force(&make::installed()?, tenant, Uuid::nil(), Purpose::Index)
}

/// The key that a value names. `ephemeral`: the compartment in force, if it is one that goes with its session.
///
/// # Errors
/// 42704 if it is not known here, 55000 if it was destroyed or cannot be unwrapped now.
pub fn by_id(id: KeyId, ephemeral: Option<(Uuid, Uuid)>) -> Result<Loaded, Fault> {
    if let Some((tenant, compartment)) = ephemeral
        && let Some((known, secret)) = kept::transient(compartment)
        && known == id
    {
        return Ok(Loaded { id, tenant, compartment, state: State::Active, transient: true, secret });
    }
    let tables = make::installed()?;
    let mut tenant = Uuid::nil();
    for _ in 0..TRIES {
        let row =
            rows::data_key(&tables, id).filter(|row| row.purpose == Purpose::Data).ok_or_else(unknown_key)?;
        tenant = row.tenant;
        if let Some(loaded) = load(&tables, row)? {
            return Ok(loaded);
        }
    }
    Err(make::no_key_any_more(&tables, tenant))
}

/// Only the owner of a compartment's session seals in it, and nobody after the tenant was shredded.
fn transient(tables: &Tables, tenant: Uuid, compartment: Uuid) -> Result<Loaded, Fault> {
    let (id, secret) = kept::transient_or_new(tenant, compartment)?;
    // Looked at afterwards: whoever shreds the tenant in this moment either sees the key, or is seen.
    if matches!(rows::tenancy(tables, tenant), Tenancy::Shredded) {
        kept::forget_transient(compartment.as_bytes());
        return Err(make::no_more_keys(tables, tenant));
    }
    Ok(Loaded { id, tenant, compartment, state: State::Active, transient: true, secret })
}

fn in_force(tables: &Tables, tenant: Uuid, compartment: Uuid, purpose: Purpose) -> Result<Loaded, Fault> {
    let look = || -> Result<Option<Loaded>, Fault> {
        for _ in 0..TRIES {
            let Some(row) = rows::active(tables, tenant, compartment, purpose) else { return Ok(None) };
            if let Some(loaded) = load(tables, row)? {
                return Ok(Some(loaded));
            }
        }
        Err(make::no_key_any_more(tables, tenant))
    };
    if let Some(loaded) = look()? {
        return Ok(loaded);
    }
    if matches!(rows::tenancy(tables, tenant), Tenancy::Shredded) {
        return Err(make::no_more_keys(tables, tenant));
    }
    if process::in_recovery() {
        return Err(Fault::new(Code::NotInPrerequisiteState, "the tenant has no key yet")
            .detail("It is made when the first value is sealed, which a standby cannot do."));
    }
    // Without a master key, that is what to say.
    master::present()?;
    wish::grant(Kind::Make { tenant, compartment }, || look().transpose())?
}

/// Unwraps a key; `None` if the key that wraps it was changed in this moment.
///
/// # Errors
/// 55000 without a master key, and where it was destroyed or cannot be unwrapped.
pub fn load(tables: &Tables, row: DataKeyRow) -> Result<Option<Loaded>, Fault> {
    let wrapped = row.wrapped.as_deref().ok_or_else(|| make::no_key_any_more(tables, row.tenant))?;
    let Some(outer) = rows::tenant_key_version(tables, row.tenant, row.version) else {
        return Err(Fault::new(
            Code::NotInPrerequisiteState,
            "the key that wraps the tenant's data keys is missing",
        )
        .detail("Its row in watertight.tenant_keys is not there."));
    };
    let Some(outer_wrapped) = outer.wrapped.as_deref() else { return Ok(None) };
    let tenant_key = match master::unwrap_tenant_key(tables, &outer, outer_wrapped) {
        // While a service was asked for it.
        Err(_) if is_replaced(tables, &row) => return Ok(None),
        other => other?,
    };
    let secret = unwrap(&tenant_key, &row.described(), wrapped).map_err(|_| {
        Fault::new(Code::NotInPrerequisiteState, "a data key of the tenant cannot be unwrapped")
            .detail("Its row in watertight.data_keys was changed, or is another one's.")
    })?;
    Ok(Some(Loaded {
        id: row.id,
        tenant: row.tenant,
        compartment: row.compartment,
        state: row.state,
        transient: false,
        secret,
    }))
}

fn is_replaced(tables: &Tables, row: &DataKeyRow) -> bool {
    rows::tenant_key_version(tables, row.tenant, row.version).is_some_and(|outer| outer.wrapped.is_none())
}
