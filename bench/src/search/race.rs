//! One search: first whether all find the same, and by which plans; then how long they take.

use super::contestants::{CONTESTANTS, Searcher, WATERTIGHT};
use super::data::{Data, PLAIN};
use super::families::Family;
use crate::data::Tenant;
use crate::plans::Checks;
use crate::request::Request;
use crate::server::{Backend, Lap, Server};
use crate::stats::{Dice, Race};
use crate::wire::Row;
use crate::{Failure, Result};

/// A plan is kept from the sixth execution on.
const WARM_UP: usize = 8;
/// A lap makes so many different searches, again and again.
const SEARCHES: usize = 10;
/// And not more of them than this, all together.
const MOST: usize = 40;
/// A lap ends about then: what takes long is not repeated as often.
const LAP_NANOS: f64 = 8e6;

/// What is compared before anything is measured: searches of so many tenants,
const TENANTS: usize = 3;
/// and so many of each.
const CHECKED: usize = 4;

/// How a contestant searches.
#[derive(Clone, Copy, Default)]
pub struct How {
    /// By the index of the family.
    pub by_index: bool,
    /// By one plan for all arguments.
    pub kept: bool,
}

/// All contestants of one search.
pub struct Search<'a> {
    family: &'static Family,
    data: &'a Data,
    /// Draws the arguments.
    admin: Backend,
    searchers: Vec<Searcher>,
    /// How many searches each makes in a lap.
    operations: Vec<usize>,
    tenant: &'a Tenant,
    arguments: Vec<Row>,
    /// How many rows each of the arguments finds.
    rows: Vec<usize>,
}

