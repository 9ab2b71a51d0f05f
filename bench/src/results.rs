//! Everything that was measured.

use crate::contestant::{CONTESTANTS, CONTROL, Contestant};
use crate::context::{SETUPS, TRANSACTIONS};
use crate::data::Keys;
use crate::search::Outcome;
use crate::server::Lap;
use crate::statements::{WORKLOADS, Workload};
use crate::stats::{Series, Spread, busy};
use crate::{cold, compartments, keys, tenants};

/// Workloads of statements, with all that took part in them.
pub struct Raced {
    /// The workloads.
    pub workloads: Vec<&'static Workload>,
    /// Who takes part.
    pub contestants: &'static [Contestant],
    /// In the order of the workloads, then of the contestants.
    pub series: Vec<Vec<Series>>,
}

impl Raced {
    /// Nothing yet.
    pub fn new(
        workloads: impl Iterator<Item = &'static Workload>,
        contestants: &'static [Contestant],
    ) -> Raced {
        let workloads: Vec<_> = workloads.collect();
        Raced { series: vec![rows_of(contestants.len()); workloads.len()], workloads, contestants }
    }

    /// The hand-written `WHERE` of a workload, in both of its tables.
    pub fn by_hand(&self, workload: usize) -> [&Series; 2] {
        [&self.series[workload][0], &self.series[workload][CONTROL]]
    }

    /// All of them, with names.
    pub fn races(&self, before: &str) -> impl Iterator<Item = (String, &Vec<Series>)> {
        let titles = self.workloads.iter().map(move |workload| format!("{before}{}", workload.title));
        titles.zip(&self.series)
    }

    /// The first workload in one hand-written table beside the other.
    pub fn control(&self) -> Spread {
        let series = &self.series[0];
        series[CONTROL].speed(&series[0], busy)
    }

    /// What is promised to be as fast.
    pub fn ours(&self, workload: usize) -> &Series {
        let place = self.contestants.iter().position(|c| c.alike && c.names.is_empty());
        &self.series[workload][place.unwrap_or_default()]
    }
}

/// One list of series for each race, in the order of its contestants.
pub struct Results {
    /// In sessions that have their context.
    pub statements: Raced,
    /// The context alone.
    pub setups: Vec<Series>,
    /// Whole transactions.
    pub transactions: Vec<Series>,
    /// In the order of the algorithms.
    pub cold: Vec<Vec<Series>>,
    /// The algorithms.
    pub algorithms: Vec<&'static str>,
    /// By mode, then by the number of tenants.
    pub sizes: Vec<Series>,
    /// The numbers of tenants.
    pub tenants: [usize; 3],
    /// In the order of the families.
    pub search: Vec<Outcome>,
    /// What only compartments do.
    pub compartments: compartments::Results,
    /// Sealed values.
    pub keys: keys::Results,
}

impl Results {
    /// Nothing yet.
    pub fn new(tenants: [usize; 3], keys: &Keys) -> Results {
        Results {
            statements: Raced::new(WORKLOADS.iter(), &CONTESTANTS),
            setups: rows_of(SETUPS.len()),
            transactions: rows_of(TRANSACTIONS.len()),
            cold: vec![rows_of(cold::TURNS); keys.all().len()],
            algorithms: keys.all().iter().map(|key| key.algorithm().name()).collect(),
            sizes: rows_of(tenants::MODES.len() * tenants.len()),
            tenants,
            search: Vec::new(),
            compartments: compartments::Results::new(),
            keys: keys::Results::new(),
        }
    }

    /// Every lap, for whoever wants to look closer: race, contestant, round and nanoseconds an operation.
    pub fn laps(&self) -> String {
        let statements = self.statements.races("");
        let cold = self.algorithms.iter().map(|a| format!("cold {a}")).zip(&self.cold);
        let others =
            [("context", &self.setups), ("transactions", &self.transactions), ("tenants", &self.sizes)];
        let others = others.into_iter().map(|(title, series)| (title.to_owned(), series));
        let searches = self.search.iter().map(|o| (format!("search {}", o.family.title), &o.series));
        let others = others.chain(searches).chain(self.compartments.races()).chain(self.keys.races());
        let mut text = "race;contestant;round;wall;busy;server\n".to_owned();
        for (race, contestants) in statements.chain(cold).chain(others) {
            for (place, series) in contestants.iter().enumerate() {
                for (round, lap) in series.laps().iter().enumerate() {
                    let Lap { wall, busy, server } = lap;
                    text += &format!("{race};{place};{round};{wall:.0};{busy:.0};{server:.0}\n");
                }
            }
        }
        text
    }
}

/// No laps yet.
pub fn rows_of(contestants: usize) -> Vec<Series> {
    vec![Series::default(); contestants]
}
