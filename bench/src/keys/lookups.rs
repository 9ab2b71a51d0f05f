//! Looking for a value by an index.

use super::house::{self, DATABASE, Kept};
use crate::Result;
use crate::data::{APP, Tenant};
use crate::plans::Checks;
use crate::request::{Param, Request};
use crate::server::{Backend, Lap, Server};
use crate::stats::{Dice, Race};

/// The first two are the same, and what the last is compared with.
pub const TABLES: [Kept; 3] = [
    Kept { table: "look_plain", kind: "text", title: "`text`" },
    Kept { table: "look_control", kind: "text", title: "the same in another table" },
    Kept { table: "look_sealed", kind: "watertight.searchable_text", title: "`searchable_text`" },
];
/// The place of what is sealed.
pub const SEALED: usize = 2;

/// How the value is said that is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A parameter of the column's own type.
    Own,
    /// A parameter of type `text`.
    Text,
    /// It stands in the statement, which is not prepared.
    Literal,
}

/// With their names in the report.
pub const WAYS: [(&str, Way); 3] = [
    ("parameter of the column's type", Way::Own),
    ("parameter of type `text`", Way::Text),
    ("literal, unprepared", Way::Literal),
];

const LAP: usize = 60;
const UNMEASURED: usize = 20;

impl Way {
    fn statement(self, table: &str, value: &str) -> String {
        let value = match self {
            Way::Own => "$1".to_owned(),
            Way::Text => "$1::text".to_owned(),
            Way::Literal => format!("'{value}'"),
        };
        format!("select id, amount from {table} where note = {value}")
    }

    fn request(self, table: &str, value: &str) -> Request {
        match self {
            Way::Own => Request::new().execute(table, &[Param::Written(value)]).sync(),
            Way::Text => Request::new().execute(table, &[Param::Text(value)]).sync(),
            Way::Literal => Request::query(&self.statement(table, value)),
        }
    }
}

/// Makes the tables.
pub fn make(admin: &mut Backend, tenants: &[Tenant], rows: usize) -> Result<()> {
    for kept in &TABLES {
        kept.make(admin, tenants, rows, true)?;
    }
    Ok(())
}

/// Whether all find the same, by the index.
pub fn check(
    server: &Server,
    tenants: &[Tenant],
    rows: usize,
    small: bool,
    checks: &mut Checks,
) -> Result<()> {
    let mut backend = server.open(APP, DATABASE)?;
    if small {
        backend.wire.run("set enable_seqscan = off")?;
    }
    for (n, tenant) in tenants.iter().enumerate().take(2) {
        backend.wire.run(&house::enter(tenant))?;
        let values = house::note_of(&mut backend, n, &[rows / 2])?;
        for (title, way) in WAYS {
            let mut answers = Vec::new();
            for kept in &TABLES {
                let value = values.first().map_or("", String::as_str);
                let at = format!("{}, {title}", kept.title);
                if way == Way::Literal {
                    answers.push(backend.wire.rows(&way.statement(kept.table, value))?);
                    let plan = explain(&mut backend, &way.statement(kept.table, value))?;
                    checks.that(by_index(&plan, kept.table), &format!("{at}: by the index"), &plan);
                    continue;
                }
                let prepare = format!("prepare looked as {}", way.statement(kept.table, ""));
                backend.wire.run(&prepare)?;
                answers.push(backend.wire.rows(&format!("execute looked('{value}')"))?);
                for mode in ["force_generic_plan", "force_custom_plan"] {
                    backend.wire.run(&format!("set plan_cache_mode = {mode}"))?;
                    let plan = explain(&mut backend, &format!("execute looked('{value}')"))?;
                    checks.that(by_index(&plan, kept.table), &format!("{at}, {mode}: by the index"), &plan);
                }
                backend.wire.run("reset plan_cache_mode; deallocate looked")?;
            }
            let same = answers.iter().all(|found| found.len() == 1 && *found == answers[0]);
            checks.that(same, &format!("{title}: all find the same row"), &format!("{answers:?}"));
        }
    }
    Ok(())
}

fn explain(backend: &mut Backend, statement: &str) -> Result<String> {
    let lines = backend.wire.rows(&format!("explain (costs off) {statement}"))?;
    Ok(lines.into_iter().flatten().flatten().collect::<Vec<_>>().join("\n"))
}

fn by_index(plan: &str, table: &str) -> bool {
    let condition = plan.lines().find(|line| line.contains("Index Cond")).unwrap_or_default();
    plan.contains(&format!("{table}_note"))
        && condition.contains("tenant_id = ")
        && condition.contains("note = ")
}

/// One way, all tables.
pub struct Lookups<'a> {
    backend: Backend,
    way: Way,
    tenants: &'a [Tenant],
    rows: usize,
    values: Vec<String>,
}

impl<'a> Lookups<'a> {
    /// A new backend that has the keys of all tenants, and its plans.
    pub fn open(
        server: &Server,
        tenants: &'a [Tenant],
        (rows, small): (usize, bool),
        way: Way,
    ) -> Result<Lookups<'a>> {
        let mut backend = server.open(APP, DATABASE)?;
        if small {
            backend.wire.run("set enable_seqscan = off")?;
        }
        if way != Way::Literal {
            for kept in &TABLES {
                backend
                    .wire
                    .exchange(&Request::new().prepare(kept.table, &way.statement(kept.table, "")).sync())?;
            }
        }
        let mut race = Lookups { backend, way, tenants, rows, values: Vec::new() };
        let mut dice = Dice::new(0);
        for tenant in 0..tenants.len() {
            race.draw(tenant, &mut dice)?;
            for place in 0..TABLES.len() {
                race.lap(place, &mut dice)?;
            }
        }
        Ok(race)
    }

    /// Values of a tenant, wherever its rows are: the same for all tables.
    fn draw(&mut self, tenant: usize, dice: &mut Dice) -> Result<()> {
        self.backend.wire.run(&house::enter(&self.tenants[tenant]))?;
        let rows: Vec<usize> = (0..LAP + UNMEASURED).map(|_| dice.below(self.rows) + 1).collect();
        self.values = house::note_of(&mut self.backend, tenant, &rows)?;
        Ok(())
    }
}

impl Race for Lookups<'_> {
    fn prepare(&mut self, dice: &mut Dice) -> Result<()> {
        self.draw(dice.below(self.tenants.len()), dice)
    }

    fn lap(&mut self, place: usize, _: &mut Dice) -> Result<Lap> {
        let table = TABLES[place].table;
        let requests: Vec<Request> = self.values.iter().map(|value| self.way.request(table, value)).collect();
        let (first, measured) = requests.split_at(UNMEASURED.min(requests.len()));
        self.backend.lap(first, first.len(), first.len())?;
        self.backend.lap(measured, measured.len(), measured.len())
    }
}
