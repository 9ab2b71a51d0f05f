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
}

/// With their names in the report.
pub const WAYS: [(&str, Way); 2] = [("insert", Way::Alone), ("insert, inside a transaction", Way::Inside)];

const LAP: usize = 60;
const UNMEASURED: usize = 20;

fn statement(place: usize) -> String {
    let (table, parameter) = (TABLES[place].table, if place == CAST { "$2::text" } else { "$2" });
    format!("insert into {table} (id, created_at, amount, note) values ($1, now(), 42, {parameter})")
}

/// Makes the tables; the first tenant works in them.
pub fn make(admin: &mut Backend, tenant: &Tenant, rows: usize) -> Result<()> {
    for kept in &TABLES {
        kept.make(admin, std::slice::from_ref(tenant), rows, false)?;
    }
    Ok(())
}

/// Whether what was inserted comes back.
pub fn check(server: &Server, tenant: &Tenant, checks: &mut Checks) -> Result<()> {
    let mut backend = server.open(APP, DATABASE)?;
    backend.wire.run(&house::enter(tenant))?;
    for (place, kept) in TABLES.iter().enumerate() {
        backend.wire.run("begin")?;
        let prepare = Request::new().prepare("checked", &statement(place));
        backend.wire.exchange(&add(prepare, "checked", place, 900_000_000, "a note").sync())?;
        let notes = format!("select note::text from {} where id = 900000000", kept.table);
        let seen = backend.wire.value(&notes)?;
        checks.that(seen == "a note", &format!("{}: what was inserted comes back", kept.title), &seen);
        backend.wire.run("rollback; deallocate checked")?;
    }
    Ok(())
}

fn add(request: Request, name: &str, place: usize, id: i64, note: &str) -> Request {
    let note = if place == CAST { Param::Text(note) } else { Param::Written(note) };
    request.execute(name, &[Param::Int8(id), note])
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
            backend.wire.exchange(&Request::new().prepare(kept.table, &statement(place)).sync())?;
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
        *self.next_id += (LAP + UNMEASURED) as i64;
        Ok(())
    }

    fn lap(&mut self, place: usize, _: &mut Dice) -> Result<Lap> {
        let one = |n: usize| {
            let id = self.first_id + n as i64;
            add(Request::new(), TABLES[place].table, place, id, &format!("{id:032x}")).sync()
        };
        let requests: Vec<Request> = (0..UNMEASURED + LAP).map(one).collect();
        let (first, rest) = requests.split_at(UNMEASURED);
        if self.way == Way::Inside {
            self.backend.wire.run("begin")?;
        }
        self.backend.lap(first, UNMEASURED, 0)?;
        let lap = self.backend.lap(rest, LAP, 0);
        if self.way == Way::Inside {
            self.backend.wire.run("rollback")?;
        }
        lap
    }
}
