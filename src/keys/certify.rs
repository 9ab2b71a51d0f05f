//! Certificates of destruction: signed by the worker, once no process of the server has the keys any more.

use super::rows::{self, DataKeyRow};
use super::wish::{self, Kind};
use super::{kept, make, master, stack, store};
use crate::pg::ext::{self, Tables};
use crate::pg::id::{from_pg, to_pg};
use crate::pg::spi;
use crate::sys::{attempt, epoch, lookup, process, user};
use pgrx::JsonB;
use pgrx::spi::Spi;
use serde_json::Value;
use uuid::Uuid;
use watertight_core::keys::{Certificate, DestroyedKey, KeyId, Purpose, SigningKey, Subject, shredded};
use watertight_core::{Code, Fault};

/// How long to wait for backends to let go of keys, in microseconds, and how long before they are told again, in milliseconds.
const PATIENCE: i64 = 5_000_000;
const PAUSE: u32 = 20;

/// A certificate that is to be signed, and whose keys it is about.
pub struct Pending {
    /// Its id.
    pub id: Uuid,
    tenant: Uuid,
}

/// The certificates that are to be signed.
pub fn pending() -> Vec<Pending> {
    let found = spi::all(
        "SELECT id, tenant_id FROM watertight.key_certificates WHERE certificate IS NULL ORDER BY destroyed_at",
        &[],
        |row| Ok(row.get::<pgrx::Uuid>(1)?.zip(row.get::<pgrx::Uuid>(2)?)),
    );
    let pending = |(id, tenant)| Pending { id: from_pg(id), tenant: from_pg(tenant) };
    found.into_iter().flatten().map(pending).collect()
}

/// Waiting until no other backend has keys from before this moment. Some may still have: they are at work in a statement that does not
/// need them now, and let go when it is over.
pub struct Wait {
    epoch: u64,
    begun: i64,
}

impl Wait {
    /// From now on.
    pub fn begin() -> Wait {
        Wait { epoch: epoch::raise(), begun: process::now() }
    }

    /// Tells the others to let go.
    pub fn nudge(&self) {
        epoch::nudge(user::database(), self.epoch);
    }

    /// Whether one may still have what a certificate is about.
    pub fn is_for(&self, pending: &Pending) -> bool {
        epoch::is_held(user::database(), self.epoch, pending.tenant.as_bytes())
    }

    /// Waits a little. False when that was long enough.
    pub fn goes_on(&self) -> bool {
        attempt::pause(PAUSE);
        process::now().saturating_sub(self.begun) <= PATIENCE && !process::is_stopping()
    }
}

/// Makes the key that signs, if there is none.
///
/// # Errors
/// 55000 without a master key.
pub fn prepare() -> Result<(), Fault> {
    let tables = make::installed()?;
    match signing_row(&tables) {
        Some(_) => Ok(()),
        None => make::signing(),
    }
}

fn signing_row(tables: &Tables) -> Option<DataKeyRow> {
    rows::active(tables, Uuid::nil(), Uuid::nil(), Purpose::Signing)
}

/// The installation's id, and the key it signs with.
fn signing_key() -> Result<(Uuid, SigningKey), Fault> {
    let tables = make::installed()?;
    let row = signing_row(&tables).ok_or_else(shredded)?;
    let seed = store::load(&tables, row)?.ok_or_else(shredded)?;
    let key = SigningKey::from_seed(&seed.secret).ok_or_else(unusable)?;
    Ok((Uuid::from_u64_pair(0, seed.id.get().unsigned_abs()), key))
}

/// The public key that the installation's certificates are checked with. Where it has none, one is made.
///
/// # Errors
/// 55000 without a master key, and where none can be made.
pub fn public_key() -> Result<[u8; 32], Fault> {
    let tables = make::installed()?;
    if signing_row(&tables).is_none() {
        if process::in_recovery() {
            return Err(Fault::new(
                Code::NotInPrerequisiteState,
                "the installation has no key to sign certificates with yet",
            )
            .hint("Ask on the primary: that makes one."));
        }
        // Without a master key, that is what to say.
        master::present()?;
        wish::grant(Kind::Signing, || signing_row(&tables))?;
    }
    let public = signing_key().map(|(_, key)| key.public());
    stack::wipe();
    public?.ok_or_else(unusable)
}

