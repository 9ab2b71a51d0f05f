//! What is sent to the server in one network round, encoded.

/// A parameter; binary, but for the last.
#[derive(Clone, Copy)]
pub enum Param<'a> {
    /// uuid
    Uuid([u8; 16]),
    /// bigint
    Int8(i64),
    /// text
    Text(&'a str),
    /// Of any type, as text: what drivers send of types they do not know.
    Written(&'a str),
}

/// One network round: any number of messages, of which some end with "ready for the next request".
#[derive(Default)]
pub struct Request {
    bytes: Vec<u8>,
    answers: usize,
}

impl Request {
    /// Nothing yet: chain the calls below.
    pub fn new() -> Request {
        Request::default()
    }

    /// Statements as text, unprepared: the simple protocol.
    pub fn query(sql: &str) -> Request {
        let mut request = Request { answers: 1, ..Request::default() };
        request.message(b'Q', |body| zero_ended(body, sql));
        request
    }

    /// A statement that takes lines from the client, and the lines.
    pub fn copy(sql: &str, lines: &str) -> Request {
        let mut request = Request::query(sql);
        // As large as psql's are, about.
        for lines in lines.as_bytes().chunks(1 << 13) {
            request.message(b'd', |body| body.extend_from_slice(lines));
        }
        request.message(b'c', |_| ());
        request
    }

    /// Prepares a statement; the empty name is the unnamed one.
    #[must_use]
    pub fn prepare(mut self, name: &str, sql: &str) -> Request {
        self.message(b'P', |body| {
            zero_ended(body, name);
            zero_ended(body, sql);
            body.extend_from_slice(&0_i16.to_be_bytes());
        });
        self
    }

    /// Runs a prepared statement; results are binary.
    #[must_use]
    pub fn execute(mut self, name: &str, params: &[Param<'_>]) -> Request {
        self.message(b'B', |body| {
            zero_ended(body, "");
            zero_ended(body, name);
            formats(body, params);
            body.extend_from_slice(&(params.len() as i16).to_be_bytes());
            for param in params {
                match param {
                    Param::Uuid(uuid) => sized(body, uuid),
                    Param::Int8(number) => sized(body, &number.to_be_bytes()),
                    Param::Text(text) | Param::Written(text) => sized(body, text.as_bytes()),
                }
            }
            body.extend_from_slice(&[0, 1, 0, 1]);
        });
        self.message(b'E', |body| body.extend_from_slice(&[0; 5]));
        self
    }

    /// Ends the pipeline: the server answers what it has.
    #[must_use]
    pub fn sync(mut self) -> Request {
        self.message(b'S', |_| ());
        self.answers += 1;
        self
    }

    /// The encoded messages.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How often the server will say that it is ready.
    pub fn answers(&self) -> usize {
        self.answers
    }

    fn message(&mut self, kind: u8, body: impl FnOnce(&mut Vec<u8>)) {
        self.bytes.push(kind);
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        body(&mut self.bytes);
        let length = (self.bytes.len() - start) as i32;
        self.bytes[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }
}

/// One format for all parameters, if they are all binary, or one for each.
fn formats(body: &mut Vec<u8>, params: &[Param<'_>]) {
    let written = |param: &Param<'_>| matches!(param, Param::Written(_));
    if !params.iter().any(written) {
        return body.extend_from_slice(&[0, 1, 0, 1]);
    }
    body.extend_from_slice(&(params.len() as i16).to_be_bytes());
    for param in params {
        body.extend_from_slice(&i16::from(!written(param)).to_be_bytes());
    }
}

fn zero_ended(body: &mut Vec<u8>, text: &str) {
    body.extend_from_slice(text.as_bytes());
    body.push(0);
}

fn sized(body: &mut Vec<u8>, bytes: &[u8]) {
    body.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
    body.extend_from_slice(bytes);
}
