//! The outermost layer: wrapping and unwrapping tenants' keys, by the master key or by a service that has it.

use super::provider::{self, Provider, Service};
use super::rows::{self, TenantKeyRow};
use super::{fresh, inspect, kept};
use crate::pg::error::{OrRaise, internal};
use crate::pg::ext::Tables;
use crate::pg::key_settings;
use crate::pg::{role, spi};
use crate::sys::local::Local;
use crate::sys::provided::{self, Stage, State};
use crate::sys::{attempt, epoch, process, turns};
use pgrx::spi::Spi;
use uuid::Uuid;
use watertight_core::keys::{KeyId, MasterState, Secret, check_value, shredded, unwrap, wrap};
use watertight_core::{Code, Fault};

/// How often it is looked whether the provider has answered, in milliseconds.
const PAUSE: u32 = 20;

/// Until then the worker does not ask a service that has not answered in time, in PostgreSQL's microseconds.
static SILENT: Local<i64> = Local::new(0);

const SERVICE: &str = "the key management service";
const WRAP: &str = "watertight.key_wrap_command";
const UNWRAP: &str = "watertight.key_unwrap_command";

/// Who has the master key, and that whoever wraps is there.
///
/// # Errors
/// 55000 if not.
pub fn present() -> Result<Provider, Fault> {
    let provider = provider::configured()?;
    match (&provider.lines, provider.wrapping()) {
        (_, Some(_)) => {}
        (Some(_), None) => wait()?,
        (None, None) => MasterState::Absent.required()?,
    }
    Ok(provider)
}

/// Whether tenants' keys can be wrapped here and now, without asking anybody.
pub fn is_at_hand() -> bool {
    provider::configured().is_ok_and(|provider| provider.lines.is_some() && provider.wrapping().is_none())
        && provided::status().state == State::Present
}

/// Who comes right after the start of the server waits as long as the provider may take.
fn wait() -> Result<(), Fault> {
    let tries = (key_settings::command_timeout() + 1) * 1_000 / u64::from(PAUSE);
    for _ in 0..tries {
        match provided::status().state {
            State::Present => return Ok(()),
            // Nobody was there yet: the settings say that there is a provider.
            State::Absent | State::Loading => attempt::pause(PAUSE),
            State::Failed => break,
        }
    }
    let status = provided::status();
    let state = if status.state == State::Failed { MasterState::Failed } else { MasterState::Loading };
    state.required().map_err(|fault| match status.error.get() {
        Some(_) => fault.hint("An administrator finds the reason in watertight.key_provider()."),
        None => fault,
    })
}

/// The version that wraps now, of the master key that we have.
fn newest() -> Result<i32, Fault> {
    provided::numbers().into_iter().max().ok_or_else(|| missing(0))
}

fn missing(version: i32) -> Fault {
    let fault = Fault::new(Code::NotInPrerequisiteState, "a version of the master key is missing");
    match version {
        0 => fault.detail("The provider has given none."),
        _ => fault
            .detail(format!("A key of the tenant is wrapped by version {version}, which the provider has not given."))
            .hint("Add that version to what the provider gives and reload the configuration. It is needed until no key names it; see watertight.master_key_versions."),
    }
}

/// The version by which what is wrapped from now on is known here; makes its row where it is new.
///
/// # Errors
/// 55000 without a master key, if another key was known by its number, or if a newer one is missing.
pub fn current(tables: &Tables) -> Result<i32, Fault> {
    match present()?.wrapping() {
        Some((service, _)) => service_version(tables, service),
        None => {
            let version = newest()?;
            let check = read(version)?.1;
            is_newest(version)?;
            if rows::master(tables, version).is_none() {
                role::as_extension_owner(|| {
                    Spi::run_with_args(
                        "INSERT INTO watertight.master_keys (version, check_value) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                        &[version.into(), check.as_str().into()],
                    )
                })
                .map_err(internal)
                .or_raise();
            }
            is_known(tables, version, &check)?;
            Ok(version)
        }
    }
}

/// Versions of services count downwards from -1: lines have numbers that their writer chose, and may choose later.
fn service_version(tables: &Tables, service: &Service) -> Result<i32, Fault> {
    for _ in 0..3 {
        if let Some(version) = rows::master_called(tables, &service.name) {
            return Ok(version);
        }
        role::as_extension_owner(|| {
            Spi::run_with_args(
                "INSERT INTO watertight.master_keys (version, name)
                 SELECT LEAST(pg_catalog.min(m.version), 0) OPERATOR(pg_catalog.-) 1, $1 FROM watertight.master_keys AS m
                     ON CONFLICT DO NOTHING",
                &[service.name.as_str().into()],
            )
        })
        .map_err(internal)
        .or_raise();
    }
    // Others have taken the next number each time.
    Err(Fault::new(Code::NotInPrerequisiteState, "the name of the service's key could not be written down")
        .hint("Try again."))
}

