//! PostgreSQL's programs, run as a user they accept.

use std::path::PathBuf;
use std::process::{Command, Output};

/// Where the programs are, and who runs them.
#[derive(Clone)]
pub struct Tools {
    bin: PathBuf,
    as_postgres: bool,
}

impl Tools {
    /// From `WATERTIGHT_PG_BIN`. Root runs them as `postgres`: the server refuses to run as root.
    pub fn find() -> Tools {
        let bin = std::env::var("WATERTIGHT_PG_BIN").unwrap_or("/usr/lib/postgresql/15/bin".into());
        let id = Command::new("id").arg("-u").output().expect("id");
        Tools { bin: bin.into(), as_postgres: id.stdout.trim_ascii() == b"0" }
    }

    /// The words that start a program: with `runuser` in front where needed.
    pub fn words(&self, program: &str) -> Vec<String> {
        let program = self.path(program);
        if self.as_postgres {
            ["runuser", "-u", "postgres", "--", &program].map(str::to_owned).to_vec()
        } else {
            vec![program]
        }
    }

    /// One of PostgreSQL's programs.
    pub fn command(&self, program: &str) -> Command {
        let words = self.words(program);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).current_dir("/").env("LC_ALL", "C");
        for name in ["PGOPTIONS", "PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGDATA"] {
            command.env_remove(name);
        }
        command
    }

    /// A program of the system, run as the user that runs the server.
    pub fn system(&self, program: &str) -> Command {
        if self.as_postgres {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", program]).current_dir("/");
            command
        } else {
            Command::new(program)
        }
    }

    fn path(&self, program: &str) -> String {
        self.bin.join(program).display().to_string()
    }

    /// 15, 16, 17 or 18.
    pub fn major(&self) -> u32 {
        let output = Command::new(self.path("postgres")).arg("--version").output();
        let output = output.unwrap_or_else(|e| panic!("{}: {e}", self.path("postgres")));
        let text = String::from_utf8_lossy(&output.stdout);
        let number = text.split_whitespace().nth(2).unwrap_or_default();
        let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or_else(|_| panic!("no version: {text}"))
    }
}

/// Runs to the end and panics with everything the program said when it fails.
pub fn must(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
