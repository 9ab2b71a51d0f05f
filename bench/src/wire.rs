//! A connection that speaks PostgreSQL's protocol and nothing else: requests are encoded before the clock starts, and
//! what comes back is counted, not decoded. So the client's own share of a round trip is two system calls.

use crate::request::Request;
use crate::{Failure, Result};
use std::io::{Read, Write};
use std::ops::Range;
use std::os::unix::net::UnixStream;

/// A connection over a Unix socket.
pub struct Wire {
    stream: UnixStream,
    buffer: Vec<u8>,
    /// What of the buffer has arrived and is not read yet.
    pending: Range<usize>,
}

/// A row of text values.
pub type Row = Vec<Option<String>>;

impl Wire {
    /// Connects; the server must trust us.
    pub fn connect(socket: &str, user: &str, database: &str) -> Result<Wire> {
        let stream = UnixStream::connect(socket).map_err(|e| Failure(format!("{socket}: {e}")))?;
        let mut wire = Wire { stream, buffer: vec![0; 1 << 16], pending: 0..0 };
        let mut body = 196_608_i32.to_be_bytes().to_vec();
        for text in ["user", user, "database", database, ""] {
            body.extend_from_slice(text.as_bytes());
            body.push(0);
        }
        let length = i32::try_from(body.len() + 4)?;
        wire.stream.write_all(&[&length.to_be_bytes()[..], &body].concat())?;
        wire.drain(1, |_, _| ())?;
        Ok(wire)
    }

    /// Sends a request and waits for all of its answer; returns how many rows it has.
    pub fn exchange(&mut self, request: &Request) -> Result<usize> {
        self.stream.write_all(request.bytes())?;
        let mut rows = 0;
        self.drain(request.answers(), |kind, _| rows += usize::from(kind == b'D'))?;
        Ok(rows)
    }

    /// Runs statements, separated by semicolons; returns the rows of all of them as text.
    pub fn rows(&mut self, sql: &str) -> Result<Vec<Row>> {
        let rows = self.ask(&Request::query(sql));
        rows.map_err(|Failure(e)| Failure(format!("{e}\nin: {}", sql.chars().take(300).collect::<String>())))
    }

    /// Sends a request and waits for all of its answer; returns the rows, whose values must be texts.
    pub fn ask(&mut self, request: &Request) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        self.stream.write_all(request.bytes())?;
        self.drain(request.answers(), |kind, body| {
            if kind == b'D' {
                rows.push(row(body));
            }
        })?;
        Ok(rows)
    }

    /// The first value of the first row.
    pub fn value(&mut self, sql: &str) -> Result<String> {
        let first = self.rows(sql)?.into_iter().next().and_then(|row| row.into_iter().next().flatten());
        first.ok_or_else(|| Failure(format!("no value: {sql}")))
    }

    /// Runs statements whose rows nobody reads.
    pub fn run(&mut self, sql: &str) -> Result<()> {
        self.rows(sql).map(drop)
    }

    /// Reads until the server was ready for the next request `times` times.
    fn drain(&mut self, times: usize, mut each: impl FnMut(u8, &[u8])) -> Result<()> {
        let mut ready = 0;
        let mut failed = None;
        while ready < times {
            let (kind, body) = self.message()?;
            let body = &self.buffer[body];
            match kind {
                b'Z' => ready += 1,
                b'E' => failed = Some(failed.unwrap_or_else(|| error_text(body))),
                b'R' if body != [0, 0, 0, 0] => return Err(Failure("the server wants a password".into())),
                _ => each(kind, body),
            }
            if let (Some(error), true) = (&failed, kind == b'E' && body.starts_with(b"SFATAL")) {
                return Err(Failure(error.clone()));
            }
        }
        failed.map_or(Ok(()), |error| Err(Failure(error)))
    }

    fn message(&mut self) -> Result<(u8, Range<usize>)> {
        self.fill(5)?;
        let at = self.pending.start;
        let mut length = [0; 4];
        length.copy_from_slice(&self.buffer[at + 1..at + 5]);
        let whole = usize::try_from(i32::from_be_bytes(length))? + 1;
        self.fill(whole)?;
        let at = self.pending.start;
        self.pending.start += whole;
        Ok((self.buffer[at], at + 5..at + whole))
    }

    /// Makes sure that this many bytes are pending.
    fn fill(&mut self, bytes: usize) -> Result<()> {
        if self.pending.len() >= bytes {
            return Ok(());
        }
        if self.pending.start + bytes > self.buffer.len() || self.pending.is_empty() {
            self.buffer.copy_within(self.pending.clone(), 0);
            self.pending = 0..self.pending.len();
        }
        if bytes > self.buffer.len() {
            self.buffer.resize(bytes, 0);
        }
        while self.pending.len() < bytes {
            let read = self.stream.read(&mut self.buffer[self.pending.end..])?;
            if read == 0 {
                return Err(Failure("the server closed the connection".into()));
            }
            self.pending.end += read;
        }
        Ok(())
    }
}

fn row(body: &[u8]) -> Row {
    let mut rest = body.get(2..).unwrap_or_default();
    let mut row = Row::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(i32::from_be_bytes(*length));
        let value = length.ok().and_then(|n| after.get(..n));
        rest = &after[value.map_or(0, <[u8]>::len)..];
        row.push(value.map(|v| String::from_utf8_lossy(v).into_owned()));
    }
    row
}

/// Message and SQLSTATE of an error.
fn error_text(body: &[u8]) -> String {
    let field = |tag: u8| {
        let found = body.split(|b| *b == 0).find(|f| f.first() == Some(&tag));
        found.map(|f| String::from_utf8_lossy(&f[1..]).into_owned()).unwrap_or_default()
    };
    format!("{} {}: {} {}", field(b'S'), field(b'C'), field(b'M'), field(b'D'))
}
