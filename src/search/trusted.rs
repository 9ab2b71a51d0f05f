//! Operators that a superuser vouches for: `watertight.trusted_operators`.
//!
//! What is trusted is a symbol of a library, because that is what runs: who owns a function in another language may
//! replace it, and what it calls is looked up when it runs.

use crate::pg::arguments::required;
use crate::pg::error::raise;
use crate::pg::{ext, role, spi};
use crate::sys::local::{Local, LocalRef};
use crate::sys::lookup::{self, Implementation};
use crate::sys::scan;
use pgrx::pg_sys::Oid;
use pgrx::prelude::*;
use std::collections::BTreeSet;
use watertight_core::{Code, Fault};

type Symbol = (String, String);

static HELD_AT: Local<u64> = Local::new(0);
static HELD: LocalRef<BTreeSet<Symbol>> = LocalRef::new(BTreeSet::new());

/// Whether a superuser vouches for a C function.
pub fn contains(symbol: &Symbol) -> bool {
    let generation = ext::trusted_generation();
    if HELD_AT.get() != generation {
        let set = read();
        HELD.with_mut(|held| *held = set);
        HELD_AT.set(generation);
    }
    HELD.with(|held| held.contains(symbol))
}

fn read() -> BTreeSet<Symbol> {
    let mut set = BTreeSet::new();
    if let Some(tables) = ext::tables() {
        scan::each(tables.trusted_operators, None, |row| {
            set.extend(row.get::<String>(1).zip(row.get::<String>(2)));
            true
        });
    }
    set
}

/// Vouches for an operator's function: no stored value makes it fail, report or do anything.
///
/// # Errors
/// 42501 for anybody but a superuser; 0A000 for a function that is not in C; 22023 without a reason.
#[pg_extern(sql = false)]
fn trust_operator(operator: Option<Oid>, reason: Option<&str>) {
    trust(lookup::operator_function(required("operator", operator)), reason);
}

/// The same for a function, as in an index on an expression.
#[pg_extern(sql = false)]
fn trust_function(function: Option<Oid>, reason: Option<&str>) {
    trust(required("function", function), reason);
}

fn trust(function: Oid, reason: Option<&str>) {
    require_superuser();
    let reason = required("reason", reason);
    if reason.trim().is_empty() {
        raise(Fault::new(Code::InvalidParameter, "reason must not be empty"));
    }
    let (library, symbol) = symbol(function);
    spi::run(
        "INSERT INTO watertight.trusted_operators (library, symbol, function, reason, trusted_by)
         VALUES ($1, $2, $3::pg_catalog.regprocedure::pg_catalog.text, $4, $5)
         ON CONFLICT (library, symbol) DO UPDATE SET function = excluded.function, reason = excluded.reason,
             trusted_by = excluded.trusted_by, trusted_at = pg_catalog.now()",
        &[library.into(), symbol.into(), function.into(), reason.into(), role::caller_name().into()],
    );
}

/// Takes back `trust_operator`. True if there was something to take back.
///
/// # Errors
/// 42501 for anybody but a superuser.
#[pg_extern(sql = false)]
fn distrust_operator(operator: Option<Oid>) -> bool {
    distrust(lookup::operator_function(required("operator", operator)))
}

/// Takes back `trust_function`. True if there was something to take back.
///
/// # Errors
/// 42501 for anybody but a superuser.
#[pg_extern(sql = false)]
fn distrust_function(function: Option<Oid>) -> bool {
    distrust(required("function", function))
}

fn distrust(function: Oid) -> bool {
    require_superuser();
    let (library, symbol) = symbol(function);
    let gone = Spi::get_one_with_args::<String>(
        "DELETE FROM watertight.trusted_operators WHERE library = $1 AND symbol = $2 RETURNING symbol",
        &[library.into(), symbol.into()],
    );
    matches!(gone, Ok(Some(_)))
}

fn require_superuser() {
    if !role::is_superuser(role::current()) {
        raise(
            Fault::new(Code::InsufficientPrivilege, "permission denied to say which functions are trusted")
                .hint("Only superusers may do this."),
        );
    }
}

fn symbol(function: Oid) -> Symbol {
    match lookup::implementation(function) {
        Some(Implementation::Library { library, symbol }) => (library, symbol),
        Some(Implementation::Internal) => raise(
            Fault::new(
                Code::FeatureNotSupported,
                "functions of PostgreSQL itself cannot be trusted or distrusted",
            )
            .hint("Watertight's own list of them says which are safe; the others are left out for a reason."),
        ),
        None => raise(Fault::new(Code::FeatureNotSupported, "only functions in C can be trusted").detail(
            "A function in another language can be replaced by its owner, and finds what it calls by name.",
        )),
    }
}

/// Writes every change of the table, by whatever means, to the server's log.
#[pg_trigger(sql = false)]
fn log_trusted_operator<'a>(
    trigger: &'a PgTrigger<'a>,
) -> Result<Option<PgHeapTuple<'a, impl WhoAllocated>>, std::convert::Infallible> {
    let text = |row: &Option<PgHeapTuple<'a, AllocatedByPostgres>>, column: &str| -> Option<String> {
        row.as_ref()?.get_by_name::<String>(column).ok().flatten()
    };
    let (old, new) = (trigger.old(), trigger.new());
    let (row, done) = match (&old, &new) {
        (_, Some(_)) => (&new, "trusted"),
        _ => (&old, "no longer trusted"),
    };
    let field = |column| text(row, column).unwrap_or_default();
    let (function, symbol, library) = (field("function"), field("symbol"), field("library"));
    let (caller, reason) = (role::caller_name(), field("reason"));
    pgrx::log!("function {function} ({symbol} in {library}) is {done} by \"{caller}\": {reason}");
    Ok(None::<PgHeapTuple<'a, AllocatedByPostgres>>)
}
