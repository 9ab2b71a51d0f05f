//! Secrets in shared memory: tenants' keys that a service has unwrapped, and the data keys of ephemeral compartments.

use super::fresh;
use crate::pg::settings;
use crate::sys::secrets::{self, About, Put, Table};
use crate::sys::user;
use pgrx::pg_sys::Oid;
use uuid::Uuid;
use watertight_core::keys::uses::{LIMIT, Uses};
use watertight_core::keys::{KeyId, Secret};
use watertight_core::{Code, Fault};

/// So many tenants' keys are kept; of more, a service is asked each time.
const UNWRAPPED_KEYS: usize = 16_384;

static UNWRAPPED: Table =
    Table::new(c"watertight unwrapped keys", || UNWRAPPED_KEYS, || secrets::bytes(UNWRAPPED_KEYS));
static TRANSIENT: Table = Table::new(c"watertight transient keys", settings::max_sessions, || {
    secrets::bytes(settings::max_sessions())
});

/// Asks for the memory; called while the library is loaded.
pub fn install() {
    UNWRAPPED.install();
    TRANSIENT.install();
}

fn name_of(id: i64) -> [u8; 16] {
    u128::from(id.unsigned_abs()).to_be_bytes()
}

/// A tenant's key that a service has unwrapped before.
pub fn find(id: KeyId) -> Option<Secret> {
    UNWRAPPED.read(user::database(), &name_of(id.get()), |_, bytes| Secret::copied(bytes)).flatten()
}

/// Keeps it. Where there is no room, the service is asked again.
pub fn keep(id: KeyId, tenant: Uuid, key: &Secret) {
    let about = About {
        database: user::database(),
        name: name_of(id.get()),
        group: *tenant.as_bytes(),
        number: id.get(),
        process: user::leader(),
    };
    UNWRAPPED.put(about, key.expose());
}

/// Overwrites a tenant's key. Must not raise.
pub fn forget(id: i64) {
    UNWRAPPED.remove(user::database(), &name_of(id));
}

/// Overwrites everything of a database that is gone, or has no extension any more. Must not raise.
pub fn forget_database(database: Oid) {
    for table in [&UNWRAPPED, &TRANSIENT] {
        table.remove_where(|about| about.database == database);
    }
}

/// The data key of an ephemeral compartment: its id and the key.
pub fn transient(compartment: Uuid) -> Option<(KeyId, Secret)> {
    TRANSIENT
        .read(user::database(), compartment.as_bytes(), |about, bytes| {
            KeyId::new(about.number).zip(Secret::copied(bytes))
        })
        .flatten()
}

/// The same, made if there is none. It is nowhere but in shared memory.
///
/// # Errors
/// 53400 if there is no room for another one.
pub fn transient_or_new(tenant: Uuid, compartment: Uuid) -> Result<(KeyId, Secret), Fault> {
    if let Some(known) = transient(compartment) {
        return Ok(known);
    }
    let (id, key) = (fresh::id()?, fresh::secret()?);
    let about = About {
        database: user::database(),
        name: *compartment.as_bytes(),
        group: *tenant.as_bytes(),
        number: id.get(),
        process: user::leader(),
    };
    match TRANSIENT.put(about, key.expose()) {
        Put::Kept => Ok((id, key)),
        // Somebody else was quicker.
        Put::Present => transient(compartment).ok_or_else(no_room),
        Put::Full => Err(no_room()),
    }
}

fn no_room() -> Fault {
    Fault::new(
        Code::ConfigurationLimitExceeded,
        "there is no room for the key of another ephemeral compartment",
    )
    .hint("Raise watertight.max_sessions and restart the server.")
}

/// Takes uses of the key of an ephemeral compartment; 0 if there are none left, or it is gone.
pub fn take_transient(compartment: Uuid, wanted: u64) -> u64 {
    let available = |taken: u64| Uses { taken, reserved: LIMIT }.available(wanted);
    TRANSIENT.take(user::database(), compartment.as_bytes(), available).unwrap_or(0)
}

/// Overwrites the key of an ephemeral compartment. Must not raise.
pub fn forget_transient(compartment: &[u8; 16]) {
    TRANSIENT.remove(user::database(), compartment);
}

/// Overwrites it if it was made by this process. Must not raise.
pub fn forget_own_transient(compartment: &[u8; 16]) {
    let own = user::leader();
    TRANSIENT.remove_if(user::database(), compartment, |about| about.process == own);
}

/// Overwrites it if it is still this one. Must not raise.
pub fn forget_this_transient(one: &About) {
    TRANSIENT.remove_if(one.database, &one.name, |about| about.number == one.number);
}

/// Overwrites those of all ephemeral compartments of a tenant. Must not raise.
pub fn forget_transient_of(tenant: &[u8; 16]) {
    let database = user::database();
    TRANSIENT.remove_where(|about| about.database == database && about.group == *tenant);
}

/// What is known of the keys of ephemeral compartments.
pub fn transients() -> Vec<About> {
    TRANSIENT.of_database(user::database())
}
