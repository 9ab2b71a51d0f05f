//! What must hold before anything is measured: all contestants find the same rows, by the plans they should have.

use crate::contestant::{Contestant, Work};
use crate::data::{APP, Data, Tenant};
use crate::request::Request;
use crate::server::{Backend, Server};
use crate::{Failure, Result, progress};

/// Counts what holds and says what does not.
#[derive(Default)]
pub struct Checks {
    /// What holds.
    pub passed: usize,
    /// What does not.
    pub failed: usize,
}

impl Checks {
    /// Counts one, and says it if it does not hold.
    pub fn that(&mut self, holds: bool, what: &str, seen: &str) {
        if holds {
            self.passed += 1;
        } else {
            self.failed += 1;
            progress(&format!("FAILED: {what}\n{seen}"));
        }
    }
}

const ARGUMENTS: [(Work, &str); 4] =
    [(Work::Point, "5"), (Work::Newest, ""), (Work::Aggregate, ""), (Work::Update, "5")];

/// Checks the contestants of the server with the library. The first one's plans are what the others' have to be like.
pub fn check(server: &Server, data: &Data, contestants: &[Contestant], checks: &mut Checks) -> Result<()> {
    for tenant in data.tenants.iter().take(3) {
        let mut answers = Vec::new();
        for contestant in contestants.iter().filter(|c| c.loaded) {
            let mut backend = enter(server, data, contestant, tenant)?;
            let point = backend.wire.rows(&contestant.unprepared(Work::Point, tenant, 7))?;
            let newest = backend.wire.rows(&contestant.unprepared(Work::Newest, tenant, 0))?;
            let all = backend.wire.rows(&contestant.unprepared(Work::Aggregate, tenant, 0))?;
            answers.push(format!("{point:?} {newest:?} {all:?}"));
            let count = all.first().and_then(|row| row.first().cloned().flatten()).unwrap_or_default();
            checks.that(count == data.rows.to_string(), "sees the tenant's rows and no others", &count);
        }
        checks.that(answers.windows(2).all(|a| a[0] == a[1]), "all find the same", &answers.join("\n"));
    }
    for contestant in contestants.iter().filter(|c| c.loaded) {
        let mut backend = enter(server, data, contestant, &data.tenants[0])?;
        let backend = &mut backend;
        for plan in ["force_generic_plan", "force_custom_plan"] {
            backend.wire.run(&format!("set plan_cache_mode = {plan}"))?;
            plans(checks, backend, [contestant, &contestants[0]], data, plan)?;
        }
        backend.wire.run("reset plan_cache_mode")?;
        keeps_one_plan(checks, backend, contestant, data)?;
    }
    fails_closed(checks, server, data)
}

fn enter(server: &Server, data: &Data, contestant: &Contestant, tenant: &Tenant) -> Result<Backend> {
    let mut backend = server.open(contestant.role, &data.database)?;
    let (id, token) = (&tenant.uuid, &tenant.token);
    backend.wire.run(&format!("set app.tenant = '{id}'; set watertight.token = '{token}'"))?;
    Ok(backend)
}

