//! What it costs to say who a transaction belongs to.

use crate::Result;
use crate::contestant::{CONTESTANTS, Contestant, WATERTIGHT, Work};
use crate::data::{APP, Data, Tenant};
use crate::request::{Param, Request};
use crate::server::{Backend, Lap, Server};
use crate::stats::{Dice, Race};

/// How a transaction gets its context.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Not at all.
    Nothing,
    /// SET LOCAL of a setting nobody checks: a tenant id.
    SetId,
    /// The same with a text that is as long as a token.
    SetText,
    /// SET LOCAL watertight.token.
    SetToken,
    /// set_config() of a setting nobody checks, prepared: a tenant id.
    ConfigId,
    /// The same with a text that is as long as a token.
    ConfigText,
    /// watertight.begin(), prepared.
    Begin,
}

/// Prepares what [`Step::add`] and [`transaction`] execute.
pub fn prepare(backend: &mut Backend, loaded: bool) -> Result<()> {
    let mut request = Request::new()
        .prepare("begin", "begin")
        .prepare("commit", "commit")
        .prepare("nothing", "select 1")
        .prepare("config_id", "select set_config('app.tenant', $1, true)")
        .prepare("config_text", "select set_config('app.text', $1, true)");
    if loaded {
        request = request.prepare("use", "select watertight.tenant_id()");
        request = request.prepare("watertight_begin", "select watertight.begin($1)");
    }
    backend.wire.exchange(&request.sync()).map(drop)
}

impl Step {
    /// Adds the step to a transaction.
    pub fn add(self, request: Request, tenant: &Tenant) -> Request {
        let (id, token, text) = (&tenant.uuid, &tenant.token, &tenant.text);
        let set = |request: Request, name: &str, value: &str| {
            request.prepare("", &format!("set local {name} = '{value}'")).execute("", &[])
        };
        match self {
            Step::Nothing => request,
            Step::SetId => set(request, "app.tenant", id),
            Step::SetText => set(request, "app.text", text),
            Step::SetToken => set(request, "watertight.token", token),
            Step::ConfigId => request.execute("config_id", &[Param::Text(id)]),
            Step::ConfigText => request.execute("config_text", &[Param::Text(text)]),
            Step::Begin => request.execute("watertight_begin", &[Param::Text(token)]),
        }
    }

    /// How many rows the step returns.
    pub fn rows(self) -> usize {
        usize::from(matches!(self, Step::ConfigId | Step::ConfigText | Step::Begin))
    }
}

/// Adds a transaction: begin, the step, a statement, commit.
pub fn transaction(
    request: Request,
    step: Step,
    tenant: &Tenant,
    body: impl FnOnce(Request) -> Request,
) -> Request {
    body(step.add(request.execute("begin", &[]), tenant)).execute("commit", &[])
}

/// A way to set the context, in a server with the library or without.
pub struct Setup {
    /// Its name in the report.
    pub title: &'static str,
    /// What is added to the transaction.
    pub step: Step,
    /// Whether its server has the library.
    pub loaded: bool,
}

const fn setup(title: &'static str, step: Step, loaded: bool) -> Setup {
    Setup { title, step, loaded }
}

/// The set-up alone. What the plain settings cost is measured where nobody else has a say in it.
pub const SETUPS: [Setup; 9] = [
    setup("", Step::Nothing, true),
    setup("", Step::Nothing, false),
    setup("`SET LOCAL` of a plain setting, tenant id, library not loaded", Step::SetId, false),
    setup("`SET LOCAL` of a plain setting, tenant id", Step::SetId, true),
    setup("`SET LOCAL` of a plain setting, as long as a token, library not loaded", Step::SetText, false),
    setup("`SET LOCAL watertight.token`", Step::SetToken, true),
    setup("`set_config($1)` of a plain setting, tenant id, library not loaded", Step::ConfigId, false),
    setup(
        "`set_config($1)` of a plain setting, as long as a token, library not loaded",
        Step::ConfigText,
        false,
    ),
    setup("`watertight.begin($1)`", Step::Begin, true),
];

const PIPELINE: usize = 20;
const LAP: usize = 200;
const READS: usize = 100;

/// `BEGIN; step; SELECT 1; COMMIT`, twenty such transactions a network round.
pub struct Setups<'a> {
    data: &'a Data,
    loaded: Backend,
    without: Backend,
}

