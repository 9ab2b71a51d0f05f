//! The wire protocol by hand, for messages no driver sends.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use crate::Cluster;

/// A connection over the socket.
pub struct Wire(UnixStream);

impl Wire {
    /// Connects and waits until the server is ready.
    pub fn connect(cluster: &Cluster, database: &str, role: &str) -> Wire {
        let socket = cluster.socket().join(format!(".s.PGSQL.{}", cluster.port()));
        let mut wire = Wire(UnixStream::connect(socket).expect("the server's socket"));
        let mut body = 196_608_i32.to_be_bytes().to_vec();
        for text in ["user", role, "database", database, ""] {
            body.extend(text.as_bytes());
            body.push(0);
        }
        wire.write(None, &body);
        wire.until_ready();
        wire
    }

    /// A Query message. Everything the server answers, as one text.
    pub fn query(&mut self, sql: &str) -> String {
        self.write(Some(b'Q'), &[sql.as_bytes(), b"\0"].concat());
        self.until_ready()
    }

    /// Parse and Bind, without Execute: the statement is planned, and waits in a portal.
    pub fn bind_portal(&mut self, portal: &str, sql: &str) -> String {
        self.write(Some(b'P'), &[b"\0", sql.as_bytes(), b"\0", &[0; 2]].concat());
        self.write(Some(b'B'), &[portal.as_bytes(), b"\0\0", &[0; 6]].concat());
        self.write(Some(b'S'), b"");
        self.until_ready()
    }

    /// Execute of a portal that is there already, without Bind.
    pub fn execute_portal(&mut self, portal: &str) -> String {
        self.write(Some(b'E'), &[portal.as_bytes(), b"\0", &0_i32.to_be_bytes()].concat());
        self.write(Some(b'S'), b"");
        self.until_ready()
    }

    /// Parse, Bind and Execute of each statement, and one Sync: a pipeline, and one implicit transaction.
    pub fn pipeline(&mut self, statements: &[&str]) -> String {
        for sql in statements {
            self.write(Some(b'P'), &[b"\0", sql.as_bytes(), b"\0\0\0"].concat());
            self.write(Some(b'B'), &[0; 8]);
            self.write(Some(b'E'), &[0; 5]);
        }
        self.write(Some(b'S'), b"");
        self.until_ready()
    }

    fn write(&mut self, tag: Option<u8>, body: &[u8]) {
        let length = i32::try_from(body.len() + 4).expect("a short message");
        let tag = tag.map_or(Vec::new(), |tag| vec![tag]);
        let message = [&tag[..], &length.to_be_bytes(), body].concat();
        self.0.write_all(&message).expect("the server reads");
    }

    fn until_ready(&mut self) -> String {
        let mut told = String::new();
        loop {
            let mut head = [0; 5];
            self.0.read_exact(&mut head).expect("the server answers");
            let length = i32::from_be_bytes([head[1], head[2], head[3], head[4]]);
            let mut body = vec![0; usize::try_from(length).expect("a length") - 4];
            self.0.read_exact(&mut body).expect("the server answers");
            if head[0] == b'Z' {
                return told;
            }
            told += &String::from_utf8_lossy(&body).replace('\0', " ");
        }
    }
}
