//! Statements in a session that has its context: what row security itself costs.

use crate::contestant::{Contestant, Work};
use crate::data::{Data, Tenant};
use crate::request::Request;
use crate::results::Raced;
use crate::server::{Backend, Lap, Server};
use crate::stats::{Dice, Race, run};
use crate::{Failure, Result};

/// How a statement reaches the server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Prepared, one in a network round, each a transaction of its own.
    Prepared,
    /// The same inside a transaction: without begin and commit, which cost all contestants the same.
    Inside,
    /// Prepared, fifty in a network round: next to nothing but the server's own work.
    Pipelined,
    /// As text with all values in it: parsed, rewritten and planned each time.
    Unprepared,
    /// Prepared, while index scans are off.
    Scan,
}

/// What is repeated.
pub struct Workload {
    /// Its name in the report.
    pub title: &'static str,
    /// The statement.
    pub work: Work,
    /// How it is sent.
    pub way: Way,
    /// How often in a lap. Short laps: what else the machine does then meets all contestants.
    pub operations: usize,
    /// How many of the configured rounds it takes part in: all, or one in so many.
    pub one_round_in: usize,
}

const fn workload(title: &'static str, work: Work, way: Way, operations: usize) -> Workload {
    Workload { title, work, way, operations, one_round_in: if matches!(way, Way::Scan) { 12 } else { 1 } }
}

/// All workloads, in the order of the report.
pub const WORKLOADS: [Workload; 12] = [
    workload("point read", Work::Point, Way::Prepared, 100),
    workload("newest 20", Work::Newest, Way::Prepared, 80),
    workload("insert", Work::Insert, Way::Prepared, 60),
    workload("update", Work::Update, Way::Prepared, 60),
    workload("insert, inside a transaction", Work::Insert, Way::Inside, 60),
    workload("update, inside a transaction", Work::Update, Way::Inside, 60),
    workload("tenant aggregate", Work::Aggregate, Way::Prepared, 8),
    workload("forced sequential scan", Work::Aggregate, Way::Scan, 1),
    workload("point read, 50 a network round", Work::Point, Way::Pipelined, 250),
    workload("newest 20, 50 a network round", Work::Newest, Way::Pipelined, 200),
    workload("point read, unprepared", Work::Point, Way::Unprepared, 60),
    workload("newest 20, unprepared", Work::Newest, Way::Unprepared, 60),
];

const PIPELINE: usize = 50;
/// A plan is kept from the sixth execution on.
const WARM_UP: usize = 12;
/// A lap reads or updates so many different rows.
const ROWS: usize = 20;
/// A lap begins with so many requests that are not measured, because the one before has filled the processor's cache
/// with another contestant's rows.
const UNMEASURED: usize = ROWS;
const SCAN_ONLY: &str =
    "set enable_indexscan = off; set enable_indexonlyscan = off; set enable_bitmapscan = off;";

impl Workload {
    /// Whether there is a bar for it.
    pub fn is_promised(&self) -> bool {
        let once = matches!(self.way, Way::Prepared | Way::Inside) && self.work != Work::Aggregate;
        once || self.way == Way::Scan
    }
}

/// One workload, all contestants.
pub struct Statements<'a> {
    workload: &'a Workload,
    contestants: &'static [Contestant],
    data: &'a Data,
    /// One for each role in each server.
    backends: Vec<Seat>,
    /// Inserted rows get ids that were never there.
    next_id: &'a mut i64,
    tenant: &'a Tenant,
    ids: Vec<i64>,
}

/// Another sitting of all workloads.
pub fn sit(
    raced: &mut Raced,
    data: &Data,
    servers: [&Server; 2],
    rounds: usize,
    (next_id, dice): (&mut i64, &mut Dice),
    at: &dyn Fn(&str),
) -> Result<()> {
    for (workload, series) in raced.workloads.iter().zip(&mut raced.series) {
        at(workload.title);
        let mut race = Statements::open(workload, raced.contestants, data, servers, next_id, dice)?;
        run(&mut race, rounds.div_ceil(workload.one_round_in), dice, series)?;
    }
    Ok(())
}

struct Seat {
    loaded: bool,
    role: &'static str,
    backend: Backend,
}

