//! Whether what the provider gave is what this database needs: the keeper has no database to look that up in.

use super::master;
use crate::pg::error::warn;
use crate::pg::spi;
use crate::sys::local::Local;
use crate::sys::provided::{self, State};
use watertight_core::{Code, Fault};

/// When the provider last gave something that was looked at.
static SEEN: Local<i64> = Local::new(0);

/// Whether the provider has given something since it was last looked at.
pub fn is_due() -> bool {
    let status = provided::status();
    status.state == State::Present && status.loaded_at != SEEN.get()
}

/// Warns of versions that are not those that are known here, and of those that are missing and needed.
pub fn look() {
    let loaded = provided::status().loaded_at;
    let known = spi::all(
        "SELECT m.version, m.check_value,
                (SELECT pg_catalog.count(*) FROM watertight.tenant_keys AS k
                  WHERE k.master_version OPERATOR(pg_catalog.=) m.version AND k.state OPERATOR(pg_catalog.=) 'active')
           FROM watertight.master_keys AS m WHERE m.check_value IS NOT NULL ORDER BY m.version",
        &[],
        |row| Ok((row.get::<i32>(1)?, row.get::<String>(2)?, row.get::<i64>(3)?)),
    );
    for (version, known, needed) in known {
        let (Some(version), Some(known), Some(needed)) = (version, known, needed) else { continue };
        match master::check(version) {
            Some(check) if check != known => warn(master::another(version)),
            None if needed > 0 => warn(missing(version, needed)),
            _ => {}
        }
    }
    SEEN.set(loaded);
}

/// A version is not there, and so many tenants' keys need it.
pub fn missing(version: i32, needed: i64) -> Fault {
    let message = format!("version {version} of the master key is missing and wraps tenants' keys");
    Fault::new(Code::NotInPrerequisiteState, message)
        .detail(format!("Without it {needed} of them in this database cannot be unwrapped."))
        .hint("Have the provider give that version again and reload the configuration. It is needed until no key names it; see watertight.master_key_versions.")
}
