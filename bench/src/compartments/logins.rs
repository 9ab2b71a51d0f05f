//! Logging in, and the first things that one does then.

use super::house::{self, TEMPLATE};
use super::lives::token;
use super::meter::Watch;
use super::template::FIRST;
use crate::context::prepare;
use crate::data::{APP, Keys, Tenant};
use crate::plans::Checks;
use crate::request::{Param, Request};
use crate::server::{Backend, Server};
use crate::stats::{Dice, Series};
use crate::{Failure, Result, progress};

const DATABASE: &str = "logins";
const TENANTS: usize = 20;
/// Clones that wait.
pub const POOL: usize = 10;
/// A template of which none waits.
const UNPOOLED: &str = "unpooled";
/// A shared table.
const SHARED: &str = "shared";

/// What is timed, one after the other.
pub const STEPS: [&str; 3] = ["`login()`", "first transaction", "second transaction"];
const LOGIN: usize = 0;

/// Where one logs in to.
pub struct Login {
    /// Its name in the report.
    pub title: &'static str,
    /// Its role.
    role: &'static str,
    /// Further arguments of login().
    arguments: &'static str,
    /// What is read first.
    table: &'static str,
    /// A schema with this name was cloned.
    template: Option<&'static str>,
}

/// All of them.
pub const LOGINS: [Login; 4] = [
    Login { title: "Global", role: APP, arguments: "", table: SHARED, template: None },
    Login {
        title: "new ephemeral compartment, row form",
        role: house::BARE,
        arguments: ", ephemeral => true",
        table: SHARED,
        template: None,
    },
    Login {
        title: "new ephemeral compartment, schema form, from the pool",
        role: APP,
        arguments: ", ephemeral => true, template => 'workspace'",
        table: FIRST,
        template: Some(TEMPLATE),
    },
    Login {
        title: "new ephemeral compartment, schema form, no clone ready",
        role: APP,
        arguments: ", ephemeral => true, template => 'unpooled'",
        table: FIRST,
        template: Some(UNPOOLED),
    },
];
const GLOBAL: usize = 0;
/// The place of the pool among them.
pub const POOLED: usize = 2;

const FULL: &str = "select (count(*) filter (where tenant_id is null), count(*)) = ({pool}, {pool}) \
     from watertight.all_compartments where ephemeral";

/// A database with a pool.
pub struct Hall {
    users: Vec<Tenant>,
}

impl Hall {
    /// Makes it, and waits for the pool.
    pub fn make(server: &Server, keys: &Keys) -> Result<Hall> {
        progress(&format!("{DATABASE}: a pool of {POOL} clones"));
        let users = house::make(server, DATABASE, TENANTS, keys)?;
        for template in [TEMPLATE, UNPOOLED] {
            house::furnish(server, DATABASE, template)?;
        }
        let mut admin = server.open("postgres", DATABASE)?;
        admin.wire.run(&format!(
            "create table {SHARED} (tenant_id uuid not null, compartment_id uuid not null, id bigint not null, \
                 name text, primary key (tenant_id, compartment_id, id));
             select watertight.protect('{SHARED}', compartment_column => 'compartment_id');
             grant select on {SHARED} to {APP}"
        ))?;
        admin
            .wire
            .run(&format!("alter database {DATABASE} set watertight.compartment_template = {TEMPLATE}"))?;
        admin.wire.run(&format!("alter system set watertight.compartment_pool = {POOL}"))?;
        admin.wire.run("select pg_reload_conf()")?;
        Watch::open(server, DATABASE)?.until(&full())?;
        Ok(Hall { users })
    }

