//! Where it was measured.

use crate::Result;
use crate::server::Server;
use std::fs;

/// What a reader must know to compare numbers.
pub struct Machine {
    /// The processor's name for itself.
    pub processor: String,
    /// How many of them.
    pub processors: usize,
    /// Memory in GiB.
    pub memory: f64,
    /// How many processes wanted to run, on average over the last 15 minutes.
    pub load: String,
    /// `server_version`
    pub postgres: String,
    /// It was built for PostgreSQL's own developers, and checks itself all the time.
    pub asserts: bool,
    /// The extension's version.
    pub watertight: String,
    /// The day, UTC.
    pub date: String,
    /// Settings that are not PostgreSQL's own.
    pub settings: String,
}

impl Machine {
    /// Looks around, in a database with the extension.
    pub fn look(server: &Server, database: &str) -> Result<Machine> {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let of = |text: &str, name: &str| {
            let line = text.lines().find(|l| l.starts_with(name)).unwrap_or_default().to_owned();
            line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        let cpus = read("/proc/cpuinfo");
        let kilobytes = of(&read("/proc/meminfo"), "MemTotal").replace(" kB", "").parse().unwrap_or(0.0);
        let mut admin = server.open("postgres", database)?.wire;
        Ok(Machine {
            processor: of(&cpus, "model name"),
            processors: cpus.lines().filter(|l| l.starts_with("processor")).count(),
            memory: kilobytes / f64::from(1 << 20),
            load: read("/proc/loadavg").split(' ').nth(2).unwrap_or("?").to_owned(),
            postgres: admin.value("show server_version")?,
            asserts: admin.value("show debug_assertions")? == "on",
            watertight: admin.value("select extversion from pg_extension where extname = 'watertight'")?,
            date: admin.value("select to_char(now() at time zone 'utc', 'YYYY-MM-DD')")?,
            settings: admin.value(
                "select string_agg(format('`%s = %s`', name, current_setting(name)), ', ' order by name) \
                 from pg_settings where source = 'configuration file' and name = any (array['shared_buffers', \
                 'jit', 'autovacuum', 'fsync', 'full_page_writes', 'max_parallel_workers_per_gather', \
                 'synchronous_commit', 'wal_level', 'huge_pages', 'synchronize_seqscans'])",
            )?,
        })
    }
}
