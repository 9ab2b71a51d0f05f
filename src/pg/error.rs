//! Raising what core decided.

use crate::sys::setting::Refusal;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::{PgLogLevel, PgSqlErrorCode};
use watertight_core::{Code, Fault};

fn sqlstate(code: Code) -> PgSqlErrorCode {
    match code {
        Code::InvalidAuthorization => PgSqlErrorCode::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
        Code::InsufficientPrivilege => PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        Code::InvalidParameter => PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        Code::NotInPrerequisiteState => PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        Code::UndefinedObject => PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
        Code::DuplicateObject => PgSqlErrorCode::ERRCODE_DUPLICATE_OBJECT,
        Code::NotNullViolation => PgSqlErrorCode::ERRCODE_NOT_NULL_VIOLATION,
        Code::DatatypeMismatch => PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
        Code::FeatureNotSupported => PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
        Code::WrongObjectType => PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
        Code::ProgramLimitExceeded => PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
        Code::StatementTooComplex => PgSqlErrorCode::ERRCODE_STATEMENT_TOO_COMPLEX,
        Code::DependentObjects => PgSqlErrorCode::ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST,
        Code::NoTransactionBlock => PgSqlErrorCode::ERRCODE_NO_ACTIVE_SQL_TRANSACTION,
        Code::ConfigurationLimitExceeded => PgSqlErrorCode::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
        Code::ObjectInUse => PgSqlErrorCode::ERRCODE_OBJECT_IN_USE,
        Code::UndefinedSchema => PgSqlErrorCode::ERRCODE_INVALID_SCHEMA_NAME,
        Code::InvalidText => PgSqlErrorCode::ERRCODE_INVALID_TEXT_REPRESENTATION,
        Code::DataCorrupted => PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
        Code::ActiveTransaction => PgSqlErrorCode::ERRCODE_ACTIVE_SQL_TRANSACTION,
    }
}

fn report(fault: Fault) -> ErrorReport {
    let mut report = ErrorReport::new(sqlstate(fault.code), fault.message, "watertight");
    if let Some(detail) = fault.detail {
        report = report.set_detail(detail);
    }
    if let Some(hint) = fault.hint {
        report = report.set_hint(hint);
    }
    report
}

/// Raises an ERROR.
pub fn raise(fault: Fault) -> ! {
    report(fault).report(PgLogLevel::ERROR);
    unreachable!("an ERROR does not return")
}

/// Sends a WARNING.
pub fn warn(fault: Fault) {
    report(fault).report(PgLogLevel::WARNING);
}

/// `?` at the end of a chain of decisions: the value, or an ERROR.
pub trait OrRaise<T> {
    /// The value, or an ERROR.
    fn or_raise(self) -> T;
}

impl<T, E: Into<Fault>> OrRaise<T> for Result<T, E> {
    fn or_raise(self) -> T {
        match self {
            Ok(value) => value,
            Err(error) => raise(error.into()),
        }
    }
}

/// An SPI error that is not a PostgreSQL error by itself: wrong result type or column. A bug of ours.
pub fn internal(error: pgrx::spi::Error) -> Fault {
    Fault::new(Code::NotInPrerequisiteState, format!("watertight could not read its catalog: {error}"))
}

/// As a setting's check hook reports it.
pub fn refusal(fault: Fault) -> Refusal {
    Refusal {
        sqlstate: sqlstate(fault.code) as i32,
        message: fault.message,
        detail: fault.detail,
        hint: fault.hint,
    }
}