    /// Whether each leads where it should.
    pub fn check(&self, server: &Server, checks: &mut Checks) -> Result<()> {
        let mut race = Logins::open(server, self)?;
        for (place, login) in LOGINS.iter().enumerate() {
            let token = race.log_in(place, &self.users[0], None)?;
            race.open.push(token.clone());
            let id = race.backends[place].wire.rows(&format!(
                "begin; select from watertight.begin('{token}'); select watertight.compartment_id(); commit"
            ))?;
            let id = id.into_iter().flatten().flatten().next_back().unwrap_or_default();
            let stored = race.watch.ask().rows(&format!(
                "select template, created_at > now() - interval '1 minute' from watertight.all_compartments where id = '{id}' and tenant_id is not null"
            ))?;
            let template = stored.first().and_then(|row| row[0].as_deref());
            let is_there = stored.len() == usize::from(place != GLOBAL);
            checks.that(
                is_there && template == login.template,
                &format!("login: {}", login.title),
                &format!("{id} {stored:?}"),
            );
        }
        race.tidy()
    }
}

fn full() -> String {
    FULL.replace("{pool}", &POOL.to_string())
}

/// The race.
pub struct Logins<'a> {
    hall: &'a Hall,
    backends: Vec<Backend>,
    watch: Watch,
    /// Tokens of open sessions.
    open: Vec<String>,
}

impl<'a> Logins<'a> {
    /// New backends that have seen the users' tokens.
    pub fn open(server: &Server, hall: &'a Hall) -> Result<Logins<'a>> {
        let mut backends = Vec::new();
        for login in &LOGINS {
            let mut backend = server.open(login.role, DATABASE)?;
            prepare(&mut backend, true)?;
            let call = format!("select watertight.login($1, 'global'{})", login.arguments);
            backend.wire.exchange(&Request::new().prepare("login", &call).sync())?;
            for user in &hall.users {
                backend
                    .wire
                    .run(&format!("set watertight.token = '{}'; reset watertight.token", user.token))?;
            }
            backends.push(backend);
        }
        let watch = Watch::open(server, DATABASE)?;
        let mut race = Logins { hall, backends, watch, open: Vec::new() };
        let mut unmeasured = vec![vec![Series::default(); LOGINS.len()]; STEPS.len()];
        race.run(2, &mut Dice::new(0), &mut unmeasured)?;
        Ok(race)
    }

    /// Rounds, each in a new random order and with a full pool.
    pub fn run(&mut self, rounds: usize, dice: &mut Dice, series: &mut [Vec<Series>]) -> Result<()> {
        for _ in 0..rounds {
            self.tidy()?;
            for place in dice.order(LOGINS.len()) {
                let users = &self.hall.users;
                let user = &users[dice.below(users.len())];
                let token = self.log_in(place, user, Some(&mut series[LOGIN][place]))?;
                let request = first(&token, LOGINS[place].table);
                for series in &mut series[LOGIN + 1..] {
                    series[place].push(self.backends[place].lap(std::slice::from_ref(&request), 1, 1)?);
                }
                self.open.push(token);
            }
        }
        self.tidy()
    }

    fn log_in(&mut self, place: usize, user: &Tenant, series: Option<&mut Series>) -> Result<String> {
        let backend = &mut self.backends[place];
        let request = Request::new().execute("login", &[Param::Text(&user.token)]).sync();
        let meter = self.watch.start(backend)?;
        let answer = backend.wire.ask(&request)?;
        let lap = self.watch.stop(backend, &meter, None)?;
        if let Some(series) = series {
            series.push(lap);
        }
        Some(token(&answer))
            .filter(|token| !token.is_empty())
            .ok_or_else(|| Failure("login: no token".into()))
    }

    /// Ends the sessions, and waits until nothing remains and the pool is full.
    fn tidy(&mut self) -> Result<()> {
        for token in std::mem::take(&mut self.open) {
            self.backends[0].wire.run(&house::logout(&token))?;
        }
        self.watch.until(&full())?;
        self.watch.until_idle()
    }
}

/// `BEGIN; begin(); a point read; COMMIT` in one network round.
fn first(token: &str, table: &str) -> Request {
    let request = Request::new().execute("begin", &[]).execute("watertight_begin", &[Param::Text(token)]);
    let read = format!("select name from {table} where id = $1");
    let request = request.prepare("", &read).execute("", &[Param::Written("7")]);
    request.execute("commit", &[]).sync()
}
