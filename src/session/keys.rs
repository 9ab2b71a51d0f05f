//! The keys that session tokens are signed with.

use crate::pg::error::{OrRaise, internal, raise};
use crate::pg::ext;
use crate::sys::scan;
use crate::sys::{random, xact};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use watertight_core::session::Key;
use watertight_core::{Code, Fault};

/// How old the key that signs may become.
const ROTATE_AFTER: i64 = 30 * 86_400 * 1_000_000;

/// The key that signs now: the newest.
pub fn current() -> Key {
    newest().map_or_else(
        || {
            raise(
                Fault::new(Code::NotInPrerequisiteState, "there is no key to sign session tokens with")
                    .hint("An administrator makes one with watertight.rotate_session_keys()."),
            )
        },
        |(key, _)| key,
    )
}

fn newest() -> Option<(Key, i64)> {
    let tables = ext::tables()?;
    let mut newest: Option<(Key, i64)> = None;
    scan::each(tables.session_keys, None, |row| {
        let made = row.get::<TimestampWithTimeZone>(3).map_or(i64::MIN, i64::from);
        if newest.as_ref().is_none_or(|(_, at)| *at < made)
            && let (Some(kid), Some(secret)) = (row.get(1), row.get(2))
        {
            newest = Some((Key { kid, secret }, made));
        }
        true
    });
    newest
}

/// Signs with a new key from now on. Keys that no session can have been signed with any more are forgotten.
///
/// Runs as the extension's owner; EXECUTE is granted to `watertight_admin` only.
#[pg_extern(sql = false)]
fn rotate_session_keys() {
    let mut secret = [0u8; 32];
    let mut kid = [0u8; 8];
    if !random::fill(&mut secret) || !random::fill(&mut kid) {
        raise(Fault::new(Code::NotInPrerequisiteState, "the system has no random numbers"));
    }
    let kid: String = kid.iter().map(|byte| format!("{byte:02x}")).collect();
    Spi::run_with_args(
        "INSERT INTO watertight.session_keys (kid, secret, created_at)
         VALUES ($1, $2, GREATEST(pg_catalog.clock_timestamp(),
             (SELECT pg_catalog.max(created_at) + interval '1 microsecond' FROM watertight.session_keys)))",
        &[kid.as_str().into(), secret.as_slice().into()],
    )
    .and_then(|()| {
        // All but those younger than the newest expiry, and the one that signed before them.
        Spi::run(
            "DELETE FROM watertight.session_keys AS k
              WHERE EXISTS (SELECT FROM watertight.session_keys AS n WHERE n.created_at > k.created_at
                              AND n.created_at < (SELECT COALESCE(pg_catalog.min(s.started_at), pg_catalog.now())
                                                    FROM watertight.open_sessions AS s))",
        )
    })
    .map_err(internal)
    .or_raise();
}

/// The worker's part: a new key when the one that signs has become old.
pub fn rotate_if_due() {
    let due = newest().is_none_or(|(_, made)| xact::statement_start().saturating_sub(made) > ROTATE_AFTER);
    if due {
        rotate_session_keys();
    }
}
