//! The database of the section, and the tables of which one has a sealed column and the others have not.

use crate::Result;
use crate::data::{APP, Keys, Tenant, make_database};
use crate::server::{Backend, Server};
use crate::stats::Dice;

/// Its name.
pub const DATABASE: &str = "keys";

/// A table, and the type of its one column that is interesting.
pub struct Kept {
    /// Its name.
    pub table: &'static str,
    /// The type of `note`.
    pub kind: &'static str,
    /// Its name in the report.
    pub title: &'static str,
}

impl Kept {
    /// Makes it, with the same rows of each tenant in the same order, and has Watertight protect it.
    pub fn make(&self, admin: &mut Backend, tenants: &[Tenant], rows: usize, indexed: bool) -> Result<()> {
        let Kept { table, kind, .. } = self;
        admin.wire.run(&format!(
            "create table {table} (tenant_id uuid not null, id bigint not null, created_at timestamptz not null, \
                 amount bigint not null, note {kind} not null) with (fillfactor = 90)"
        ))?;
        for (n, tenant) in tenants.iter().enumerate() {
            admin.wire.run(&enter(tenant))?;
            admin.wire.run(&format!(
                "insert into {table} select '{}', n, timestamptz '2025-01-01' + n * interval '1 second', n * 7919 % 10000, {}::{kind} \
                 from generate_series(1::bigint, {rows}) as n",
                tenant.uuid,
                note(n)
            ))?;
        }
        admin.wire.run("reset watertight.token")?;
        admin.wire.run(&format!("alter table {table} add primary key (tenant_id, id)"))?;
        if indexed {
            admin.wire.run(&format!("create index {table}_note on {table} (tenant_id, note)"))?;
        }
        admin.wire.run(&format!(
            "select watertight.protect('{table}'); grant select, insert on {table} to {APP}"
        ))?;
        admin.wire.run(&format!("vacuum (freeze, analyze) {table}"))
    }
}

/// What row `n` of a tenant says, in SQL.
fn note(tenant: usize) -> String {
    format!("md5({tenant} || '-' || n)")
}

/// What this row of this tenant says.
pub fn note_of(backend: &mut Backend, tenant: usize, rows: &[usize]) -> Result<Vec<String>> {
    let rows = rows.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let found = backend.wire.rows(&format!("select {} from unnest(array[{rows}]) as n", note(tenant)))?;
    Ok(found.into_iter().flatten().flatten().collect())
}

/// Says whose the session is.
pub fn enter(tenant: &Tenant) -> String {
    format!("set watertight.token = '{}'", tenant.token)
}

/// Makes the database.
pub fn make(server: &Server, tenants: usize, keys: &Keys) -> Result<Vec<Tenant>> {
    make_database(server, DATABASE, "", tenants, keys)
}

/// Writes the tables anew, in the same order of rows, as elsewhere.
pub fn move_tables(server: &Server, kept: &[&Kept], dice: &mut Dice) -> Result<()> {
    let mut admin = server.open("postgres", DATABASE)?;
    for place in dice.order(kept.len()) {
        admin.wire.run(&format!("vacuum (full, freeze) {}", kept[place].table))?;
        admin.wire.run(&format!("vacuum (freeze, analyze) {}", kept[place].table))?;
    }
    admin.wire.run("checkpoint")
}
