//! Compartments that are made and destroyed again, beside a schema that is created with the same tables and dropped.

use super::house::{self, OWNER, TEMPLATE};
use super::meter::Watch;
use super::template::{TABLES, census, ddl};
use crate::data::{APP, Keys, Tenant};
use crate::plans::Checks;
use crate::request::Request;
use crate::server::{Backend, Server};
use crate::stats::{Dice, Series};
use crate::{Result, progress};

/// The database.
const DATABASE: &str = "lives";
const TENANTS: usize = 5;

/// How a set of tables comes and goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By DDL.
    Bare,
    /// By DDL, with unlogged tables: ephemeral compartments have such.
    Unlogged,
    /// As a persistent compartment.
    Persistent,
    /// As an ephemeral compartment.
    Ephemeral,
}

/// Who takes turns.
pub struct Life {
    /// Its name in the report.
    pub title: &'static str,
    /// How.
    pub way: Way,
    /// Whether its server has the library.
    pub loaded: bool,
}

impl Life {
    /// Whether it is a compartment.
    pub fn is_ours(&self) -> bool {
        matches!(self.way, Way::Persistent | Way::Ephemeral)
    }
}

/// The first two are the same, and what all others are compared with.
pub const LIVES: [Life; 6] = [
    Life { title: "DDL, library not loaded", way: Way::Bare, loaded: false },
    Life { title: "the same in another backend", way: Way::Bare, loaded: false },
    Life { title: "the same, unlogged tables", way: Way::Unlogged, loaded: false },
    Life { title: "the same, library loaded", way: Way::Bare, loaded: true },
    Life { title: "`create_compartment()`, `drop_compartment()`", way: Way::Persistent, loaded: true },
    Life { title: "`login(ephemeral => true)`, `logout()`", way: Way::Ephemeral, loaded: true },
];

/// The catalogs that grow.
pub const CATALOGS: &str = "pg_class, pg_attribute, pg_attrdef, pg_constraint, pg_depend, pg_description, pg_index, pg_namespace, \
     pg_sequence, pg_shdepend, pg_trigger, pg_type, pg_statistic, pg_init_privs";

/// A database in each server.
pub struct House {
    users: Vec<Tenant>,
}

impl House {
    /// Makes them.
    pub fn make(servers: [&Server; 2], keys: &Keys) -> Result<House> {
        progress(&format!("{DATABASE}: a template of {TABLES} tables"));
        Ok(House { users: furnish(servers, DATABASE, TENANTS, keys)? })
    }

    /// Whether all ways make the same, and leave nothing.
    pub fn check(&self, servers: [&Server; 2], checks: &mut Checks) -> Result<()> {
        let mut race = Lives::open(servers, self)?;
        let mut made = Vec::new();
        for (place, life) in LIVES.iter().enumerate() {
            let seen = race.look_at(place)?;
            checks.that(
                seen.starts_with(&format!("{TABLES} tables")),
                &format!("{}: makes tables", life.title),
                &seen,
            );
            let left = race.schemas(place)?;
            checks.that(
                left == TEMPLATE || left.is_empty(),
                &format!("{}: leaves nothing", life.title),
                &left,
            );
            made.push(seen);
        }
        checks.that(made.windows(2).all(|pair| pair[0] == pair[1]), "all make the same", &made.join("\n"));
        Ok(())
    }
}

/// Makes a database of this name in both servers, with a template where there is the library.
pub fn furnish(servers: [&Server; 2], database: &str, tenants: usize, keys: &Keys) -> Result<Vec<Tenant>> {
    let users = house::make(servers[0], database, tenants, keys)?;
    house::furnish(servers[0], database, TEMPLATE)?;
    let mut admin = servers[1].open("postgres", "postgres")?;
    admin.wire.run(&format!("create database {database}"))?;
    admin.wire.run(&format!("grant create on database {database} to {OWNER}"))?;
    Ok(users)
}

/// True when nothing remains of the compartment with this name.
pub fn gone(name: &str) -> String {
    format!("select not exists (select from watertight.all_compartments where name = '{name}')")
}

/// The race.
pub struct Lives<'a> {
    house: &'a House,
    backends: Vec<Backend>,
    /// With the library, and without.
    watches: [Watch; 2],
    born: usize,
}

