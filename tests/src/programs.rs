//! `psql` and `pg_dump` against a scratch cluster.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::Cluster;

/// What a program said, and whether it was content.
pub struct Said {
    /// Exit status 0.
    pub success: bool,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// The output of a program that must have succeeded.
    pub fn output(self) -> String {
        assert!(self.success, "{}{}", self.out, self.err);
        self.out
    }
}

impl Cluster {
    /// Feeds a script to `psql`, which stops at the first error.
    pub fn psql(&self, database: &str, role: &str, script: &str) -> Said {
        let mut command = self.client("psql", database, role);
        feed(command.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"]), script)
    }

    /// `pg_dump`, with `PGOPTIONS` where they are not empty.
    pub fn pg_dump(&self, database: &str, role: &str, args: &[&str], options: &str) -> Said {
        let mut command = self.client("pg_dump", database, role);
        feed(command.args(args).env("PGOPTIONS", options), "")
    }

    fn client(&self, program: &str, database: &str, role: &str) -> Command {
        let mut command = self.tools.command(program);
        let socket = self.socket().display().to_string();
        command.args(["-h", &socket, "-p", &self.port().to_string(), "-U", role, "-d", database]);
        command
    }
}

fn feed(command: &mut Command, input: &str) -> Said {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a client program");
    let mut stdin = child.stdin.take().expect("its input");
    let input = input.to_owned();
    // A thread, so that neither side waits for the other with a full pipe.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("its output");
    let _ = writer.join();
    Said {
        success: output.status.success(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
