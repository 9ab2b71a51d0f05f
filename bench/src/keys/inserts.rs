//! What a sealed column costs an insert.

use super::house::{self, DATABASE, Kept};
use crate::Result;
use crate::data::{APP, Tenant};
use crate::plans::Checks;
use crate::request::{Param, Request};
use crate::server::{Backend, Lap, Server};
use crate::stats::{Dice, Race};

/// The first two are the same, and what the others are compared with.
pub const TABLES: [Kept; 5] = [
    Kept { table: "ins_plain", kind: "text", title: "`text`" },
    Kept { table: "ins_control", kind: "text", title: "the same in another table" },
    Kept { table: "ins_sealed", kind: "watertight.encrypted_text", title: "`encrypted_text`" },
    Kept {
        table: "ins_cast",
        kind: "watertight.encrypted_text",
        title: "`encrypted_text`, from a parameter of type `text`",
    },
    Kept {
        table: "ins_searchable",
        kind: "watertight.searchable_text",
        title: "`searchable_text`, no index",
    },
];
/// The place of what is cast.
const CAST: usize = 3;

/// How rows come in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// One, and a commit.
    Alone,
    /// One of many in a transaction.
    Inside,
    /// Many in one statement, from a table of plain text.
    Many,
}

/// With their names in the report.
pub const WAYS: [(&str, Way); 3] = [
    ("insert", Way::Alone),
    ("insert, inside a transaction", Way::Inside),
    ("200 rows from another table, inside a transaction", Way::Many),
];

const LAP: usize = 60;
const UNMEASURED: usize = 20;
const AT_ONCE: usize = 200;
const STATEMENTS: usize = 4;

impl Way {
    /// Whether there is a bar for it.
    pub fn is_promised(self) -> bool {
        self != Way::Many
    }

    fn statement(self, place: usize) -> String {
        let (table, parameter) = (TABLES[place].table, if place == CAST { "$2::text" } else { "$2" });
        match self {
            Way::Many => format!(
                "insert into {table} (id, created_at, amount, note) select $1 + n, now(), 42, note from ins_source"
            ),
            _ => format!(
                "insert into {table} (id, created_at, amount, note) values ($1, now(), 42, {parameter})"
            ),
        }
    }
}

/// Makes the tables; the first tenant works in them.
pub fn make(admin: &mut Backend, tenant: &Tenant, rows: usize) -> Result<()> {
    for kept in &TABLES {
        kept.make(admin, std::slice::from_ref(tenant), rows, false)?;
    }
    admin.wire.run(&format!(
        "create table ins_source as select n, md5(n::text) as note from generate_series(1::bigint, {AT_ONCE}) as n; \
         grant select on ins_source to {APP}"
    ))?;
    admin.wire.run("vacuum (freeze, analyze) ins_source")
}

/// Whether what was inserted comes back.
pub fn check(server: &Server, tenant: &Tenant, checks: &mut Checks) -> Result<()> {
    let mut backend = server.open(APP, DATABASE)?;
    backend.wire.run(&house::enter(tenant))?;
    for (place, kept) in TABLES.iter().enumerate() {
        for (title, way) in WAYS {
            backend.wire.exchange(&Request::new().prepare("", &way.statement(place)).sync())?;
            backend.wire.run("begin")?;
            let prepare = Request::new().prepare("checked", &way.statement(place));
            backend.wire.exchange(&way.add(prepare, "checked", place, 900_000_000, "a note").sync())?;
            let notes = format!(
                "select string_agg(note::text, ',' order by id) from {} where id >= 900000000",
                kept.table
            );
            let seen = backend.wire.value(&notes)?;
            let right = if way == Way::Many { seen.split(',').count() == AT_ONCE } else { seen == "a note" };
            checks.that(right, &format!("{}, {title}: what was inserted comes back", kept.title), &seen);
            backend.wire.run("rollback; deallocate checked")?;
        }
    }
    Ok(())
}

impl Way {
    fn add(self, request: Request, name: &str, place: usize, id: i64, note: &str) -> Request {
        match self {
            Way::Many => request.execute(name, &[Param::Int8(id)]),
            _ if place == CAST => request.execute(name, &[Param::Int8(id), Param::Text(note)]),
            _ => request.execute(name, &[Param::Int8(id), Param::Written(note)]),
        }
    }
}

/// One way, all tables.
pub struct Inserts<'a> {
    backend: Backend,
    way: Way,
    first_id: i64,
    next_id: &'a mut i64,
}

impl<'a> Inserts<'a> {
    /// A new backend in which every statement has found its plan.
    pub fn open(server: &Server, tenant: &Tenant, way: Way, next_id: &'a mut i64) -> Result<Inserts<'a>> {
        let mut backend = server.open(APP, DATABASE)?;
        backend.wire.run(&house::enter(tenant))?;
        for (place, kept) in TABLES.iter().enumerate() {
            backend.wire.exchange(&Request::new().prepare(kept.table, &way.statement(place)).sync())?;
        }
        let mut race = Inserts { backend, way, first_id: 0, next_id };
        let mut dice = Dice::new(0);
        race.prepare(&mut dice)?;
        for place in 0..TABLES.len() {
            race.lap(place, &mut dice)?;
        }
        Ok(race)
    }
}

impl Race for Inserts<'_> {
    fn prepare(&mut self, _: &mut Dice) -> Result<()> {
        // The same ids for all.
        self.first_id = *self.next_id;
        *self.next_id += (AT_ONCE * STATEMENTS * 2 + LAP + UNMEASURED) as i64;
        Ok(())
    }

    fn lap(&mut self, place: usize, _: &mut Dice) -> Result<Lap> {
        let (way, table) = (self.way, TABLES[place].table);
        let (unmeasured, measured, step) = match way {
            Way::Many => (1, STATEMENTS, AT_ONCE),
            _ => (UNMEASURED, LAP, 1),
        };
        let one = |n: usize| {
            let id = self.first_id + (n * step) as i64;
            way.add(Request::new(), table, place, id, &format!("{id:032x}")).sync()
        };
        let requests: Vec<Request> = (0..unmeasured + measured).map(one).collect();
        let (first, rest) = requests.split_at(unmeasured);
        if way != Way::Alone {
            self.backend.wire.run("begin")?;
        }
        self.backend.lap(first, unmeasured, 0)?;
        let lap = self.backend.lap(rest, measured * step, 0);
        if way != Way::Alone {
            self.backend.wire.run("rollback")?;
        }
        lap
    }
}
