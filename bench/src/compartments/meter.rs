//! What a piece of work takes, wherever it is done: in the client, its backend, and the library's workers.

use crate::server::{Backend, Lap, Server, cpu_nanos, own_cpu_nanos};
use crate::{Failure, Result};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(120);
const GLANCE: Duration = Duration::from_micros(200);

/// A superuser who looks on.
pub struct Watch {
    admin: Backend,
    workers: Vec<String>,
}

/// Started.
pub struct Meter {
    start: Instant,
    client: f64,
    server: f64,
    workers: f64,
}

impl Watch {
    /// Looks on in this database.
    pub fn open(server: &Server, database: &str) -> Result<Watch> {
        Ok(Watch { admin: server.open("postgres", database)?, workers: Vec::new() })
    }

    /// The connection, for questions while no clock runs.
    pub fn ask(&mut self) -> &mut crate::wire::Wire {
        &mut self.admin.wire
    }

    /// Starts the clocks of work that this backend begins and a worker may end.
    pub fn start(&mut self, backend: &Backend) -> Result<Meter> {
        let workers =
            self.admin.wire.rows("select pid from pg_stat_activity where backend_type ~ 'watertight' and datname = current_database()",
        )?;
        self.workers = workers.into_iter().flatten().flatten().collect();
        Ok(Meter {
            workers: self.workers_nanos(),
            server: backend.cpu_nanos(),
            client: own_cpu_nanos(),
            start: Instant::now(),
        })
    }

    /// Stops them when `gone` says true. What asking for it takes does not count; a worker that has ended in between makes
    /// the processor's time unknown.
    pub fn stop(&mut self, backend: &Backend, meter: &Meter, gone: Option<&str>) -> Result<Lap> {
        let client = own_cpu_nanos() - meter.client;
        if let Some(gone) = gone {
            self.until(gone)?;
        }
        let wall = meter.start.elapsed().as_nanos() as f64;
        let server = backend.cpu_nanos() - meter.server + self.workers_nanos() - meter.workers;
        Ok(Lap { wall, busy: client + server, server })
    }

    /// Waits until a query says true.
    pub fn until(&mut self, query: &str) -> Result<()> {
        let start = Instant::now();
        while self.admin.wire.value(query)? != "t" {
            if start.elapsed() > PATIENCE {
                return Err(Failure(format!("waited in vain: {query}")));
            }
            sleep(GLANCE);
        }
        Ok(())
    }

    /// Waits until the library's worker has nothing to do: what it does of its own accord is nobody's.
    pub fn until_idle(&mut self) -> Result<()> {
        self.until(
            "select coalesce(bool_and(state = 'idle'), true) from watertight.worker_status \
             where database = current_database()",
        )
    }

    fn workers_nanos(&self) -> f64 {
        self.workers.iter().map(|pid| cpu_nanos(pid)).sum()
    }
}