impl<'a> Statements<'a> {
    /// New backends in which every statement has found its plan.
    pub fn open(
        workload: &'a Workload,
        contestants: &'static [Contestant],
        data: &'a Data,
        servers: [&Server; 2],
        next_id: &'a mut i64,
        dice: &mut Dice,
    ) -> Result<Statements<'a>> {
        let tenant = data.tenants.first().ok_or_else(|| Failure("no tenants".into()))?;
        let (backends, ids) = (Vec::new(), Vec::new());
        let mut race = Statements { workload, contestants, data, backends, next_id, tenant, ids };
        for Contestant { loaded, role, .. } in contestants {
            if race.backends.iter().any(|seat| seat.loaded == *loaded && seat.role == *role) {
                continue;
            }
            let mut backend = servers[usize::from(!loaded)].open(role, &data.database)?;
            if workload.way == Way::Scan {
                backend.wire.run(SCAN_ONLY)?;
            }
            race.backends.push(Seat { loaded: *loaded, role, backend });
        }
        let order = dice.order(contestants.len());
        for contestant in order.iter().map(|place| &contestants[*place]) {
            let prepare = Request::new().prepare(contestant.table, &contestant.sql(workload.work)).sync();
            race.backend(contestant)?.wire.exchange(&prepare)?;
        }
        race.draw(dice, WARM_UP)?;
        for place in order {
            race.lap(place, dice)?;
        }
        Ok(race)
    }

    fn backend(&mut self, who: &Contestant) -> Result<&mut Backend> {
        let mut seats = self.backends.iter_mut();
        let seat = seats.find(|seat| seat.loaded == who.loaded && seat.role == who.role);
        seat.map(|seat| &mut seat.backend).ok_or_else(|| Failure(format!("no backend: {}", who.title)))
    }

    /// A tenant and the ids of its rows for all contestants.
    fn draw(&mut self, dice: &mut Dice, operations: usize) -> Result<()> {
        self.tenant = &self.data.tenants[dice.below(self.data.tenants.len())];
        let enter = format!(
            "set app.tenant = '{}'; set watertight.token = '{}'",
            self.tenant.uuid, self.tenant.token
        );
        for seat in self.backends.iter_mut().filter(|seat| seat.loaded) {
            seat.backend.wire.run(&enter)?;
        }
        let rows = usize::try_from(self.data.rows)?;
        self.ids = if self.workload.work == Work::Insert {
            *self.next_id += operations as i64;
            (*self.next_id - operations as i64..*self.next_id).collect()
        } else {
            // Few rows, again and again: then they are in the processor's cache, and what is left is the work.
            let few = dice.order(rows).into_iter().take(ROWS).collect::<Vec<_>>();
            few.iter().cycle().take(operations).map(|id| *id as i64 + 1).collect()
        };
        Ok(())
    }

    fn requests(&self, contestant: &Contestant) -> Vec<Request> {
        let work = self.workload.work;
        let one = |ids: &[i64]| {
            if self.workload.way == Way::Unprepared {
                return Request::query(&contestant.unprepared(work, self.tenant, ids[0]));
            }
            let all = ids.iter().fold(Request::new(), |r, id| contestant.execute(r, work, self.tenant, *id));
            all.sync()
        };
        self.ids.chunks(self.pipeline()).map(one).collect()
    }

    /// Operations a request.
    fn pipeline(&self) -> usize {
        if self.workload.way == Way::Pipelined { PIPELINE } else { 1 }
    }

    /// Requests at the beginning of a lap that are not measured.
    fn unmeasured(&self) -> usize {
        match self.workload.way {
            Way::Scan => 0,
            _ if self.workload.work == Work::Aggregate => 1,
            Way::Pipelined => 1,
            _ => UNMEASURED,
        }
    }

    fn rows_each(&self) -> usize {
        match self.workload.work {
            Work::Point | Work::Aggregate => 1,
            Work::Newest => 20,
            Work::Insert | Work::Update => 0,
        }
    }
}

impl Race for Statements<'_> {
    fn prepare(&mut self, dice: &mut Dice) -> Result<()> {
        self.draw(dice, self.workload.operations + self.unmeasured() * self.pipeline())
    }

    fn lap(&mut self, contestant: usize, _: &mut Dice) -> Result<Lap> {
        let contestant = &self.contestants[contestant];
        let requests = self.requests(contestant);
        let (first, measured) = requests.split_at(self.unmeasured().min(requests.len()));
        let (unmeasured, rows) =
            ((self.unmeasured() * self.pipeline()).min(self.ids.len()), self.rows_each());
        let operations = self.ids.len() - unmeasured;
        let inside = self.workload.way == Way::Inside;
        let backend = self.backend(contestant)?;
        if inside {
            backend.wire.run("begin")?;
        }
        backend.lap(first, unmeasured, rows * unmeasured)?;
        let lap = backend.lap(measured, operations, rows * operations);
        if inside {
            backend.wire.run("rollback")?;
        }
        lap
    }
}
