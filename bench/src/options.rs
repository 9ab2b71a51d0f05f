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
}

/// The command line.
pub struct Options {
    /// The server with the library.
    pub server: Server,
    /// The server without it.
    pub without: Server,
    /// How much.
    pub scale: Scale,
    /// The searches, and nothing else.
    pub only_search: bool,
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
};

impl Options {
    /// Reads `--name value` and `--switch`.
    pub fn read(mut words: impl Iterator<Item = String>) -> Result<Options> {
        let (mut socket, mut without, mut cpu) = (None, None, None);
        let (mut out, mut laps) = (None, None);
        let (mut small, mut debug_build, mut explain) = (false, false, false);
        let mut only_search = false;
        let mut rounds = None;
        while let Some(word) = words.next() {
            match word.as_str() {
                "--socket" => socket = words.next(),
                "--socket-without" => without = words.next(),
                "--cpu" => cpu = words.next(),
                "--out" => out = words.next(),
                "--laps" => laps = words.next(),
                "--rounds" => rounds = words.next(),
                "--only" if words.next().as_deref() == Some("search") => only_search = true,
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
            scale.search_rounds = if only_search { scale.rounds } else { scale.rounds.div_ceil(20) };
        }
        Ok(Options {
            server: server(socket, "--socket")?,
            without: server(without, "--socket-without")?,
            scale,
            only_search,
            explain,
            small,
            debug_build,
            out,
            laps,
        })
    }
}
