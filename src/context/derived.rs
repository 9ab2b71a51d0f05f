//! The read-only settings: `SHOW watertight.tenant`. They never raise: without a valid context they are empty.

use super::verdict::{Identity, identity};
use crate::sys::setting::{derived_setting, reserve_prefix};
use uuid::Uuid;

fn shown(value: impl FnOnce(Identity) -> Option<String>) -> String {
    if !crate::sys::xact::in_transaction() {
        return String::new();
    }
    identity().ok().and_then(value).unwrap_or_default()
}

fn tenant_id() -> String {
    shown(|who| who.tenant.map(|tenant| Uuid::from_bytes(tenant.id).to_string()))
}

fn tenant() -> String {
    shown(|who| who.tenant.map(|tenant| tenant.name.to_string()))
}

fn tenant_key() -> String {
    shown(|who| who.tenant.and_then(|tenant| tenant.key).map(|key| key.to_string()))
}

fn compartment_id() -> String {
    shown(|who| who.compartment.map(|compartment| Uuid::from_bytes(compartment.id).to_string()))
}

fn compartment() -> String {
    shown(|who| who.compartment.map(|compartment| compartment.name.to_string()))
}

fn user_id() -> String {
    shown(|who| who.user)
}

fn email() -> String {
    shown(|who| who.email)
}

fn role() -> String {
    shown(|who| who.role)
}

fn session_id() -> String {
    shown(|who| who.session.map(|id| id.to_string()))
}

fn issuer() -> String {
    shown(|who| who.issuer)
}

fn expires_at() -> String {
    shown(|who| who.expires_at.map(|at| at.to_string()))
}

/// Defines them and closes the prefix to look-alikes.
pub fn define() {
    derived_setting!(c"watertight.tenant_id", c"The id of the tenant in force.", tenant_id);
    derived_setting!(c"watertight.tenant", c"The name of the tenant in force.", tenant);
    derived_setting!(c"watertight.tenant_key", c"The integer key of the tenant in force.", tenant_key);
    derived_setting!(
        c"watertight.compartment_id",
        c"The id of the compartment in force; the nil uuid is Global.",
        compartment_id
    );
    derived_setting!(c"watertight.compartment", c"The name of the compartment in force.", compartment);
    derived_setting!(c"watertight.user_id", c"The user of the token in force.", user_id);
    derived_setting!(c"watertight.email", c"The verified e-mail address of the token in force.", email);
    derived_setting!(c"watertight.role", c"The role claim of the token in force.", role);
    derived_setting!(c"watertight.session_id", c"The session of the token in force.", session_id);
    derived_setting!(c"watertight.issuer", c"The issuer of the token in force.", issuer);
    derived_setting!(
        c"watertight.expires_at",
        c"When the token in force expires, in seconds since the Unix epoch.",
        expires_at
    );
    reserve_prefix(c"watertight");
}