impl<'a> Lives<'a> {
    /// New backends, in which everything has happened once.
    pub fn open([server, without]: [&Server; 2], house: &'a House) -> Result<Lives<'a>> {
        let open = |life: &Life| {
            let role = if life.is_ours() { APP } else { OWNER };
            (if life.loaded { server } else { without }).open(role, DATABASE)
        };
        let backends = LIVES.iter().map(open).collect::<Result<Vec<_>>>()?;
        let watches = [Watch::open(server, DATABASE)?, Watch::open(without, DATABASE)?];
        let mut race = Lives { house, backends, watches, born: 0 };
        race.watches[0].ask().run("set watertight.bypass = on")?;
        let mut unmeasured = [vec![Series::default(); LIVES.len()], vec![Series::default(); LIVES.len()]];
        let [made, destroyed] = &mut unmeasured;
        race.run(1, &mut Dice::new(0), made, destroyed)?;
        Ok(race)
    }

    /// Rounds, each in a new random order.
    pub fn run(
        &mut self,
        rounds: usize,
        dice: &mut Dice,
        made: &mut [Series],
        destroyed: &mut [Series],
    ) -> Result<()> {
        for _ in 0..rounds {
            for place in dice.order(LIVES.len()) {
                // Nobody searches catalogs that another one has bloated.
                self.watch(place).ask().run(&format!("vacuum {CATALOGS}"))?;
                if LIVES[place].loaded {
                    self.watch(place).until_idle()?;
                }
                let name = self.name();
                let (born, died) = (self.create(place, &name), self.destroy(place, &name));
                let (backend, watch) = (&mut self.backends[place], &mut self.watches[server_of(place)]);
                let meter = watch.start(backend)?;
                let answer = backend.wire.ask(&born)?;
                made[place].push(watch.stop(backend, &meter, None)?);
                let died = died.unwrap_or_else(|| Request::query(&house::logout(&token(&answer))));
                let gone = gone_of(place, &name);
                let meter = watch.start(backend)?;
                backend.wire.exchange(&died)?;
                destroyed[place].push(watch.stop(backend, &meter, Some(&gone))?);
            }
        }
        Ok(())
    }

    fn watch(&mut self, place: usize) -> &mut Watch {
        &mut self.watches[server_of(place)]
    }

    fn name(&mut self) -> String {
        self.born += 1;
        format!("life_{}", self.born)
    }

    fn user(&self) -> &Tenant {
        &self.house.users[self.born % TENANTS]
    }

    fn create(&self, place: usize, name: &str) -> Request {
        Request::query(&match LIVES[place].way {
            Way::Bare => ddl(name, APP, ""),
            Way::Unlogged => ddl(name, APP, "UNLOGGED"),
            Way::Persistent => house::create(self.user(), name, Some(TEMPLATE)),
            Way::Ephemeral => ephemeral(self.user(), name),
        })
    }

    /// None where it takes the session's token.
    fn destroy(&self, place: usize, name: &str) -> Option<Request> {
        match LIVES[place].way {
            Way::Bare | Way::Unlogged => Some(Request::query(&bare_end(name))),
            Way::Persistent => Some(Request::query(&house::drop(self.user(), name))),
            Way::Ephemeral => None,
        }
    }

    /// What there is in a life.
    fn look_at(&mut self, place: usize) -> Result<String> {
        let name = self.name();
        let (born, died) = (self.create(place, &name), self.destroy(place, &name));
        let answer = self.backends[place].wire.ask(&born)?;
        let (life, watch) = (&LIVES[place], self.watch(place).ask());
        let schema = match life.way {
            Way::Bare | Way::Unlogged => name.clone(),
            Way::Persistent | Way::Ephemeral => watch.value(&format!(
                "select watertight.compartment_schema(id) from watertight.all_compartments where name = '{name}'"
            ))?,
        };
        let seen = watch.value(&census(&schema))?;
        let died = died.unwrap_or_else(|| Request::query(&house::logout(&token(&answer))));
        self.backends[place].wire.exchange(&died)?;
        self.watch(place).until(&gone_of(place, &name))?;
        Ok(seen)
    }

    /// The schemas that are not PostgreSQL's nor the library's.
    fn schemas(&mut self, place: usize) -> Result<String> {
        self.watch(place).ask().value(
            "select coalesce(string_agg(nspname, ', '), '') from pg_namespace \
             where nspname !~ '^pg_' and nspname not in ('public', 'information_schema', 'watertight')",
        )
    }
}

/// Opens a session in a new compartment.
pub fn ephemeral(user: &Tenant, name: &str) -> String {
    house::login(user, name, &format!(", ephemeral => true, template => '{TEMPLATE}'"))
}

/// Drops what DDL has made.
pub fn bare_end(name: &str) -> String {
    format!("DROP SCHEMA {name} CASCADE")
}

/// What login() has answered.
pub fn token(answer: &[crate::wire::Row]) -> String {
    answer.iter().flatten().flatten().next().cloned().unwrap_or_default()
}

fn gone_of(place: usize, name: &str) -> String {
    match LIVES[place].way {
        Way::Bare | Way::Unlogged => {
            format!("select not exists (select from pg_namespace where nspname = '{name}')")
        }
        Way::Persistent | Way::Ephemeral => gone(name),
    }
}

fn server_of(place: usize) -> usize {
    usize::from(!LIVES[place].loaded)
}
