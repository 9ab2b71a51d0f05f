//! A scratch cluster. It ends with the process that started it, however that process ends: a watchdog waits for a
//! pipe of ours to close, then stops the server and removes its files.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use std::os::unix::process::CommandExt;

use crate::Session;
use crate::session::connect;
use crate::tools::{Tools, must};

/// A running server of our own, with two ordinary roles: `app` (a client) and `keeper` (owns databases and tables).
pub struct Cluster {
    pub(crate) base: PathBuf,
    pub(crate) port: u16,
    pub(crate) tools: Tools,
    watchdog: Child,
}

/// The cluster that all tests of one binary share. It has the extension, `pg_stat_statements` and a log of every
/// statement.
pub fn shared() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(|| {
        Cluster::start(&[
            "shared_preload_libraries = 'watertight,pg_stat_statements'",
            "pg_stat_statements.track_utility = on",
            "log_statement = all",
        ])
    })
}

impl Cluster {
    /// A cluster with the extension preloaded; `conf` lines win over ours.
    pub fn start(conf: &[&str]) -> Cluster {
        Cluster::plain(&[&["shared_preload_libraries = 'watertight'"], conf].concat())
    }

    /// A cluster without the extension.
    pub fn plain(conf: &[&str]) -> Cluster {
        let cluster = Cluster::prepare();
        let data = cluster.data();
        must(cluster.tools.command("initdb").args(["-A", "trust", "-U", "postgres", "-E", "UTF8"]).args([
            "--locale=C",
            "--no-sync",
            "-D",
            &data,
        ]));
        cluster.configure(conf);
        cluster.run_server();
        cluster.admin("postgres").script("CREATE ROLE app LOGIN; CREATE ROLE keeper LOGIN");
        cluster
    }

    /// Files and a watchdog, no server yet.
    pub(crate) fn prepare() -> Cluster {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let tools = Tools::find();
        let name = format!("watertight-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let base = std::env::temp_dir().join(name);
        must(tools.system("mkdir").arg("-m").arg("755").arg(&base));
        let watchdog = watchdog(&tools, &base);
        Cluster { base, port: free_port(), tools, watchdog }
    }

    pub(crate) fn configure(&self, conf: &[&str]) {
        let fixed = [
            format!("port = {}", self.port),
            "listen_addresses = '127.0.0.1'".into(),
            format!("unix_socket_directories = '{}'", self.base.display()),
            "fsync = off".into(),
            "max_connections = 60".into(),
            "max_wal_senders = 4".into(),
            // Each test's database has a worker.
            "max_worker_processes = 64".into(),
            "max_prepared_transactions = 10".into(),
        ];
        let mut text = fixed.join("\n");
        for line in conf {
            text = format!("{text}\n{line}");
        }
        let file = format!("{}/postgresql.auto.conf", self.data());
        let script = "cat >> \"$1\" <<< \"$2\"";
        must(self.tools.system("bash").args(["-c", script, "configure", &file, &text]));
    }

    /// Adds configuration lines; they take effect at the next reload or restart.
    pub fn append_conf(&self, lines: &[&str]) {
        self.configure(lines);
    }

    pub(crate) fn run_server(&self) {
        let log = self.log_path();
        let output = self.pg_ctl(&["-w", "-t", "60", "-l", &log, "start"]).output().expect("pg_ctl");
        assert!(
            output.status.success(),
            "the server did not start: {}\n{}",
            String::from_utf8_lossy(&output.stderr),
            self.log()
        );
    }

    fn pg_ctl(&self, args: &[&str]) -> Command {
        let mut command = self.tools.command("pg_ctl");
        command.args(["-s", "-D", &self.data()]).args(args);
        command
    }

    /// The data directory.
    pub fn data(&self) -> String {
        self.base.join("data").display().to_string()
    }

    fn log_path(&self) -> String {
        self.base.join("log").display().to_string()
    }

    /// Everything the server has logged.
    pub fn log(&self) -> String {
        let output = self.tools.system("cat").arg(self.log_path()).output().expect("cat");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The directory of the socket.
    pub fn socket(&self) -> &Path {
        &self.base
    }

    /// The port, of the socket and of 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// 15, 16, 17 or 18.
    pub fn major(&self) -> u32 {
        static MAJOR: OnceLock<u32> = OnceLock::new();
        *MAJOR.get_or_init(|| self.tools.major())
    }

    /// Stops and starts in order.
    pub fn restart(&self) {
        self.restart_after("fast");
    }

    /// Stops in one of PostgreSQL's modes (smart, fast, immediate) and starts.
    pub fn restart_after(&self, mode: &str) {
        must(&mut self.pg_ctl(&["-w", "-m", mode, "stop"]));
        self.run_server();
    }

    /// Reads the configuration again.
    pub fn reload(&self) {
        must(&mut self.pg_ctl(&["reload"]));
    }

    /// Stops without a checkpoint: what a power cut leaves, then recovery.
    pub fn crash(&self) {
        self.restart_after("immediate");
    }

    /// Kills the postmaster as the kernel would, waits until its children have noticed, then recovers.
    pub fn kill(&self) {
        let pid_file = format!("{}/postmaster.pid", self.data());
        let output = must(self.tools.system("head").args(["-n", "1", &pid_file]));
        let pid = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        must(self.tools.system("kill").args(["-9", &pid]));
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let log = self.log_path();
            let started = self.pg_ctl(&["-w", "-t", "60", "-l", &log, "start"]).output().expect("pg_ctl");
            if started.status.success() {
                return;
            }
            assert!(Instant::now() < deadline, "no recovery after kill -9:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// A session over the socket.
    pub fn session(&self, database: &str, role: &str) -> Session {
        self.session_with(database, role, "")
    }

    /// A session with settings in its start-up packet, in the form of `PGOPTIONS`.
    pub fn session_with(&self, database: &str, role: &str, options: &str) -> Session {
        self.try_session(database, role, options)
            .unwrap_or_else(|failure| panic!("no connection as {role}: {failure}"))
    }

    /// The same where the connection may be refused.
    ///
    /// # Errors
    /// What the server said.
    pub fn try_session(&self, database: &str, role: &str, options: &str) -> Result<Session, crate::Failure> {
        let mut config = postgres::Config::new();
        config.host_path(&self.base).port(self.port).user(role).dbname(database);
        config.application_name("watertight-tests").connect_timeout(Duration::from_secs(10));
        if !options.is_empty() {
            config.options(options);
        }
        connect(config, self.major())
    }

    /// A superuser's session.
    pub fn admin(&self, database: &str) -> Session {
        self.session(database, "postgres")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

fn watchdog(tools: &Tools, base: &Path) -> Child {
    let data = base.join("data").display().to_string();
    let stop =
        [tools.words("pg_ctl"), ["-s", "-D", &data, "-m", "immediate", "stop"].map(Into::into).to_vec()];
    let script = "cd /; cat; \"$@\"; rm -rf \"$0\"";
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg(base).args(stop.concat());
    // A group of its own: an interrupt from the terminal ends us, and then it has work to do.
    command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("sh")
}

/// Below those that the system gives to outgoing connections, one of which might take it while a server restarts; and no cluster of
/// this process gets the port of another.
fn free_port() -> u16 {
    const FIRST: u32 = 10_000;
    const MANY: u32 = 10_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let ports = (0..MANY).map(|_| {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        FIRST + std::process::id().wrapping_mul(61).wrapping_add(step) % MANY
    });
    let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.filter_map(|port| u16::try_from(port).ok()).find(free).expect("a free port")
}
