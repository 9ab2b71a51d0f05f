//! The pool: clones of the template that wait for whoever logs in to a new ephemeral compartment.

use super::shift::Shift;
use crate::compartment::schemas;
use crate::pg::error::{OrRaise, internal, raise};
use crate::pg::id::from_pg;
use crate::pg::{ext, settings};
use crate::sys::{lookup, pending, scan, slots, user, workers};
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::ffi::CString;
use watertight_core::compartment::{Reason, schema_of};
use watertight_core::worker::{Ready, due};
use watertight_core::{Code, Fault};

fn boot() -> pgrx::Uuid {
    pgrx::Uuid::from_bytes(slots::boot_id())
}

/// Takes away what nobody wants, and makes what is missing.
pub fn fill(shift: &mut Shift) {
    let template = settings::compartment_template().filter(|_| settings::compartments());
    let Some(ready) = shift.task("list the pool", ready) else { return };
    let due = due(&ready, template.as_deref(), settings::compartment_pool());
    let mut count = ready.len() - due.unwanted.len();
    workers::change(shift.database, |worker| worker.ready = count as u32);
    for id in due.unwanted {
        if shift.is_over() {
            return;
        }
        shift.destroy(id, Reason::Unused);
    }
    let Some(template) = template else { return };
    for _ in 0..due.missing {
        if shift.is_over() || shift.task("fill the pool", || make(&template)).is_none() {
            return;
        }
        count += 1;
        workers::change(shift.database, |worker| worker.ready = count as u32);
    }
}

fn ready() -> Vec<Ready> {
    Spi::connect(|client| {
        let rows = client.select(
            "SELECT id, template::pg_catalog.text FROM watertight.all_compartments
              WHERE tenant_id IS NULL AND boot_id OPERATOR(pg_catalog.=) $1 ORDER BY created_at",
            None,
            &[boot().into()],
        )?;
        rows.map(|row| Ok((row.get::<pgrx::Uuid>(1)?, row.get::<String>(2)?)))
            .collect::<Result<Vec<_>, pgrx::spi::Error>>()
    })
    .map_err(internal)
    .or_raise()
    .into_iter()
    .filter_map(|(id, template)| Some(Ready { id: from_pg(id?), template: template.unwrap_or_default() }))
    .collect()
}

fn make(template: &str) {
    let name = CString::new(template).unwrap_or_default();
    let Some(schema) = lookup::schema(&name) else {
        raise(
            Fault::new(Code::UndefinedObject, format!("template schema \"{template}\" does not exist"))
                .hint("Set watertight.compartment_template to one that does."),
        )
    };
    // Whoever changes the template waits for this clone, or this for him: see `template_changed`.
    lookup::lock_schema(schema, pg_sys::ShareLock);
    let made = Spi::get_one_with_args::<pgrx::Uuid>(
        "INSERT INTO watertight.all_compartments (id, ephemeral, boot_id, template)
         VALUES (pg_catalog.gen_random_uuid(), true, $1, $2::pg_catalog.name) RETURNING id",
        &[boot().into(), template.into()],
    );
    let Some(id) = made.map_err(internal).or_raise() else { return };
    schemas::clone(schema, &schema_of(from_pg(id)), true);
}

/// For the event trigger on `ddl_command_end`.
#[pg_extern(sql = false)]
fn template_changed() {
    discard_changed("pg_event_trigger_ddl_commands");
}

/// For the event trigger on `sql_drop`.
#[pg_extern(sql = false)]
fn template_dropped() {
    discard_changed("pg_event_trigger_dropped_objects");
}

/// What was cloned from a schema in which a command has changed something is not what it should be. A command on things that are
/// in no schema (triggers, policies, privileges) may have changed any.
fn discard_changed(what: &str) {
    let in_use = settings::compartment_pool() > 0
        || workers::get(user::database()).is_some_and(|worker| worker.ready > 0);
    if !in_use {
        return;
    }
    let templates = templates();
    if templates.is_empty() {
        return;
    }
    let changed = Spi::connect(|client| {
        let query = format!("SELECT DISTINCT t.schema_name FROM pg_catalog.{what}() AS t");
        client.select(&query, None, &[])?.map(|row| row.get::<String>(1)).collect::<Result<Vec<_>, _>>()
    });
    let changed = changed.map_err(internal).or_raise();
    let is_changed = |template: &String| {
        changed.iter().any(|schema| schema.as_ref().is_none_or(|schema| schema == template))
    };
    templates.iter().filter(|template| is_changed(template)).for_each(|template| discard(template));
}

/// What ready clones were made of, or are being made of.
fn templates() -> Vec<String> {
    let Some(tables) = ext::tables() else { return Vec::new() };
    let mut templates: Vec<String> =
        settings::compartment_template().filter(|_| settings::compartment_pool() > 0).into_iter().collect();
    // Columns of watertight.all_compartments, as sql/compartments.sql declares them: tenant_id, template.
    scan::each(tables.compartments, None, |row| {
        if row.get::<pgrx::Uuid>(2).is_none()
            && let Some(template) = row.name(8).filter(|name| !name.is_empty())
        {
            templates.push(template);
        }
        true
    });
    templates.sort_unstable();
    templates.dedup();
    templates
}

fn discard(template: &str) {
    let name = CString::new(template).unwrap_or_default();
    if let Some(schema) = lookup::schema(&name) {
        lookup::lock_schema(schema, pg_sys::RowExclusiveLock);
    }
    crate::pg::role::as_extension_owner(|| {
        Spi::run_with_args(
            "UPDATE watertight.all_compartments SET template = ''
              WHERE tenant_id IS NULL AND template OPERATOR(pg_catalog.=) $1::pg_catalog.name",
            &[template.into()],
        )
    })
    .map_err(internal)
    .or_raise();
    pending::wake_at_end();
}