impl<'a> Setups<'a> {
    /// New backends, of which the one with the library has seen every token.
    pub fn open(servers: [&Server; 2], data: &'a Data) -> Result<Setups<'a>> {
        let [loaded, without] = servers.map(|server| server.open(APP, &data.database));
        let (mut loaded, mut without) = (loaded?, without?);
        prepare(&mut loaded, true)?;
        prepare(&mut without, false)?;
        warm(&mut loaded, &data.tenants)?;
        let mut race = Setups { data, loaded, without };
        for place in 0..SETUPS.len() {
            race.lap(place, &mut Dice::new(0))?;
        }
        Ok(race)
    }
}

/// Shows the backend every token once, with a first use.
pub fn warm(backend: &mut Backend, tenants: &[Tenant]) -> Result<()> {
    for tenant in tenants {
        let request = transaction(Request::new(), Step::Begin, tenant, |r| r.execute("use", &[]));
        backend.wire.exchange(&request.sync())?;
    }
    Ok(())
}

impl Race for Setups<'_> {
    fn lap(&mut self, contestant: usize, dice: &mut Dice) -> Result<Lap> {
        let Setup { step, loaded, .. } = SETUPS[contestant];
        // A few hundred different tokens at most: a backend remembers them all.
        let known = &self.data.tenants[..self.data.tenants.len().min(500)];
        let drawn: Vec<&Tenant> = (0..LAP).map(|_| &known[dice.below(known.len())]).collect();
        let all = |tenants: &[&Tenant]| {
            let add = |r, t: &&Tenant| transaction(r, step, t, |r| r.execute("nothing", &[]));
            tenants.iter().fold(Request::new(), add).sync()
        };
        let requests: Vec<Request> = drawn.chunks(PIPELINE).map(all).collect();
        let backend = if loaded { &mut self.loaded } else { &mut self.without };
        backend.lap(&requests, LAP, LAP * (1 + step.rows()))
    }
}

/// Whole transactions: who, how, and whether the context has a network round of its own.
pub const TRANSACTIONS: [(&str, usize, Step, bool); 7] = [
    ("hand-written `WHERE`, no context", 0, Step::Nothing, false),
    ("RLS, `current_setting()`, `SET LOCAL`", 3, Step::SetId, false),
    ("RLS, `current_setting()`, `set_config($1)`", 3, Step::ConfigId, false),
    ("RLS, `(SELECT current_setting())`, `set_config($1)`", 4, Step::ConfigId, false),
    ("Watertight, `SET LOCAL watertight.token`", WATERTIGHT, Step::SetToken, false),
    ("Watertight, `watertight.begin($1)`", WATERTIGHT, Step::Begin, false),
    ("Watertight, `watertight.begin($1)` in a network round of its own", WATERTIGHT, Step::Begin, true),
];

/// `BEGIN; step; point read; COMMIT` in one network round, of another tenant each time.
pub struct Transactions<'a> {
    data: &'a Data,
    backend: Backend,
}

impl<'a> Transactions<'a> {
    /// A new backend that has seen every token and has found its plans.
    pub fn open(server: &Server, data: &'a Data) -> Result<Transactions<'a>> {
        let mut backend = server.open(APP, &data.database)?;
        prepare(&mut backend, true)?;
        warm(&mut backend, &data.tenants)?;
        for contestant in CONTESTANTS.iter().filter(|c| c.loaded) {
            let prepare = Request::new().prepare(contestant.table, &contestant.sql(Work::Point));
            backend.wire.exchange(&prepare.sync())?;
        }
        let mut race = Transactions { data, backend };
        for place in 0..TRANSACTIONS.len() {
            race.lap(place, &mut Dice::new(0))?;
        }
        Ok(race)
    }
}

impl Race for Transactions<'_> {
    fn lap(&mut self, contestant: usize, dice: &mut Dice) -> Result<Lap> {
        let (_, place, step, alone) = TRANSACTIONS[contestant];
        let who: &Contestant = &CONTESTANTS[place];
        let (tenants, rows) = (&self.data.tenants, usize::try_from(self.data.rows)?);
        let mut requests = Vec::new();
        // Drawn for each lap: contestants that share a table must not warm it for each other.
        for _ in 0..READS {
            let (tenant, id) = (&tenants[dice.below(tenants.len())], dice.below(rows) as i64 + 1);
            let mut request = step.add(Request::new().execute("begin", &[]), tenant);
            if alone {
                requests.push(request.sync());
                request = Request::new();
            }
            request = who.execute(request, Work::Point, tenant, id);
            requests.push(request.execute("commit", &[]).sync());
        }
        self.backend.lap(&requests, READS, READS * (1 + step.rows()))
    }
}