/// A version of the master key that we have, and its check value.
fn read(version: i32) -> Result<(Secret, String), Fault> {
    let key =
        provided::read(version, |bytes| Secret::copied(bytes)).flatten().ok_or_else(|| missing(version))?;
    let check = check_value(&key);
    Ok((key, check))
}

/// What a version that we have is recognised by.
pub fn check(version: i32) -> Option<String> {
    read(version).ok().map(|(_, check)| check)
}

/// A provider that gives another key under the same number is refused: what is wrapped by the one cannot be opened by the other.
fn is_known(tables: &Tables, version: i32, check: &str) -> Result<(), Fault> {
    match rows::master(tables, version).and_then(|row| row.check) {
        Some(known) if known != check => Err(another(version)),
        _ => Ok(()),
    }
}

/// A provider whose newest version is older than one that is in use has lost that one, or somebody has put an earlier file back. An old
/// version may be known to others by now: nothing is wrapped by it again.
fn is_newest(version: i32) -> Result<(), Fault> {
    let newer = role::as_extension_owner(|| {
        spi::all(
            "SELECT m.version, (SELECT pg_catalog.count(*) FROM watertight.tenant_keys AS k
                                 WHERE k.master_version OPERATOR(pg_catalog.=) m.version
                                   AND k.state OPERATOR(pg_catalog.=) 'active')
               FROM watertight.master_keys AS m
              WHERE m.version OPERATOR(pg_catalog.>) $1 AND m.check_value IS NOT NULL ORDER BY m.version DESC",
            &[version.into()],
            |row| Ok((row.get::<i32>(1)?, row.get::<i64>(2)?)),
        )
    });
    match newer.into_iter().find_map(|(newer, needed)| newer.zip(needed.filter(|needed| *needed > 0))) {
        Some((newer, needed)) => Err(inspect::missing(newer, needed)
            .detail("What the provider gives is older, and nothing is wrapped by an old version again.")
            .hint("Have the provider give that version again, or a new one under a higher number, and reload the configuration.")),
        None => Ok(()),
    }
}

/// A version that the provider gave is not the one that is known.
pub fn another(version: i32) -> Fault {
    let message = format!("version {version} of the master key is not the one that is known by this number");
    Fault::new(Code::NotInPrerequisiteState, message)
        .detail("Its check value is not the one in watertight.master_keys. The provider gave the wrong key, or the database comes from another installation.")
        .hint("Have the provider give the right key, a new one under a new number, and reload the configuration.")
}

/// Wraps a tenant's key; returns the version that wraps it, and the key as it is stored.
///
/// # Errors
/// 55000 without a master key, or where the service does not wrap.
pub fn wrap_tenant_key(
    tables: &Tables,
    id: KeyId,
    tenant: Uuid,
    key: &Secret,
) -> Result<(i32, Vec<u8>), Fault> {
    let version = current(tables)?;
    if let Some((service, command)) = present()?.wrapping() {
        let wrapped = wrapped_by(service, command, tenant, key)?;
        kept::keep(id, tenant, key);
        return Ok((version, wrapped.to_vec()));
    }
    let (master, _) = read(version)?;
    let what = rows::tenant_key(id, tenant, version);
    Ok((version, wrap(&master, &what, key, fresh::nonce()?)))
}

/// Unwraps a tenant's key.
///
/// # Errors
/// 55000 without the master key that wraps it, or where the service does not unwrap.
pub fn unwrap_tenant_key(tables: &Tables, row: &TenantKeyRow, wrapped: &[u8]) -> Result<Secret, Fault> {
    let provider = present()?;
    let known = rows::master(tables, row.master);
    if let Some(name) = known.and_then(|known| known.name) {
        let Some(service) = provider.service else {
            return Err(Fault::new(Code::NotInPrerequisiteState, "a key of the tenant is wrapped by a key management service")
                .hint("Set watertight.key_unwrap_command and reload the configuration. It is needed until no key names the service; see watertight.master_key_versions."));
        };
        return unwrap_by(tables, &service, &name, row, wrapped);
    }
    if provider.lines.is_none() {
        return Err(Fault::new(Code::NotInPrerequisiteState, "a key of the tenant is not wrapped by the key management service")
            .detail(format!("It is wrapped by version {}, which a file or a command provided.", row.master))
            .hint("Set watertight.master_key_file or watertight.master_key_command, beside the commands of the service, and reload the configuration. It is needed until no key names it; see watertight.master_key_versions."));
    }
    wait()?;
    let (master, check) = read(row.master)?;
    is_known(tables, row.master, &check)?;
    unwrap(&master, &row.described(), wrapped).map_err(|_| {
        Fault::new(Code::NotInPrerequisiteState, "a key of the tenant cannot be unwrapped")
            .detail("Its row in watertight.tenant_keys was changed, or is another one's.")
    })
}

