//! All keys of many tenants are rotated on all three levels, while clients read and write: how long that takes, and what they notice.

use crate::data::{APP, Keys, Tenant, make_database};
use crate::options::Options;
use crate::plans::Checks;
use crate::server::Server;
use crate::stats::Dice;
use crate::table::Table;
use crate::wire::Wire;
use crate::{Failure, Result, progress};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const DATABASE: &str = "rotation";
const CLIENTS: usize = 8;
/// No transaction of a client's may take longer, in milliseconds.
pub const STALL: f64 = 1000.0;
const PATIENCE: Duration = Duration::from_secs(600);

const PHASES: [(&str, &str); 5] = [
    ("before", ""),
    ("data keys", "call watertight.rotate_data_keys()"),
    ("tenants' keys", "call watertight.rotate_tenant_keys()"),
    ("master key", "select watertight.rotate_master_key()"),
    ("afterwards", ""),
];

/// What was measured.
pub struct Rotation {
    tenants: usize,
    /// How long the tenants took that were made first, in seconds.
    made: f64,
    phases: Vec<Phase>,
}

struct Phase {
    title: &'static str,
    seconds: f64,
    /// What clients' transactions took, in milliseconds, sorted.
    times: Vec<f64>,
}

impl Phase {
    fn quantile(&self, share: f64) -> f64 {
        let at = (self.times.len() as f64 * share) as usize;
        self.times.get(at.min(self.times.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
    }
}

/// What clients share with whoever rotates.
struct Stage<'a> {
    server: &'a Server,
    tenants: &'a [Tenant],
    stop: AtomicBool,
    phase: AtomicUsize,
    times: Mutex<Vec<(usize, f64)>>,
    errors: Mutex<Vec<String>>,
}

/// Makes the database, and does everything once.
pub fn run(options: &Options, keys: &Keys, checks: &mut Checks) -> Result<Rotation> {
    let (server, count) = (&options.server, options.scale.rotated);
    progress(&format!("{DATABASE}: {count} tenants"));
    let begun = Instant::now();
    let tenants = make_database(server, DATABASE, "", count, keys)?;
    let made = begun.elapsed().as_secs_f64();
    let mut admin = Wire::connect(&server.socket, "postgres", DATABASE)?;
    furnish(&mut admin)?;
    let stage = Stage {
        server,
        tenants: &tenants,
        stop: AtomicBool::new(false),
        phase: AtomicUsize::new(0),
        times: Mutex::default(),
        errors: Mutex::default(),
    };
    let quiet = Duration::from_secs(if options.small { 1 } else { 10 });
    let seconds = std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let stage = &stage;
            scope.spawn(move || stage.client(client));
        }
        let seconds = rotate(&mut admin, &stage.phase, quiet);
        stage.stop.store(true, Ordering::Relaxed);
        seconds
    })?;
    let errors = stage.errors.into_inner().unwrap_or_default();
    checks.that(errors.is_empty(), "no client sees an error while keys are rotated", &errors.join("\n"));
    verify(&mut admin, count, checks)?;
    let times = stage.times.into_inner().unwrap_or_default();
    let phases = PHASES.iter().zip(seconds).enumerate().map(|(phase, ((title, _), seconds))| {
        let mut times: Vec<f64> =
            times.iter().filter(|(of, _)| *of == phase).map(|(_, time)| *time).collect();
        times.sort_by(f64::total_cmp);
        Phase { title, seconds, times }
    });
    Ok(Rotation { tenants: count, made, phases: phases.collect() })
}

/// A row of each tenant.
fn furnish(admin: &mut Wire) -> Result<()> {
    admin.run(&format!(
        "create table notes (tenant_id uuid not null, n int, body text, code text); \
         insert into notes select id, 0, name || ' secret', name || ' code' from watertight.tenants; \
         create index on notes (tenant_id, code); \
         select watertight.protect('notes'); \
         select watertight.encrypt_column('notes', 'body'); \
         select watertight.encrypt_column('notes', 'code', searchable => true); \
         grant select, insert, update on notes to {APP}"
    ))?;
    admin.run("vacuum (freeze, analyze) notes")
}

/// Rotates everything; returns how long each phase took, in seconds.
fn rotate(admin: &mut Wire, phase: &AtomicUsize, quiet: Duration) -> Result<Vec<f64>> {
    let mut seconds = Vec::new();
    for (number, (title, sql)) in PHASES.iter().enumerate() {
        if *title == "master key" {
            another_version(admin)?;
        }
        progress(&format!("rotation: {title}"));
        phase.store(number, Ordering::Relaxed);
        let begun = Instant::now();
        if sql.is_empty() {
            std::thread::sleep(quiet);
        } else {
            admin.run(sql)?;
            let left = "select count(*) from watertight.master_keys where rotating";
            until(admin, left, "0")?;
        }
        seconds.push(begun.elapsed().as_secs_f64());
    }
    Ok(seconds)
}

