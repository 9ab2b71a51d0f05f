//! The tenant that `backfill` names.

use crate::pg::error::{OrRaise, raise};
use crate::pg::{role, spi};
use pgrx::JsonB;
use watertight_core::protect::{Backfill, read};
use watertight_core::{Code, Fault};

// A name cannot look like a uuid; a number is a key only where no tenant has that name.
const TENANT: &str = "
    SELECT pg_catalog.jsonb_build_object('id', t.id, 'name', t.name, 'key', t.key)
    FROM watertight.tenants t
    WHERE $1 IN (t.name, t.id::text, t.key::text)
    ORDER BY t.name = $1 DESC, t.id::text = $1 DESC";

/// The tenant with this name, id or key.
///
/// # Errors
/// 42704 if there is none.
pub fn tenant(text: &str) -> Backfill {
    let found = role::as_extension_owner(|| spi::one::<JsonB>(TENANT, &[text.into()]));
    let Some(JsonB(json)) = found else {
        raise(
            Fault::new(Code::UndefinedObject, format!("tenant \"{text}\" does not exist"))
                .hint("backfill is the name, id or key of a tenant. See watertight.tenants."),
        )
    };
    read(json).or_raise()
}
