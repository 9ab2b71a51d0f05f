//! What a client is told when a statement fails, and assertions about it.

use std::fmt;

/// An error of the server, with everything in it that a client can read.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Five characters; `08006` when the connection was lost without a word.
    pub sqlstate: String,
    /// The primary message.
    pub message: String,
    /// All fields: severity, message, DETAIL, HINT, CONTEXT, names of objects.
    pub everything: String,
    /// HINT, where there is one.
    pub hint: Option<String>,
}

impl From<postgres::Error> for Failure {
    fn from(error: postgres::Error) -> Failure {
        match error.as_db_error() {
            Some(db) => Failure {
                sqlstate: db.code().code().to_owned(),
                message: db.message().to_owned(),
                everything: format!("{db:?}"),
                hint: db.hint().map(str::to_owned),
            },
            None => Failure {
                sqlstate: "08006".into(),
                message: error.to_string(),
                everything: format!("{error:?}"),
                hint: None,
            },
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.sqlstate, self.message)
    }
}

impl Failure {
    /// The SQLSTATE is one of these (separated by `|`).
    pub fn is(self, sqlstates: &str) -> Failure {
        let expected = sqlstates.split('|').any(|s| s == self.sqlstate);
        assert!(expected, "expected {sqlstates}, got {}", self.everything);
        self
    }

    /// The message contains this text.
    pub fn says(self, text: &str) -> Failure {
        assert!(self.message.contains(text), "expected \"{text}\" in: {}", self.everything);
        self
    }

    /// None of the fields contains this text.
    pub fn never_says(self, text: &str) -> Failure {
        assert!(!self.everything.contains(text), "\"{text}\" in: {}", self.everything);
        self
    }

    /// There is a HINT.
    pub fn hints(self) -> Failure {
        assert!(self.hint.is_some(), "no HINT in: {}", self.everything);
        self
    }
}
