//! Servers, and backends that share one CPU with this process.

use crate::request::Request;
use crate::wire::Wire;
use crate::{Failure, Result};
use rustix::time::{ClockId, clock_gettime};
use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

/// A running server, by its socket.
#[derive(Clone)]
pub struct Server {
    /// The path of the socket.
    pub socket: String,
    /// The CPU of its backends; none where there is nothing to choose from.
    pub cpu: Option<String>,
}

/// A connection with the process that serves it.
pub struct Backend {
    /// The connection.
    pub wire: Wire,
    pid: String,
}

/// What a block of operations took, in nanoseconds an operation.
#[derive(Clone, Copy, Debug)]
pub struct Lap {
    /// By the clock on the wall, which an application waits for.
    pub wall: f64,
    /// On a CPU, in client and backend together: where both take turns on one CPU that nobody else uses, the same.
    pub busy: f64,
    /// On a CPU, in the backend alone.
    pub server: f64,
}

impl Server {
    /// Connects; client and backend then take turns on one CPU.
    pub fn open(&self, user: &str, database: &str) -> Result<Backend> {
        let mut wire = Wire::connect(&self.socket, user, database)?;
        let pid = wire.value("select pg_backend_pid()")?;
        if let Some(cpu) = &self.cpu {
            pin(&pid, cpu)?;
        }
        Ok(Backend { wire, pid })
    }
}

fn pin(pid: &str, cpu: &str) -> Result<()> {
    let status = Command::new("taskset").args(["-cp", cpu, pid]).stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(Failure(format!("taskset: process {pid} stays where it is"))) }
}

/// How long this process has been on a CPU.
pub fn own_cpu_nanos() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

impl Backend {
    /// Sends the requests one after another; all of them are `operations` and must find `rows`.
    pub fn lap(&mut self, requests: &[Request], operations: usize, rows: usize) -> Result<Lap> {
        let mut found = 0;
        let server = self.cpu_nanos();
        let client = own_cpu_nanos();
        let start = Instant::now();
        for request in requests {
            found += self.wire.exchange(request)?;
        }
        let wall = start.elapsed().as_nanos() as f64;
        let client = own_cpu_nanos() - client;
        let server = self.cpu_nanos() - server;
        if found != rows {
            return Err(Failure(format!("{found} rows instead of {rows}: not worth measuring")));
        }
        let each = |nanos: f64| nanos / operations as f64;
        Ok(Lap { wall: each(wall), busy: each(client + server), server: each(server) })
    }

    /// How long the backend has been on a CPU.
    pub fn cpu_nanos(&self) -> f64 {
        cpu_nanos(&self.pid)
    }
}

/// How long a process has been on a CPU; a kernel that does not say gives NaN, which is printed as such.
pub fn cpu_nanos(pid: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap_or_default();
    text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(f64::NAN)
}