/// Adds one to the server's file.
fn another_version(admin: &mut Wire) -> Result<()> {
    let file = admin.value("select current_setting('watertight.master_key_file')")?;
    admin.run(&format!(
        "copy (select '2 ' || replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')) \
         to program 'cat >> ''{file}'''"
    ))?;
    admin.run("select pg_reload_conf()")?;
    until(admin, "select 2 = any (versions) from watertight.key_provider()", "t")
}

fn until(admin: &mut Wire, sql: &str, wanted: &str) -> Result<()> {
    let begun = Instant::now();
    while admin.value(sql)? != wanted {
        if begun.elapsed() > PATIENCE {
            return Err(Failure(format!("never {wanted}: {sql}")));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Every tenant's values are what was written, and nothing needs an older key of the outer two levels.
fn verify(admin: &mut Wire, count: usize, checks: &mut Checks) -> Result<()> {
    let old = admin.value(
        "select count(*) from watertight.tenant_keys where state = 'active' and (master_version <> 2 or version <> 2) \
            and tenant_id in (select id from watertight.tenants)",
    )?;
    checks.that(old == "0", "all tenants' keys are new, and wrapped by the new master key", &old);
    admin.run("select watertight.decrypt_column('notes', 'body'); select watertight.decrypt_column('notes', 'code')")?;
    let right = admin.value(
        "select count(distinct tenant_id) || ' ' || bool_and(n.body = t.name || ' secret' and n.code = t.name || ' code') \
         from notes n join watertight.tenants t on t.id = n.tenant_id",
    )?;
    checks.that(right == format!("{count} true"), "all values open, and are what was written", &right);
    Ok(())
}

impl Stage<'_> {
    fn client(&self, number: usize) {
        if let Err(Failure(what)) = self.work(number)
            && let Ok(mut errors) = self.errors.lock()
        {
            errors.push(what);
        }
    }

    /// Of another tenant each time: writes a row, finds the tenant's rows by a searchable column, and changes one.
    fn work(&self, number: usize) -> Result<()> {
        let mut dice = Dice::new(number as u64 + 1);
        let mut wire = Wire::connect(&self.server.socket, APP, DATABASE)?;
        let mut times = Vec::new();
        while !self.stop.load(Ordering::Relaxed) {
            let tenant = &self.tenants[dice.below(self.tenants.len())];
            let (phase, name) = (self.phase.load(Ordering::Relaxed), &tenant.name);
            let begun = Instant::now();
            wire.run(&format!("set watertight.token = '{}'", tenant.token))?;
            wire.run("begin")?;
            wire.run(&format!(
                "insert into notes (n, body, code) values (1, '{name} secret', '{name} code')"
            ))?;
            let right = wire.value(&format!(
                "select (count(*) > 1 and bool_and(body::text = '{name} secret'))::text from notes where code = '{name} code'"
            ))?;
            if right != "true" {
                return Err(Failure(format!("{name} reads something else than it has written")));
            }
            wire.run(&format!(
                "update notes set body = '{name} secret' where code = '{name} code' and n = 0"
            ))?;
            wire.run("commit")?;
            times.push((phase, begun.elapsed().as_secs_f64() * 1e3));
        }
        if let Ok(mut all) = self.times.lock() {
            all.append(&mut times);
        }
        Ok(())
    }
}

impl Rotation {
    /// The longest of all transactions while something was rotated, in milliseconds.
    pub fn longest(&self) -> f64 {
        self.phases[1..PHASES.len() - 1].iter().map(|phase| phase.quantile(1.0)).fold(0.0, f64::max)
    }

    /// What is rotated, in words.
    pub fn title(&self) -> String {
        format!("keys of {} tenants, all three levels, {CLIENTS} clients", self.tenants)
    }

    /// What the report says.
    pub fn text(&self) -> String {
        let mut table = Table::new([
            "",
            "takes",
            "clients' transactions a second",
            "half of them within",
            "99 of 100 within",
            "the longest",
        ]);
        for phase in &self.phases {
            let rate = phase.times.len() as f64 / phase.seconds;
            let within = |share| format!("{:.1} ms", phase.quantile(share));
            table.row([
                phase.title.to_owned(),
                format!("{:.1} s", phase.seconds),
                format!("{rate:.0}"),
                within(0.5),
                within(0.99),
                within(1.0),
            ]);
        }
        format!(
            "### Rotated\n\n\
             All keys of {} tenants (which were made, with their keys, in {:.1} s), by `CALL watertight.rotate_data_keys()`, \
             `CALL watertight.rotate_tenant_keys()` and `rotate_master_key()`. Meanwhile {CLIENTS} clients work, in each transaction for another \
             tenant at random, whose keys they load: they insert a row with an `encrypted_text` and a `searchable_text`, find the tenant's rows by the latter, open \
             them, and update one. A single error fails the benchmark; afterwards all values are opened and compared. Clients and server share the machine's \
             processors.\n\n{}",
            self.tenants,
            self.made,
            table.text()
        )
    }
}