/// What a service makes of a key. It is all that will be left of it, so the service has to show that it opens it again: what a command
/// prints may as well be the text of an error.
fn wrapped_by(
    service: &Service,
    wrap: &str,
    tenant: Uuid,
    key: &Secret,
) -> Result<zeroize::Zeroizing<Vec<u8>>, Fault> {
    let wrapped = command(wrap, &service.name, tenant, key.expose())?;
    if wrapped.is_empty() || wrapped.as_slice() == key.expose() {
        return Err(unusable(WRAP, "what it printed is not an encrypted key"));
    }
    let opened = command(&service.unwrap, &service.name, tenant, &wrapped)?;
    if opened.as_slice() != key.expose() {
        return Err(unusable(WRAP, "what it printed is not opened again by watertight.key_unwrap_command"));
    }
    provided::worked();
    Ok(wrapped)
}

/// A service is asked once for each key and start of the server, whoever needs it first.
fn unwrap_by(
    tables: &Tables,
    service: &Service,
    name: &str,
    row: &TenantKeyRow,
    wrapped: &[u8],
) -> Result<Secret, Fault> {
    if let Some(key) = kept::find(row.id) {
        return Ok(key);
    }
    let _turn = turns::wait(row.id.get());
    if let Some(key) = kept::find(row.id) {
        return Ok(key);
    }
    // Whoever destroys the key from here on waits until this is over, or is seen.
    let _asking = epoch::ask(row.tenant.as_bytes());
    if is_destroyed(tables, row) {
        return Err(shredded());
    }
    let bytes = command(&service.unwrap, name, row.tenant, wrapped)?;
    let key =
        Secret::copied(&bytes).ok_or_else(|| unusable(UNWRAP, "what it printed is not a key of 32 bytes"))?;
    if check_value(&key) != row.check {
        return Err(unusable(
            UNWRAP,
            "what it printed is not the tenant's key: its check value is another one",
        ));
    }
    provided::worked();
    kept::keep(row.id, row.tenant, &key);
    // Whoever has destroyed it meanwhile has perhaps come by before it was kept.
    if is_destroyed(tables, row) {
        kept::forget(row.id.get());
        return Err(shredded());
    }
    Ok(key)
}

fn is_destroyed(tables: &Tables, row: &TenantKeyRow) -> bool {
    rows::tenant_key_version(tables, row.tenant, row.version)
        .is_none_or(|now| now.id != row.id || now.wrapped.is_none())
}

fn command(
    command: &str,
    name: &str,
    tenant: Uuid,
    input: &[u8],
) -> Result<zeroize::Zeroizing<Vec<u8>>, Fault> {
    if !provider::is_plain(name) {
        return Err(broken(
            "the provider",
            "the name of its key could be taken for something else by a shell",
        ));
    }
    let text = substitute(command, name, &tenant.to_string());
    // The worker works for everybody: it does not wait again and again for somebody who does not answer.
    if process::is_worker() && process::now() < SILENT.get() {
        return Err(broken(SERVICE, "it has not answered in time a moment ago"));
    }
    let patience = i64::try_from(key_settings::command_timeout() * 1_000_000).unwrap_or(i64::MAX);
    let asked = process::now();
    provider::run(&text, input).map_err(|why| {
        let failed = process::now();
        if failed.saturating_sub(asked) >= patience {
            SILENT.set(failed.saturating_add(patience));
        }
        unusable(SERVICE, &why)
    })
}

/// The same, to be found in `key_provider()` until the service gives something of use.
fn unusable(who: &str, why: &str) -> Fault {
    provided::failed(Stage::Asking, &format!("{who}: {why}"));
    broken(who, why)
}

fn broken(who: &str, why: &str) -> Fault {
    Fault::new(Code::NotInPrerequisiteState, format!("{who} has given no usable key"))
        .detail(provider::sentence(why))
        .hint("Nothing was encrypted or decrypted. See watertight.key_wrap_command and watertight.key_unwrap_command.")
}

/// `%v`, `%t` and `%%`; another character after `%` stays as it is.
fn substitute(command: &str, name: &str, tenant: &str) -> String {
    let mut out = String::with_capacity(command.len() + 64);
    let mut rest = command.chars();
    while let Some(next) = rest.next() {
        if next != '%' {
            out.push(next);
            continue;
        }
        match rest.next() {
            Some('v') => out.push_str(name),
            Some('t') => out.push_str(tenant),
            Some('%') => out.push('%'),
            Some(other) => out.extend(['%', other]),
            None => out.push('%'),
        }
    }
    out
}