fn plans(
    checks: &mut Checks,
    backend: &mut Backend,
    [contestant, by_hand]: [&Contestant; 2],
    data: &Data,
    mode: &str,
) -> Result<()> {
    let table = contestant.table;
    let columns = by_hand.names;
    for (work, argument) in ARGUMENTS {
        let plan = explain(backend, contestant, data, work, argument)?;
        let at = format!("{table}, {work:?}, {mode}");
        let condition = plan.lines().find(|l| l.contains("Index Cond")).unwrap_or_default();
        let mut has = |holds: bool, what: &str| checks.that(holds, &format!("{at}: {what}"), &plan);
        for column in columns {
            has(condition.contains(&format!("({column} = ")), &format!("{column} is an index condition"));
        }
        match work {
            Work::Point | Work::Update => {
                has(plan.contains(&format!("Index Scan using {table}_pkey")), "by primary key");
                has(condition.contains("(id = "), "the row is an index condition");
            }
            // Rows of two compartments are in the index's order in each of them only.
            Work::Newest if data.rooms && !contestant.alike => {}
            Work::Newest => {
                has(!plan.contains("Sort"), "nothing is sorted");
                has(
                    plan.contains(&format!("Index Scan Backward using {table}_newest")),
                    "in the index's order",
                );
            }
            Work::Aggregate | Work::Insert => {}
        }
        if contestant.alike && contestant.names.is_empty() {
            let by_hand = explain(backend, by_hand, data, work, argument)?;
            let mut has = |holds: bool, what: &str| checks.that(holds, &format!("{at}: {what}"), &plan);
            has(shape(&plan) == shape(&by_hand), "the same plan as by hand");
            has(!plan.contains("visible("), "the policy is rewritten");
            for column in columns {
                let writes = work == Work::Update && *column == "compartment_id";
                let function = if writes { "writable_compartment" } else { column };
                has(
                    plan.contains(&format!("watertight.{function}()")),
                    &format!("{column} is not folded into the plan"),
                );
            }
        }
    }
    backend
        .wire
        .run("set enable_indexscan = off; set enable_indexonlyscan = off; set enable_bitmapscan = off")?;
    let plan = explain(backend, contestant, data, Work::Aggregate, "")?;
    checks.that(plan.contains(&format!("Seq Scan on {table}")), &format!("{table}: sequential scan"), &plan);
    backend.wire.run("reset enable_indexscan; reset enable_indexonlyscan; reset enable_bitmapscan")
}

/// The plan's nodes, without the names of tables and indexes.
fn shape(plan: &str) -> Vec<&str> {
    let nodes = plan.lines().filter(|line| !line.contains(':'));
    nodes
        .map(|line| line.split(" on ").next().and_then(|l| l.split(" using ").next()).unwrap_or(line))
        .collect()
}

fn explain(
    backend: &mut Backend,
    contestant: &Contestant,
    data: &Data,
    work: Work,
    argument: &str,
) -> Result<String> {
    let mut arguments = contestant.arguments(&data.tenants[0]);
    arguments.extend((!argument.is_empty()).then(|| argument.to_owned()));
    let call = if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
    let rows = backend.wire.rows(&format!(
        "prepare explained as {}; explain (costs off) execute explained{call}; deallocate explained",
        contestant.sql(work)
    ))?;
    Ok(rows.into_iter().flatten().flatten().collect::<Vec<_>>().join("\n"))
}

/// A point read that has been executed often has one plan for all tenants.
fn keeps_one_plan(
    checks: &mut Checks,
    backend: &mut Backend,
    contestant: &Contestant,
    data: &Data,
) -> Result<()> {
    let prepare = Request::new().prepare(contestant.table, &contestant.sql(Work::Point)).sync();
    backend.wire.exchange(&prepare)?;
    for id in 1..=12 {
        let request = contestant.execute(Request::new(), Work::Point, &data.tenants[0], id);
        backend.wire.exchange(&request.sync())?;
    }
    let kept = backend.wire.value(&format!(
        "select generic_plans > 0 from pg_prepared_statements where name = '{}'",
        contestant.table
    ))?;
    checks.that(kept == "t", &format!("{}: one plan for all tenants", contestant.table), &kept);
    Ok(())
}

fn fails_closed(checks: &mut Checks, server: &Server, data: &Data) -> Result<()> {
    let mut backend = server.open(APP, &data.database)?;
    let count = "select count(*) from watertight";
    let Err(Failure(refusal)) = backend.wire.run(count) else {
        checks.that(false, "without a token there are no rows", "no error");
        return Ok(());
    };
    checks.that(refusal.contains("28000"), "without a token there are no rows", &refusal);
    Ok(())
}
