//! A client's connection that remembers what it was told.

use std::sync::{Arc, Mutex};

use postgres::types::ToSql;
use postgres::{Client, Config, NoTls, SimpleQueryMessage};

use crate::cell::Cell;
use crate::{CANARY, Failure, Mode, Walls, literal};

/// The rows of a result, all values as text.
pub type Rows = Vec<Vec<Option<String>>>;

/// A connection in one [`Mode`]. An attacker's session panics as soon as a canary reaches it in a row, an error
/// or a notice.
pub struct Session {
    client: Client,
    mode: Mode,
    major: u32,
    notices: Arc<Mutex<Vec<String>>>,
    watched: bool,
    walls: Walls,
}

pub(crate) fn connect(mut config: Config, major: u32) -> Result<Session, Failure> {
    let notices = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&notices);
    config.notice_callback(move |notice| {
        if let Ok(mut list) = sink.lock() {
            list.push(format!("{notice:?}"));
        }
    });
    let client = config.connect(NoTls)?;
    Ok(Session { client, mode: Mode::Simple, major, notices, watched: false, walls: Walls::Tenants })
}

impl Session {
    /// The same connection with statements sent in another way.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Session {
        if mode == Mode::Parallel {
            let name = if self.major < 16 { "force_parallel_mode" } else { "debug_parallel_query" };
            self.script(&format!("SET {name} = regress"));
        }
        self.mode = mode;
        self
    }

    /// What the statements say of tenants is said of what is between A and B.
    #[must_use]
    pub fn between(mut self, walls: Walls) -> Session {
        self.walls = walls;
        self
    }

    /// From now on a canary of tenant A in anything this session is told fails the test.
    #[must_use]
    pub fn watched(mut self) -> Session {
        self.watched = true;
        self
    }

    /// Presents a token for the session.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Session {
        self.set_token(token);
        self
    }

    /// `SET watertight.token`.
    pub fn set_token(&mut self, token: &str) {
        self.run(&format!("SET watertight.token = {}", literal(token)));
    }

    /// Runs one statement and gives its rows, or the error.
    ///
    /// # Errors
    /// What the server said.
    pub fn attempt(&mut self, sql: &str) -> Result<Rows, Failure> {
        let result = self.send(sql);
        self.watch(sql, &result);
        result
    }

    /// Runs one statement that must succeed.
    pub fn run(&mut self, sql: &str) -> Rows {
        self.attempt(sql).unwrap_or_else(|failure| panic!("{sql}\n{}", failure.everything))
    }

    /// Runs one statement that must fail with one of these SQLSTATEs (separated by `|`).
    pub fn refused(&mut self, sql: &str, sqlstates: &str) -> Failure {
        match self.attempt(sql) {
            Ok(rows) => panic!("{sql}\nshould be refused with {sqlstates}, but gave {rows:?}"),
            Err(failure) if sqlstates.split('|').any(|s| s == failure.sqlstate) => failure,
            Err(failure) => panic!("{sql}\nexpected {sqlstates}, got {}", failure.everything),
        }
    }

    /// Several statements at once, over the simple protocol, whatever the mode; they must succeed.
    pub fn script(&mut self, sql: &str) {
        if let Err(error) = self.client.batch_execute(&self.walls.say(sql)) {
            panic!("{sql}\n{}", Failure::from(error).everything);
        }
    }

    /// The first value of the first row. NULL and no row are an empty text.
    pub fn one(&mut self, sql: &str) -> String {
        self.run(sql).into_iter().next().and_then(|row| row.into_iter().next()).flatten().unwrap_or_default()
    }

    /// The same as a number.
    pub fn number(&mut self, sql: &str) -> i64 {
        let text = self.one(sql);
        text.parse().unwrap_or_else(|_| panic!("{sql}\nno number: {text:?}"))
    }

    /// The first column.
    pub fn column(&mut self, sql: &str) -> Vec<String> {
        self.run(sql).into_iter().map(|row| row.into_iter().next().flatten().unwrap_or_default()).collect()
    }

    /// A query with parameters, over the extended protocol, its statement prepared for this call.
    ///
    /// # Errors
    /// What the server said.
    pub fn query(&mut self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Rows, Failure> {
        let result = self.client.query(&self.walls.say(sql), params).map(cells).map_err(Failure::from);
        self.watch(sql, &result);
        result
    }

    /// Prepares a statement at protocol level.
    pub fn prepare(&mut self, sql: &str) -> postgres::Statement {
        self.client
            .prepare(&self.walls.say(sql))
            .unwrap_or_else(|e| panic!("{sql}\n{}", Failure::from(e).everything))
    }

    /// Runs a prepared statement.
    ///
    /// # Errors
    /// What the server said.
    pub fn execute(
        &mut self,
        statement: &postgres::Statement,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Rows, Failure> {
        let result = self.client.query(statement, params).map(cells).map_err(Failure::from);
        self.watch("a prepared statement", &result);
        result
    }

    /// The control of a leak test: here the canary must come out, or the attack proves nothing.
    pub fn leaks(&mut self, sql: &str) {
        let result = self.send(sql);
        let told = self.told(&result);
        assert!(
            told.contains(CANARY),
            "{sql}\nis no attack: it does not even reveal unprotected data: {told}"
        );
    }

    fn watch(&mut self, sql: &str, result: &Result<Rows, Failure>) {
        if self.watched {
            let told = self.told(result);
            assert!(!told.contains(CANARY), "{sql}\nreveals another tenant's data: {told}");
        }
    }

    /// Everything the client has been told by this result and by notices since the last call.
    fn told(&mut self, result: &Result<Rows, Failure>) -> String {
        let notices = std::mem::take(&mut *self.notices.lock().expect("notices"));
        match result {
            Ok(rows) => format!("{rows:?} {notices:?}"),
            Err(failure) => format!("{} {notices:?}", failure.everything),
        }
    }

    /// Notices since the last look.
    pub fn notices(&mut self) -> Vec<String> {
        std::mem::take(&mut *self.notices.lock().expect("notices"))
    }

    /// `COPY ... TO STDOUT`.
    ///
    /// # Errors
    /// What the server said.
    pub fn copy_out(&mut self, sql: &str) -> Result<String, Failure> {
        let mut text = String::new();
        let mut reader = self.client.copy_out(&self.walls.say(sql))?;
        let end = std::io::Read::read_to_string(&mut reader, &mut text);
        drop(reader);
        let result = match end {
            Ok(_) => Ok(Vec::new()),
            Err(error) => {
                let inner = error.into_inner().expect("an error of the server");
                Err(Failure::from(*inner.downcast::<postgres::Error>().expect("an error of the server")))
            }
        };
        let told = format!("{text} {}", self.told(&result));
        assert!(!self.watched || !told.contains(CANARY), "{sql}\nreveals another tenant's data: {told}");
        result?;
        Ok(text)
    }

    /// `COPY ... FROM STDIN` with these lines.
    ///
    /// # Errors
    /// What the server said.
    pub fn copy_in(&mut self, sql: &str, lines: &str) -> Result<u64, Failure> {
        let mut writer = self.client.copy_in(&self.walls.say(sql))?;
        std::io::Write::write_all(&mut writer, lines.as_bytes()).expect("copy data");
        writer.finish().map_err(Failure::from)
    }

    /// Notifications that have arrived, as `channel payload`.
    pub fn notifications(&mut self) -> Vec<String> {
        use postgres::fallible_iterator::FallibleIterator;
        self.client.simple_query("SELECT 1").expect("a round trip");
        let mut waiting = self.client.notifications();
        let mut list = Vec::new();
        let mut iter = waiting.iter();
        while let Ok(Some(n)) = iter.next() {
            list.push(format!("{} {}", n.channel(), n.payload()));
        }
        list
    }

    /// The process id of the server's side.
    pub fn pid(&mut self) -> i64 {
        self.number("SELECT pg_backend_pid()")
    }

    /// The connection itself, for what has no helper.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    fn send(&mut self, sql: &str) -> Result<Rows, Failure> {
        let sql = &*self.walls.say(sql);
        if self.mode == Mode::Simple {
            let messages = self.client.simple_query(sql)?;
            let rows = messages.into_iter().filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => {
                    Some((0..row.len()).map(|i| row.get(i).map(str::to_owned)).collect())
                }
                _ => None,
            });
            Ok(rows.collect())
        } else {
            Ok(cells(self.client.query(sql, &[])?))
        }
    }
}

fn cells(rows: Vec<postgres::Row>) -> Rows {
    let row = |row: postgres::Row| (0..row.len()).map(|i| row.get::<_, Cell>(i).0).collect();
    rows.into_iter().map(row).collect()
}
