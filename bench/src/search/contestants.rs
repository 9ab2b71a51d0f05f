//! Who is compared: the same search of the same rows, behind different fences.

use super::data::{BEHIND, BY_HAND, BY_HAND_TOO, Data, OURS, PLAIN};
use super::families::{Family, Plan};
use crate::Result;
use crate::data::{APP, Tenant};
use crate::request::{Param, Request};
use crate::server::{Backend, Server};
use crate::wire::Row;

/// One way of keeping tenants apart.
pub struct Contestant {
    /// Its name in the report.
    pub title: &'static str,
    /// Its database.
    pub database: &'static str,
    /// Whether its server has the library.
    pub loaded: bool,
    /// Its role.
    pub role: &'static str,
    /// Whether it has to search by the index.
    pub by_index: bool,
}

impl Contestant {
    /// Whether its statements name the tenant.
    pub fn by_hand(&self) -> bool {
        [BY_HAND, BY_HAND_TOO].contains(&self.database)
    }
}

/// The first two are the same, and what all others are compared with.
pub const CONTESTANTS: [Contestant; 6] = [
    Contestant { title: "hand-written `WHERE`", database: BY_HAND, loaded: true, role: APP, by_index: true },
    Contestant {
        title: "the same in another backend",
        database: BY_HAND_TOO,
        loaded: true,
        role: APP,
        by_index: true,
    },
    Contestant {
        title: "the same, library not loaded",
        database: BY_HAND,
        loaded: false,
        role: APP,
        by_index: true,
    },
    Contestant {
        title: "RLS, `current_setting()`",
        database: PLAIN,
        loaded: true,
        role: APP,
        by_index: false,
    },
    Contestant {
        title: "Watertight, `search_indexes = off`",
        database: OURS,
        loaded: true,
        role: BEHIND,
        by_index: false,
    },
    Contestant { title: "Watertight", database: OURS, loaded: true, role: APP, by_index: true },
];

/// The place of the control among them.
pub const CONTROL: usize = 1;
/// The place of Watertight among them.
pub const WATERTIGHT: usize = 5;

/// The prepared search.
const NAME: &str = "search";

/// A contestant's backend for one search. It is its own, because a plan depends on what is set.
pub struct Searcher {
    /// The backend.
    pub backend: Backend,
    /// Whose it is.
    pub who: &'static Contestant,
    family: &'static Family,
}

impl Searcher {
    /// A new backend, with the search prepared.
    pub fn open(
        who: &'static Contestant,
        family: &'static Family,
        [server, without]: [&Server; 2],
        data: &Data,
    ) -> Result<Searcher> {
        let mut backend = (if who.loaded { server } else { without }).open(who.role, who.database)?;
        if family.plan == Plan::EachTime {
            backend.wire.run("set plan_cache_mode = force_custom_plan")?;
        }
        if data.small {
            backend.wire.run("set enable_seqscan = off")?;
        }
        if family.table == "image" {
            // Its library has to be there to know them. An index that finds the nearest of all tenants has to go on
            // until enough of them are the tenant's.
            backend.wire.run(
                "select '[1]'::vector; set hnsw.iterative_scan = strict_order; set hnsw.ef_search = 200",
            )?;
        }
        backend.wire.exchange(&Request::new().prepare(NAME, &family.statement(who.by_hand())).sync())?;
        Ok(Searcher { backend, who, family })
    }

    /// Says whose rows the session may see.
    pub fn enter(&mut self, tenant: &Tenant) -> Result<()> {
        let set = match self.who.database {
            PLAIN => format!("set app.tenant = '{}'", tenant.uuid),
            OURS => format!("set watertight.token = '{}'", tenant.token),
            _ => return Ok(()),
        };
        self.backend.wire.run(&set)
    }

    /// A search, with what a row of the tenant gave for its arguments.
    pub fn request(&self, tenant: &Tenant, arguments: &Row) -> Request {
        let mut params = Vec::with_capacity(3);
        if self.who.by_hand() {
            params.push(Param::Uuid(tenant.id));
        }
        params.extend(arguments.iter().map(|text| Param::Written(text.as_deref().unwrap_or_default())));
        Request::new().execute(NAME, &params).sync()
    }

    /// What it finds, in order of its text.
    pub fn found(&mut self, tenant: &Tenant, arguments: &Row) -> Result<Vec<Row>> {
        let mut rows = self.backend.wire.rows(&self.call(tenant, arguments))?;
        rows.sort();
        Ok(rows)
    }

    /// The plan it has now, explained with these options.
    pub fn plan(&mut self, tenant: &Tenant, arguments: &Row, options: &str) -> Result<String> {
        let explain = format!("explain ({options}) {}", self.call(tenant, arguments));
        let lines = self.backend.wire.rows(&explain)?;
        Ok(lines.into_iter().flatten().flatten().collect::<Vec<_>>().join("\n"))
    }

    /// Whether the last plan was the one for all arguments.
    pub fn keeps_plan(&mut self) -> Result<bool> {
        let count = format!("select generic_plans > 0 from pg_prepared_statements where name = '{NAME}'");
        Ok(self.backend.wire.value(&count)? == "t")
    }

    /// Whether the plan searches by the index of the family.
    pub fn by_index(&self, plan: &str) -> bool {
        let [index, condition] = self.family.index;
        let mut lines = plan.lines().skip_while(|line| !names(line, index)).skip(1);
        lines.by_ref().take_while(|line| !line.contains("->  ")).any(|line| {
            (line.contains("Index Cond: ") || line.contains("Order By: ")) && line.contains(condition)
        })
    }

    fn call(&self, tenant: &Tenant, arguments: &Row) -> String {
        let tenant = self.who.by_hand().then_some(tenant.uuid.as_str());
        let texts = tenant.into_iter().chain(arguments.iter().map(|a| a.as_deref().unwrap_or_default()));
        let texts: Vec<String> = texts.map(|text| format!("'{}'", text.replace('\'', "''"))).collect();
        format!("execute {NAME}({})", texts.join(", "))
    }
}

/// Whether the line of a plan is a scan of the index.
fn names(line: &str, index: &str) -> bool {
    line.split(' ').any(|word| word == index) && line.contains("Scan")
}
