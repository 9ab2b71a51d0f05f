//! What `bench/run.sh` says.

use crate::server::Server;
use crate::{Failure, Result};

/// How much of everything.
pub struct Scale {
    /// Tenants of the comparison.
    pub tenants: usize,
    /// Rows of each.
    pub rows: usize,
    /// Tenants of the smaller database.
    pub few: usize,
    /// Tenants of the larger one.
    pub many: usize,
    /// How often everything starts again with new backends: where a process's memory lies makes a difference.
    pub sittings: usize,
    /// Rounds a sitting.
    pub rounds: usize,
    /// Tenants of the searches.
    pub searchers: usize,
    /// Rows of each in a table.
    pub search_rows: usize,
    /// Rounds of searches a sitting.
    pub search_rounds: usize,
    /// Live compartments with a schema each, in the smaller house and in the larger one.
    pub live: [usize; 2],
    /// Compartments that come and go before the catalogs are weighed.
    pub lives: usize,
    /// Values that a statement seals or opens.
    pub sealed_values: usize,
    /// Rows that come into a table with a sealed column at once.
    pub sealed_at_once: usize,
    /// Rows among which a sealed value is looked for.
    pub sealed_rows: usize,
    /// Tenants whose keys are rotated.
    pub rotated: usize,
}

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Only {
    /// Everything.
    All,
    /// The searches, and nothing else.
    Search,
    /// Compartments, and nothing else.
    Compartments,
    /// Sealed values, and nothing else.
    Keys,
    /// Rotation of keys, and nothing else.
    Rotation,
}

/// The command line.
pub struct Options {
    /// The server with the library.
    pub server: Server,
    /// The server without it.
    pub without: Server,
    /// How much.
    pub scale: Scale,
    /// What of it.
    pub only: Only,
    /// Says how searches are made.
    pub explain: bool,
    /// Only to see that everything works.
    pub small: bool,
    /// The library was built for debugging.
    pub debug_build: bool,
    /// Where the report goes besides standard output.
    pub out: Option<String>,
    /// Where every single lap goes.
    pub laps: Option<String>,
}

const FULL: Scale = Scale {
    tenants: 1000,
    rows: 1000,
    few: 10,
    many: 10_000,
    sittings: 5,
    rounds: 120,
    searchers: 20,
    search_rows: 10_000,
    search_rounds: 6,
    live: [10, 1000],
    lives: 2000,
    sealed_values: 1000,
    sealed_at_once: 10_000,
    sealed_rows: 1_000_000,
    rotated: 10_000,
};
const SMALL: Scale = Scale {
    tenants: 50,
    rows: 200,
    few: 10,
    many: 100,
    sittings: 1,
    rounds: 3,
    searchers: 20,
    search_rows: 100,
    search_rounds: 2,
    live: [10, 30],
    lives: 20,
    sealed_values: 20,
    sealed_at_once: 100,
    sealed_rows: 2000,
    rotated: 60,
};

impl Options {
    /// Reads `--name value` and `--switch`.
    pub fn read(mut words: impl Iterator<Item = String>) -> Result<Options> {
        let (mut socket, mut without, mut cpu) = (None, None, None);
        let (mut out, mut laps) = (None, None);
        let (mut small, mut debug_build, mut explain) = (false, false, false);
        let mut only = Only::All;
        let mut rounds = None;
        while let Some(word) = words.next() {
            match word.as_str() {
                "--socket" => socket = words.next(),
                "--socket-without" => without = words.next(),
                "--cpu" => cpu = words.next(),
                "--out" => out = words.next(),
                "--laps" => laps = words.next(),
                "--rounds" => rounds = words.next(),
                "--only" => {
                    only = match words.next().as_deref() {
                        Some("search") => Only::Search,
                        Some("compartments") => Only::Compartments,
                        Some("keys") => Only::Keys,
                        Some("rotation") => Only::Rotation,
                        _ => return Err(Failure("--only search, compartments, keys or rotation".into())),
                    }
                }
                "--explain" => explain = true,
                "--small" => small = true,
                "--debug-build" => debug_build = true,
                other => return Err(Failure(format!("not understood: {other}"))),
            }
        }
        let server = |socket: Option<String>, option: &str| {
            let socket = socket.ok_or_else(|| Failure(format!("{option} is missing")))?;
            Ok::<_, Failure>(Server { socket, cpu: cpu.clone() })
        };
        let mut scale = if small { SMALL } else { FULL };
        if let Some(rounds) = rounds {
            scale.rounds = rounds.parse()?;
            // Searches of those who have no index take long.
            scale.search_rounds = if only == Only::Search { scale.rounds } else { scale.rounds.div_ceil(20) };
        }
        Ok(Options {
            server: server(socket, "--socket")?,
            without: server(without, "--socket-without")?,
            scale,
            only,
            explain,
            small,
            debug_build,
            out,
            laps,
        })
    }
}