fn unusable() -> Fault {
    Fault::new(Code::NotInPrerequisiteState, "the installation's signing key cannot be used")
}

/// This transaction writes or signs this certificate. Who wrote it is waited for: the row can be seen a moment before the keys are
/// overwritten that are in shared memory only, but locks are let go after that.
pub fn announce(id: Uuid) {
    let [.., a, b, c, d] = *id.as_bytes();
    if let Some(tables) = ext::tables() {
        lookup::announce(tables.key_certificates, u32::from_be_bytes([a, b, c, d]));
    }
}

/// Signs one.
///
/// # Errors
/// 55000 without a master key.
pub fn sign(id: Uuid) -> Result<(), Fault> {
    announce(id);
    let Some(certificate) = read(id) else { return Ok(()) };
    if !is_true(id) {
        return Err(Fault::new(
            Code::NotInPrerequisiteState,
            "a certificate says of keys that they were destroyed, and they are there",
        )
        .detail(format!("Row {id} of watertight.key_certificates is not signed."))
        .hint("Somebody has written the row, or rows of keys, by hand: see watertight.keys."));
    }
    let (installation, key) = signing_key()?;
    let text = Certificate { installation, ..certificate }.sign(&key);
    spi::run(
        "UPDATE watertight.key_certificates SET certificate = $2, issued_at = pg_catalog.clock_timestamp()
          WHERE id OPERATOR(pg_catalog.=) $1",
        &[to_pg(id).into(), text.into()],
    );
    Ok(())
}

/// Whether what a row says is so: no key that it names is there, and none of what it says to be destroyed.
fn is_true(id: Uuid) -> bool {
    let tables_agree =
        spi::one::<bool>(include_str!("queries/destroyed.sql"), &[to_pg(id).into()]) == Some(true);
    tables_agree
        && {
            let kept: Vec<String> = kept::transients().iter().map(|about| about.number.to_string()).collect();
            let named = spi::one::<bool>(
            "SELECT true FROM watertight.key_certificates AS c, pg_catalog.jsonb_array_elements(c.keys) AS k (key)
              WHERE c.id OPERATOR(pg_catalog.=) $1
                AND (k.key OPERATOR(pg_catalog.->>) 'id') OPERATOR(pg_catalog.=) ANY ($2) LIMIT 1",
            &[to_pg(id).into(), kept.into()],
        );
            named != Some(true)
        }
}

/// What a row says.
fn read(id: Uuid) -> Option<Certificate> {
    let document = Spi::get_one_with_args::<JsonB>(
        "SELECT pg_catalog.to_jsonb(c) OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object(
                    'at', pg_catalog.to_char(c.destroyed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'))
           FROM watertight.key_certificates AS c
          WHERE c.id OPERATOR(pg_catalog.=) $1 AND c.certificate IS NULL FOR UPDATE",
        &[to_pg(id).into()],
    );
    let JsonB(document) = document.ok().flatten()?;
    let text = |name: &str| document.get(name).and_then(Value::as_str).map(str::to_owned);
    let uuid = |name: &str| text(name).and_then(|id| Uuid::try_parse(&id).ok());
    let tenant = uuid("tenant_id")?;
    let subject = match uuid("compartment_id") {
        Some(id) => Subject::Compartment { id, name: text("compartment").unwrap_or_default(), tenant },
        None => Subject::Tenant { id: tenant, name: text("tenant")? },
    };
    let keys = document.get("keys").and_then(Value::as_array)?;
    Some(Certificate {
        installation: Uuid::nil(),
        subject,
        destroyed_at: text("at")?,
        destroyed_by: text("destroyed_by")?,
        keys: keys.iter().filter_map(destroyed_key).collect(),
    })
}

fn destroyed_key(key: &Value) -> Option<DestroyedKey> {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    Some(DestroyedKey {
        id: text("id").and_then(|id| id.parse().ok()).and_then(KeyId::new)?,
        purpose: text("purpose").and_then(Purpose::parse)?,
        compartment: text("compartment").and_then(|id| Uuid::try_parse(id).ok()).unwrap_or_default(),
        version: key.get("version").and_then(Value::as_u64).and_then(|version| u32::try_from(version).ok()),
        check: text("check").map(str::to_owned),
    })
}
