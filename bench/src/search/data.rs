//! The databases of the section: the same tables in each, one database a fence.

use super::topics::{FUNCTIONS, TOPICS, Topic};
use crate::data::{APP, Keys, Tenant, make_database};
use crate::options::Scale;
use crate::server::{Backend, Server};
use crate::{Result, progress};

/// Where the tenant is said by hand.
pub const BY_HAND: &str = "search";
/// The same, for the second backend that does so.
pub const BY_HAND_TOO: &str = "search_too";
/// Row security with `current_setting()`.
pub const PLAIN: &str = "search_plain";
/// Watertight.
pub const OURS: &str = "search_ours";

/// An ordinary role whose searches stay behind the predicate.
pub const BEHIND: &str = "bench_behind";

/// What most searches find. With a few more the planner would read the tenant's primary key as well, or not, as the
/// sample for the statistics happens to be.
const IN_GROUP: usize = 3;

/// What all the databases hold.
pub struct Data {
    /// All tenants.
    pub tenants: Vec<Tenant>,
    /// How many rows each has in a table, with the ids 1 ..= rows.
    pub rows: usize,
    /// Too few rows for the planner to like an index: there is no other, and a sequential scan is frowned upon.
    pub small: bool,
    /// Extensions that the server does not have.
    missing: Vec<&'static str>,
}

impl Data {
    /// Makes the databases of both servers.
    pub fn make([server, without]: [&Server; 2], scale: &Scale, small: bool, keys: &Keys) -> Result<Data> {
        progress(&format!("{BY_HAND}: {} tenants, {} rows each", scale.searchers, scale.search_rows));
        let mut admin = server.open("postgres", "postgres")?;
        let mut missing = missing(&mut admin)?;
        missing.extend(self::missing(&mut without.open("postgres", "postgres")?)?);
        let tenants = make_database(server, BY_HAND, "", scale.searchers, keys)?;
        let data = Data { tenants, rows: scale.search_rows, small, missing };
        data.fill(server)?;
        admin.wire.run(&format!(
            "create role {BEHIND} login in role {APP}; alter role {BEHIND} set watertight.search_indexes = off"
        ))?;
        // Files are copied: the same rows, and the same indexes, at the same places. Everybody who is compared has a copy:
        // rows that another one has just read would be found in the processor's cache.
        for database in [BY_HAND_TOO, PLAIN, OURS] {
            admin.wire.run(&format!("create database {database} template {BY_HAND} strategy file_copy"))?;
            if database == BY_HAND_TOO {
                continue;
            }
            let mut admin = server.open("postgres", database)?;
            for topic in data.topics() {
                fence(&mut admin, database, topic.table)?;
            }
        }
        progress("the same without the library");
        without.open("postgres", "postgres")?.wire.run(&format!("create database {BY_HAND}"))?;
        data.fill(without)?;
        Ok(data)
    }

    /// The table, and the extension it would need if it is not there.
    pub fn missing(&self, table: &str) -> Option<&'static str> {
        let extension = TOPICS.iter().find(|topic| topic.table == table)?.extension?;
        self.missing.contains(&extension).then_some(extension)
    }

    /// How many rows a tenant has in the table.
    pub fn rows_of(&self, table: &str) -> usize {
        let topic = TOPICS.iter().find(|topic| topic.table == table);
        self.rows / topic.map_or(1, |topic| topic.one_row_in)
    }

    fn topics(&self) -> impl Iterator<Item = &'static Topic> {
        TOPICS.iter().filter(|topic| self.missing(topic.table).is_none())
    }

    fn fill(&self, server: &Server) -> Result<()> {
        let mut admin = server.open("postgres", BY_HAND)?;
        admin.wire.run(FUNCTIONS)?;
        admin.wire.run("set maintenance_work_mem = '512MB'")?;
        for topic in self.topics() {
            self.table(&mut admin, topic)?;
        }
        admin.wire.run("checkpoint")
    }

    fn table(&self, admin: &mut Backend, topic: &Topic) -> Result<()> {
        let (table, rows) = (topic.table, self.rows_of(topic.table));
        if let Some(extension) = topic.extension {
            admin.wire.run(&format!("create extension if not exists {extension}"))?;
        }
        let ids = self.tenants.iter().enumerate().map(|(n, t)| format!("({n}, '{}'::uuid)", t.uuid));
        let ids = ids.collect::<Vec<_>>().join(", ");
        let (groups, tenants) = ((self.rows / IN_GROUP).to_string(), self.tenants.len().to_string());
        let values = topic.values.replace("{group}", "((r.n + t.n * 37) % {groups})");
        let values = values.replace("{groups}", &groups).replace("{tenants}", &tenants);
        admin.wire.run(&format!(
            "create table {table} (tenant_id uuid not null, id bigint not null, {});
             insert into {table} select t.id, r.n, {values}
                 from generate_series(1::bigint, {rows}) as r (n), (values {ids}) as t (n, id) order by r.n, t.n",
            topic.columns
        ))?;
        if !self.small {
            admin.wire.run(&format!("alter table {table} add primary key (tenant_id, id)"))?;
        }
        for (name, definition) in topic.indexes {
            let using = if definition.starts_with('(') { "btree " } else { "" };
            admin.wire.run(&format!("create index {name} on {table} using {using}{definition}"))?;
        }
        admin.wire.run(&format!("vacuum (freeze, analyze) {table}"))?;
        admin.wire.run(&format!("grant select on {table} to {APP}"))
    }
}

/// The extensions that this server cannot have.
fn missing(admin: &mut Backend) -> Result<Vec<&'static str>> {
    let available = admin.wire.rows("select name from pg_available_extensions")?;
    let available: Vec<String> = available.into_iter().flatten().flatten().collect();
    let needed = TOPICS.iter().filter_map(|topic| topic.extension);
    Ok(needed.filter(|name| !available.iter().any(|one| one == name)).collect())
}

/// Puts up the fence that the database's name says.
fn fence(admin: &mut Backend, database: &str, table: &str) -> Result<()> {
    if database == OURS {
        // Where there is no primary key, it makes an index for the tenant, which the others do not have.
        return admin.wire.run(&format!(
            "select watertight.protect('{table}'); drop index if exists {table}_tenant_id_idx"
        ));
    }
    admin.wire.run(&format!(
        "create policy fence on {table} using (tenant_id = current_setting('app.tenant')::uuid);
         alter table {table} enable row level security, force row level security"
    ))
}
