//! What a sealed column costs where many rows come in at once.

use super::house::{self, DATABASE, Kept};
use crate::Result;
use crate::data::{APP, Tenant};
use crate::plans::Checks;
use crate::request::{Param, Request};
use crate::server::{Backend, Lap, Server};
use crate::stats::{Dice, Race};
use std::fmt::Write;

/// The first two are the same, and what the others are compared with.
pub const TABLES: [Kept; 6] = [
    Kept { table: "bulk_plain", kind: "text", title: "`text`" },
    Kept { table: "bulk_control", kind: "text", title: "the same in another table" },
    Kept { table: "bulk_long", kind: "text", title: "`text` as long as what `encrypted_text` stores" },
    Kept { table: "bulk_sealed", kind: "watertight.encrypted_text", title: "`encrypted_text`" },
    Kept { table: "bulk_longer", kind: "text", title: "`text` as long as what `searchable_text` stores" },
    Kept {
        table: "bulk_searchable",
        kind: "watertight.searchable_text",
        title: "`searchable_text`, no index",
    },
];
/// The place of what is as long as what is sealed.
pub const LONG: usize = 2;
/// The place of `encrypted_text`.
pub const SEALED: usize = 3;
/// The place of what is as long as what can be searched for.
pub const LONGER: usize = 4;
/// The place of `searchable_text`.
pub const SEARCHABLE: usize = 5;

/// Characters of a note.
const NOTE: usize = 32;
/// Bytes that are stored beside them: kind, key, nonce and tag; and a blind index.
const MORE: [usize; 2] = [37, 53];

/// How rows come in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// In one statement, from a table of plain text.
    Select,
    /// As lines of text, from the client.
    Copy,
}

/// With their names in the report.
pub const WAYS: [(&str, Way); 2] =
    [("`INSERT ... SELECT`", Way::Select), ("`COPY ... FROM STDIN`", Way::Copy)];

/// Characters of a table's notes.
fn length(place: usize) -> usize {
    match place {
        LONG => NOTE + MORE[0],
        LONGER => NOTE + MORE[1],
        _ => NOTE,
    }
}

fn source(place: usize) -> String {
    format!("bulk_source_{}", length(place))
}

/// Makes the tables, in which the first tenant works, and what comes into them: so many rows at once.
pub fn make(admin: &mut Backend, tenant: &Tenant, rows: usize, at_once: usize) -> Result<()> {
    for (place, kept) in TABLES.iter().enumerate() {
        kept.make(admin, std::slice::from_ref(tenant), rows, false)?;
        let (source, length) = (source(place), length(place));
        admin.wire.run(&format!(
            "create table if not exists {source} as select n, left(repeat(md5(n::text), 3), {length}) as note \
                 from generate_series(1::bigint, {at_once}) as n; \
             grant select on {source} to {APP}"
        ))?;
        admin.wire.run(&format!("vacuum (freeze, analyze) {source}"))?;
    }
    Ok(())
}

impl Way {
    /// PostgreSQL has no `COPY ... FROM` for roles that row security binds.
    fn open(self, server: &Server, tenant: &Tenant) -> Result<Backend> {
        let mut backend = server.open(if self == Way::Copy { "postgres" } else { APP }, DATABASE)?;
        if self == Way::Copy {
            backend.wire.run("set watertight.bypass = on")?;
        }
        backend.wire.run(&house::enter(tenant))?;
        Ok(backend)
    }

    fn statement(self, place: usize) -> String {
        let table = TABLES[place].table;
        match self {
            Way::Select => format!(
                "insert into {table} (id, created_at, amount, note) select $1 + n, '2026-01-01 12:00:00+00', 42, note from {}",
                source(place)
            ),
            Way::Copy => format!("copy {table} (tenant_id, id, created_at, amount, note) from stdin"),
        }
    }

    fn request(self, tenant: &Tenant, place: usize, first: i64, at_once: usize) -> Request {
        match self {
            Way::Select => Request::new().execute(TABLES[place].table, &[Param::Int8(first)]).sync(),
            Way::Copy => {
                let (mut lines, length) = (String::new(), length(place));
                for id in (first..).skip(1).take(at_once) {
                    // Into a String nothing fails.
                    let _ =
                        writeln!(lines, "{}\t{id}\t2026-01-01 12:00:00+00\t42\t{id:0length$x}", tenant.uuid);
                }
                Request::copy(&self.statement(place), &lines)
            }
        }
    }
}

/// Whether what was written comes back, and takes as much room as what it is compared with.
pub fn check(server: &Server, tenant: &Tenant, at_once: usize, checks: &mut Checks) -> Result<()> {
    for (title, way) in WAYS {
        let mut sizes = Vec::new();
        for (place, kept) in TABLES.iter().enumerate() {
            let mut backend = way.open(server, tenant)?;
            if way == Way::Select {
                backend.wire.exchange(&Request::new().prepare(kept.table, &way.statement(place)).sync())?;
            }
            backend.wire.run("begin")?;
            backend.wire.exchange(&way.request(tenant, place, 900_000_000, at_once))?;
            let of = |what: &str| format!("select {what} from {} where id >= 900000000", kept.table);
            let seen = backend.wire.value(&of("count(*) filter (where length(note::text) >= 32)"))?;
            checks.that(
                seen == at_once.to_string(),
                &format!("{title}, {}: what was written comes back", kept.title),
                &seen,
            );
            sizes.push(backend.wire.value(&of("sum(pg_column_size(note))"))?);
            backend.wire.run("rollback")?;
        }
        for (place, other) in [(LONG, SEALED), (LONGER, SEARCHABLE)] {
            checks.that(
                sizes[place] == sizes[other],
                &format!("{title}, {}: takes as much room as {}", TABLES[place].title, TABLES[other].title),
                &sizes[place],
            );
        }
    }
    Ok(())
}

/// One way, all tables.
pub struct Bulk<'a> {
    backend: Backend,
    tenant: &'a Tenant,
    way: Way,
    at_once: usize,
    first_id: i64,
    next_id: &'a mut i64,
}

impl<'a> Bulk<'a> {
    /// A new backend in which every statement has found its plan.
    pub fn open(
        server: &Server,
        tenant: &'a Tenant,
        way: Way,
        at_once: usize,
        next_id: &'a mut i64,
    ) -> Result<Bulk<'a>> {
        let mut backend = way.open(server, tenant)?;
        for (place, kept) in TABLES.iter().enumerate().filter(|_| way == Way::Select) {
            backend.wire.exchange(&Request::new().prepare(kept.table, &way.statement(place)).sync())?;
        }
        let mut race = Bulk { backend, tenant, way, at_once, first_id: 0, next_id };
        let mut dice = Dice::new(0);
        race.prepare(&mut dice)?;
        for place in 0..TABLES.len() {
            race.lap(place, &mut dice)?;
        }
        Ok(race)
    }
}

impl Race for Bulk<'_> {
    fn prepare(&mut self, _: &mut Dice) -> Result<()> {
        // The same ids for all.
        self.first_id = *self.next_id;
        *self.next_id += self.at_once as i64;
        Ok(())
    }

    fn lap(&mut self, place: usize, _: &mut Dice) -> Result<Lap> {
        let request = self.way.request(self.tenant, place, self.first_id, self.at_once);
        self.backend.wire.run("begin")?;
        let lap = self.backend.lap(&[request], self.at_once, 0);
        self.backend.wire.run("rollback")?;
        lap
    }
}