impl<'a> Search<'a> {
    /// New backends in which the search has found its plan.
    pub fn open(
        family: &'static Family,
        servers: [&Server; 2],
        data: &'a Data,
        dice: &mut Dice,
    ) -> Result<Search<'a>> {
        let tenant = data.tenants.first().ok_or_else(|| Failure("no tenants".into()))?;
        let searchers = CONTESTANTS.iter().map(|who| Searcher::open(who, family, servers, data));
        let searchers = searchers.collect::<Result<Vec<_>>>()?;
        // Not where anybody searches who is compared with others: what it reads, they would find in the cache.
        let admin = servers[0].open("postgres", PLAIN)?;
        let operations = vec![WARM_UP; searchers.len()];
        let (arguments, rows) = (Vec::new(), Vec::new());
        let mut search = Search { family, data, admin, searchers, operations, tenant, arguments, rows };
        search.draw(dice)?;
        search.count()?;
        let mut each = Vec::new();
        for place in dice.order(CONTESTANTS.len()) {
            search.lap(place, dice)?;
            each.push((place, search.lap(place, dice)?.wall));
        }
        search.calibrate(&each);
        Ok(search)
    }

    /// Who has to be as fast as by hand makes the same searches as by hand; who is slower makes fewer.
    fn calibrate(&mut self, each: &[(usize, f64)]) {
        let fit = |nanos: f64| ((LAP_NANOS / nanos) as usize).clamp(2, MOST);
        let by_hand = each.iter().find(|(place, _)| *place == 0).map_or(2, |(_, nanos)| fit(*nanos));
        for (place, nanos) in each {
            let alike = CONTESTANTS[*place].by_index;
            self.operations[*place] = if alike { by_hand } else { fit(*nanos).min(by_hand) };
        }
    }

    /// A tenant, and arguments that find something of its.
    fn draw(&mut self, dice: &mut Dice) -> Result<()> {
        self.tenant = &self.data.tenants[dice.below(self.data.tenants.len())];
        let Family { table, arguments, .. } = self.family;
        let rows = self.data.rows_of(table);
        let ids: Vec<String> = (0..SEARCHES).map(|_| (dice.below(rows) + 1).to_string()).collect();
        // As wide as 100 of all rows need.
        let side = 100_000.0 * (100.0 / (rows * self.data.tenants.len()) as f64).sqrt();
        let arguments: Vec<String> = arguments.iter().map(|a| format!("({a})::text")).collect();
        self.arguments = self.admin.wire.rows(&format!(
            "select {} from {table}, unnest(array[{}]) as drawn (n) where tenant_id = '{}' and id = drawn.n",
            arguments.join(", ").replace("{side}", &side.to_string()),
            ids.join(", "),
            self.tenant.uuid
        ))?;
        self.searchers.iter_mut().try_for_each(|searcher| searcher.enter(self.tenant))
    }

    /// How many rows there are to be found, so that laps can tell whether all find as many. Everybody who searches by the index
    /// looks, so that none of them has read the rows more often than the others; by hand last, whose count is taken.
    fn count(&mut self) -> Result<()> {
        for searcher in self.searchers.iter_mut().filter(|searcher| searcher.who.by_index).rev() {
            let count = |arguments| searcher.backend.wire.exchange(&searcher.request(self.tenant, arguments));
            self.rows = self.arguments.iter().map(count).collect::<Result<_>>()?;
        }
        Ok(())
    }

    /// Whether all find the same rows, and who has to search by the index does; says how each searches.
    pub fn check(&mut self, checks: &mut Checks, dice: &mut Dice) -> Result<Vec<How>> {
        let title = self.family.title;
        for _ in 0..TENANTS {
            self.draw(dice)?;
            for arguments in self.arguments.iter().take(CHECKED) {
                let found = self.searchers.iter_mut().map(|s| s.found(self.tenant, arguments));
                let found = found.collect::<Result<Vec<_>>>()?;
                let (first, seen) = (&found[0], format!("{arguments:?}: {found:?}"));
                checks.that(!first.is_empty(), &format!("{title}: there is something to find"), &seen);
                checks.that(
                    found.iter().all(|rows| rows == first),
                    &format!("{title}: all find the same"),
                    &seen,
                );
            }
        }
        let mut hows = Vec::new();
        for searcher in &mut self.searchers {
            let plan = searcher.plan(self.tenant, &self.arguments[0], "costs off")?;
            let (by_index, kept) = (searcher.by_index(&plan), searcher.keeps_plan()?);
            if searcher.who.by_index {
                checks.that(by_index, &format!("{title}: by the index, {}", searcher.who.title), &plan);
            }
            hows.push(How { by_index, kept });
        }
        Ok(hows)
    }

    /// What `EXPLAIN (ANALYZE)` says by hand and with Watertight, for whoever wonders about a figure.
    pub fn explained(&mut self) -> Result<String> {
        let mut text = String::new();
        for place in [0, WATERTIGHT] {
            let searcher = &mut self.searchers[place];
            let plan = searcher.plan(self.tenant, &self.arguments[0], "analyze, buffers")?;
            text += &format!("{}, {}\n{plan}\n\n", self.family.title, searcher.who.title);
        }
        Ok(text)
    }

    fn run(&mut self, place: usize, count: usize) -> Result<Lap> {
        let searcher = &mut self.searchers[place];
        let one = |(arguments, rows): (&Row, &usize)| (searcher.request(self.tenant, arguments), *rows);
        let each = self.arguments.iter().zip(&self.rows).cycle().take(count);
        let (requests, rows): (Vec<Request>, Vec<usize>) = each.map(one).unzip();
        searcher.backend.lap(&requests, count, rows.iter().sum())
    }
}

impl Race for Search<'_> {
    fn prepare(&mut self, dice: &mut Dice) -> Result<()> {
        self.draw(dice)?;
        self.count()
    }

    fn lap(&mut self, contestant: usize, _: &mut Dice) -> Result<Lap> {
        let count = self.operations[contestant];
        // The searches of another contestant have filled the processor's cache.
        self.run(contestant, count.div_ceil(2).min(SEARCHES))?;
        self.run(contestant, count)
    }
}
