//! Errors as data: what the client is told, decided here, raised elsewhere.

use std::fmt;

/// The SQLSTATEs Watertight raises (PostgreSQL documentation, appendix A).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// 28000: a bad or missing token.
    InvalidAuthorization,
    /// 42501: not allowed.
    InsufficientPrivilege,
    /// 22023: a bad argument.
    InvalidParameter,
    /// 55000: something has to be set up first.
    NotInPrerequisiteState,
    /// 42704: there is no such object.
    UndefinedObject,
    /// 42710: there is already such an object.
    DuplicateObject,
    /// 23502: rows would be left without a tenant.
    NotNullViolation,
    /// 42804: a column of a type that cannot serve.
    DatatypeMismatch,
    /// 0A000: not supported.
    FeatureNotSupported,
    /// 42809: an object of the wrong kind.
    WrongObjectType,
    /// 2BP01: other objects depend on it.
    DependentObjects,
    /// 54000: larger than what is accepted.
    ProgramLimitExceeded,
    /// 54001: too little stack is left.
    StatementTooComplex,
    /// 25P01: there is no transaction block.
    NoTransactionBlock,
    /// 53400: over a limit of the installation.
    ConfigurationLimitExceeded,
    /// 55006: in use.
    ObjectInUse,
    /// 3F000: there is no such schema.
    UndefinedSchema,
    /// 22P02: not a value of the type.
    InvalidText,
    /// XX001: what is stored is not what was written.
    DataCorrupted,
    /// 25001: not inside of a transaction block.
    ActiveTransaction,
}

impl Code {
    /// The five characters of the SQLSTATE.
    pub const fn sqlstate(self) -> &'static str {
        match self {
            Code::InvalidAuthorization => "28000",
            Code::InsufficientPrivilege => "42501",
            Code::InvalidParameter => "22023",
            Code::NotInPrerequisiteState => "55000",
            Code::UndefinedObject => "42704",
            Code::DuplicateObject => "42710",
            Code::NotNullViolation => "23502",
            Code::DatatypeMismatch => "42804",
            Code::FeatureNotSupported => "0A000",
            Code::WrongObjectType => "42809",
            Code::DependentObjects => "2BP01",
            Code::ProgramLimitExceeded => "54000",
            Code::StatementTooComplex => "54001",
            Code::NoTransactionBlock => "25P01",
            Code::ConfigurationLimitExceeded => "53400",
            Code::ObjectInUse => "55006",
            Code::UndefinedSchema => "3F000",
            Code::InvalidText => "22P02",
            Code::DataCorrupted => "XX001",
            Code::ActiveTransaction => "25001",
        }
    }
}

/// A refusal in PostgreSQL's style: a message in lower case without a full stop, DETAIL and HINT as
/// sentences. It never carries a token, a key or a value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The SQLSTATE.
    pub code: Code,
    /// The primary message.
    pub message: String,
    /// DETAIL, where it helps.
    pub detail: Option<String>,
    /// HINT: what to do about it.
    pub hint: Option<String>,
}

impl Fault {
    /// A fault with a message only.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Fault { code, message: message.into(), detail: None, hint: None }
    }

    /// Adds DETAIL.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds HINT.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}
