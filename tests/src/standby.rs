//! A physical standby of a scratch cluster.

use std::time::{Duration, Instant};

use crate::Cluster;
use crate::tools::must;

impl Cluster {
    /// A hot standby that streams from this cluster.
    pub fn standby(&self) -> Cluster {
        let standby = Cluster::prepare();
        let mut command = self.tools.command("pg_basebackup");
        command.args([
            "-h",
            &self.base.display().to_string(),
            "-p",
            &self.port.to_string(),
            "-U",
            "postgres",
        ]);
        must(command.args(["-R", "-c", "fast", "-X", "stream", "--no-sync", "-D", &standby.data()]));
        standby.configure(&[]);
        standby.run_server();
        standby
    }

    /// Waits until the standby shows everything this cluster has committed so far.
    pub fn wait_for(&self, standby: &Cluster) {
        let now = self.admin("postgres").one("SELECT pg_current_wal_lsn()");
        let mut there = standby.admin("postgres");
        let deadline = Instant::now() + Duration::from_secs(20);
        while there.one(&format!("SELECT pg_last_wal_replay_lsn() >= '{now}'")) != "t" {
            assert!(Instant::now() < deadline, "the standby does not follow:\n{}", standby.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Makes a standby a primary.
    pub fn promote(&self) {
        self.admin("postgres").run("SELECT pg_promote()");
    }
}
