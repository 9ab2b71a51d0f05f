//! Everything that was measured.

use crate::contestant::{CONTESTANTS, CONTROL};
use crate::context::{SETUPS, TRANSACTIONS};
use crate::data::Keys;
use crate::search::Outcome;
use crate::server::Lap;
use crate::statements::WORKLOADS;
use crate::stats::Series;
use crate::{cold, tenants};

/// One list of series for each race, in the order of its contestants.
pub struct Results {
    /// In the order of the workloads.
    pub statements: Vec<Vec<Series>>,
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
}

impl Results {
    /// Nothing yet.
    pub fn new(tenants: [usize; 3], keys: &Keys) -> Results {
        Results {
            statements: vec![rows_of(CONTESTANTS.len()); WORKLOADS.len()],
            setups: rows_of(SETUPS.len()),
            transactions: rows_of(TRANSACTIONS.len()),
            cold: vec![rows_of(cold::TURNS); keys.all().len()],
            algorithms: keys.all().iter().map(|key| key.algorithm().name()).collect(),
            sizes: rows_of(tenants::MODES.len() * tenants.len()),
            tenants,
            search: Vec::new(),
        }
    }

    /// The hand-written `WHERE` of a workload, in both of its tables.
    pub fn by_hand(&self, workload: usize) -> [&Series; 2] {
        let series = &self.statements[workload];
        [&series[0], &series[CONTROL]]
    }

    /// Every lap, for whoever wants to look closer: race, contestant, round and nanoseconds an operation.
    pub fn laps(&self) -> String {
        let statements = WORKLOADS.iter().map(|w| w.title.to_owned()).zip(&self.statements);
        let cold = self.algorithms.iter().map(|a| format!("cold {a}")).zip(&self.cold);
        let others =
            [("context", &self.setups), ("transactions", &self.transactions), ("tenants", &self.sizes)];
        let others = others.into_iter().map(|(title, series)| (title.to_owned(), series));
        let searches = self.search.iter().map(|o| (format!("search {}", o.family.title), &o.series));
        let mut text = "race;contestant;round;wall;busy;server\n".to_owned();
        for (race, contestants) in statements.chain(cold).chain(others).chain(searches) {
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

fn rows_of(contestants: usize) -> Vec<Series> {
    vec![Series::default(); contestants]
}
