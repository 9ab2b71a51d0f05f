//! A server with a provider, and a database with tenants.

use uuid::Uuid;
use watertight_tests::database::{blank, create_extension};
use watertight_tests::tools::{Tools, must};
use watertight_tests::{Cluster, Session, eventually};

pub const CONF: &[&str] = &[
    "watertight.reap_interval = 1",
    "watertight.key_command_timeout = 2",
    "max_worker_processes = 12",
    "log_min_messages = debug1",
    "log_statement = all",
];

/// A new key, as a provider gives it.
pub fn key() -> String {
    let (a, b) = (Uuid::now_v7(), Uuid::now_v7());
    format!("{}{}", a.simple(), b.simple())
}

/// Waits until the worker of the session's database has come by so often.
pub fn passes(admin: &mut Session, count: usize) {
    let last = "SELECT last_pass_at FROM watertight.worker_status WHERE database = current_database()";
    for _ in 0..count {
        let before = admin.one(last);
        eventually("the worker comes by", || admin.one(last) != before);
    }
}

pub struct House {
    pub cluster: Cluster,
    pub database: String,
    tools: Tools,
}

impl House {
    /// With the extension and no provider.
    pub fn new() -> House {
        House::with(&[])
    }

    pub fn with(conf: &[&str]) -> House {
        let cluster = Cluster::start(&[CONF, conf].concat());
        let database = blank(&cluster);
        create_extension(&mut cluster.admin(&database));
        House { cluster, database, tools: Tools::find() }
    }

    /// With a file that holds version 1 of the master key, which is returned, too.
    pub fn with_file() -> (House, String) {
        House::with_file_and(&[])
    }

    /// The same, with these lines of configuration.
    pub fn with_file_and(conf: &[&str]) -> (House, String) {
        let house = House::with(conf);
        let first = key();
        house.write("master", &format!("1 {first}\n"), "600");
        house.set("master_key_file", &house.path("master"));
        house.reload();
        house.wait_for("present");
        (house, first)
    }

    pub fn admin(&self) -> Session {
        self.cluster.admin(&self.database)
    }

    /// A file beside the server's.
    pub fn path(&self, name: &str) -> String {
        self.cluster.socket().join(name).display().to_string()
    }

    /// Writes a file as the server's user.
    pub fn write(&self, name: &str, text: &str, mode: &str) {
        let script = "umask 077; rm -f \"$1\"; printf '%s' \"$2\" > \"$1\"; chmod \"$3\" \"$1\"";
        must(self.tools.system("bash").args(["-c", script, "write", &self.path(name), text, mode]));
    }

    pub fn read(&self, name: &str) -> String {
        let output = self.tools.system("cat").arg(self.path(name)).output().expect("cat");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What a shell command prints that runs as the server's user.
    pub fn shell(&self, script: &str) -> String {
        let output = must(self.tools.system("bash").args(["-c", script]));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Sets a setting of the server's; counts at the next reload.
    pub fn set(&self, name: &str, value: &str) {
        self.cluster.append_conf(&[&format!("watertight.{name} = '{}'", value.replace('\'', "''"))]);
    }

    pub fn reload(&self) {
        self.cluster.reload();
    }

    /// Sets a setting, and waits until it counts for everybody: for new sessions, the others (they were told before), the keeper, and
    /// workers, which read it before their next pass.
    pub fn configure(&self, name: &str, value: &str) {
        let loaded = "SELECT loaded_at FROM watertight.key_provider()";
        let before = self.admin().one(loaded);
        self.set(name, value);
        self.reload();
        eventually("the setting counts", || {
            let mut admin = self.admin();
            admin.one(&format!("SHOW watertight.{name}")) == value
                && admin.one(loaded) != before
                && admin.number("SELECT count(*) FROM watertight.worker_status WHERE state <> 'idle'") == 0
        });
    }

    pub fn state(&self) -> String {
        self.admin().one("SELECT state FROM watertight.key_provider()")
    }

    pub fn wait_for(&self, state: &str) {
        let mut admin = self.admin();
        eventually(&format!("the provider is {state}"), || {
            admin.one("SELECT state FROM watertight.key_provider()") == state
        });
    }

    /// Waits until the provider has failed once more, and says why.
    pub fn failure(&self, provoke: impl FnOnce()) -> String {
        let mut admin = self.admin();
        let when = "SELECT coalesce(failed_at::text, 'never') FROM watertight.key_provider()";
        let before = admin.one(when);
        provoke();
        eventually("the provider fails", || admin.one(when) != before);
        admin.one("SELECT error FROM watertight.key_provider()")
    }

    pub fn versions(&self) -> String {
        self.admin().one("SELECT versions FROM watertight.key_provider()")
    }

    pub fn tenants(&self, count: usize) {
        self.admin().run(&format!(
            "SELECT count(watertight.create_tenant('tenant_' || n)) FROM generate_series(1, {count}) n"
        ));
    }

    /// Unwraps every key of a tenant.
    pub fn opens(&self, tenant: &str) -> bool {
        let mut admin = self.admin();
        let all = "SELECT count(*) FROM watertight.data_keys AS k JOIN watertight.tenants AS t ON t.id = k.tenant_id
            WHERE k.wrapped IS NOT NULL AND t.name = ";
        let all = admin.number(&format!("{all}'{tenant}'"));
        match admin.attempt(&format!("SELECT watertight.rotate_tenant_key('{tenant}')")) {
            Ok(_) => all > 0,
            Err(_) => false,
        }
    }

    /// The log holds none of these texts, and no wrapped key.
    pub fn never_logged(&self, secrets: &[&str]) {
        let log = self.cluster.log();
        let wrapped = self.admin().column(
            "SELECT encode(wrapped, 'hex') FROM watertight.tenant_keys WHERE wrapped IS NOT NULL
             UNION ALL SELECT encode(wrapped, 'hex') FROM watertight.data_keys WHERE wrapped IS NOT NULL",
        );
        for secret in secrets.iter().copied().chain(wrapped.iter().map(String::as_str)) {
            assert!(!log.contains(secret), "a key is in the log");
        }
    }
}
