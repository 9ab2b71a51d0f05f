//! One value of a row, sealed or opened for the tenant and the compartment of that row: for the statements of `encrypt_column()` and
//! `decrypt_column()`.
//!
//! They run the code of the table's owner as well (constraints, indexes), and that must not have any tenant's value opened. So no
//! context is entered, and whoever calls these functions shows a ticket: a random number that stands in the statement's text, which
//! nothing that the statement calls gets to see, and that counts as long as the statement runs.

use super::casts::{jsonb_of, seal_jsonb};
use super::kinds::{Bytea, Form, Jsonb, Searchable, Text, Type};
use super::value::{open_for_row, seal};
use crate::compartment::{self, Compartment};
use crate::keys::ring::Here;
use crate::pg::error::raise;
use crate::pg::ext;
use crate::registry::{self, Tenant};
use crate::sys::function::{Call, raw_function};
use crate::sys::local::{Local, LocalRef};
use crate::sys::{random, xact};
use pgrx::pg_sys::Datum;
use std::collections::BTreeMap;
use uuid::Uuid;
use watertight_core::token::TenantRef;
use watertight_core::{Code, Fault};

/// What a statement does to every row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// It seals values.
    Seal,
    /// It opens them.
    Open,
}

/// How a tenant column names a tenant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// By its id.
    Id = 0,
    /// By its name.
    Name = 1,
    /// By its integer key.
    Key = 2,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Ticket {
    number: i64,
    work: Work,
    /// It does not outlive the transaction, whatever becomes of the statement.
    transaction: u64,
}

static TICKET: Local<Option<Ticket>> = Local::new(None);

/// Whose rows the statement has met, as the tenant column names them, and where.
struct Met {
    tenants: BTreeMap<Box<[u8]>, &'static Tenant>,
    compartments: BTreeMap<[u8; 16], ([u8; 16], &'static Compartment)>,
}

static MET: LocalRef<Met> = LocalRef::new(Met { tenants: BTreeMap::new(), compartments: BTreeMap::new() });

struct Over(Option<Ticket>);

impl Drop for Over {
    fn drop(&mut self) {
        TICKET.set(self.0);
        forget_rows();
    }
}

fn forget_rows() {
    MET.with_mut(|met| {
        met.tenants.clear();
        met.compartments.clear();
    });
}

/// Whether a statement is at work on all tenants' rows.
pub fn is_at_work() -> bool {
    TICKET.get().is_some()
}

/// Runs `f`, a statement that works on rows and is given the ticket for that.
pub fn with_ticket<R>(work: Work, f: impl FnOnce(i64) -> R) -> R {
    let mut bytes = [0; 8];
    if !random::fill(&mut bytes) {
        raise(Fault::new(Code::NotInPrerequisiteState, "the system has no random numbers"));
    }
    // Not negative: it is written into the statement as it is.
    let number = i64::from_ne_bytes(bytes) & i64::MAX;
    let _over = Over(TICKET.get());
    forget_rows();
    TICKET.set(Some(Ticket { number, work, transaction: xact::serial() }));
    f(number)
}

// The arguments.
const NUMBER: usize = 0;
const BY: usize = 1;
const TENANT: usize = 2;
const COMPARTMENT: usize = 3;
const VALUE: usize = 4;

fn check(call: Call, work: Work) {
    let shown =
        call.word(NUMBER).map(|number| Ticket { number: number as i64, work, transaction: xact::serial() });
    if shown.is_none() || shown != TICKET.get() {
        raise(Fault::new(
            Code::InsufficientPrivilege,
            "only encrypt_column and decrypt_column seal and open values for their rows",
        ));
    }
}

/// Whose the row is, and where it is.
fn here(call: Call) -> Here {
    let Some(name) = call.content(TENANT) else {
        raise(
            Fault::new(Code::NotNullViolation, "a row has no tenant")
                .detail("Its value belongs to nobody who could have a key."),
        )
    };
    let tenant = MET.with(|met| met.tenants.get(name).copied()).unwrap_or_else(|| {
        let tenant = find(call.word(BY), name);
        MET.with_mut(|met| met.tenants.insert(name.into(), tenant));
        tenant
    });
    let id = call.bytes::<16>(COMPARTMENT).copied().unwrap_or_default();
    let (of, compartment) = if id == [0; 16] {
        (tenant.id, compartment::alone(Uuid::nil()))
    } else {
        MET.with(|met| met.compartments.get(&id).copied()).unwrap_or_else(|| {
            let found = enter(Uuid::from_bytes(id));
            MET.with_mut(|met| met.compartments.insert(id, found));
            found
        })
    };
    if of != tenant.id {
        raise(no_such_compartment());
    }
    Here { tenant, compartment }
}

fn find(by: Option<usize>, name: &[u8]) -> &'static Tenant {
    let name = std::str::from_utf8(name).ok();
    let claim = name.and_then(|name| match by {
        Some(by) if by == By::Id as usize => Uuid::try_parse(name).ok().map(TenantRef::Id),
        Some(by) if by == By::Key as usize => name.parse().ok().map(TenantRef::Key),
        _ => Some(TenantRef::Name(name)),
    });
    let found = ext::tables().zip(claim).and_then(|(tables, claim)| registry::find(&tables, claim));
    let Some((tenant, _)) = found else {
        raise(Fault::new(Code::UndefinedObject, "a row belongs to a tenant that does not exist"))
    };
    tenant
}

/// A compartment, and whose it is.
fn enter(id: Uuid) -> ([u8; 16], &'static Compartment) {
    let stored = ext::tables().and_then(|tables| compartment::stored(&tables, id));
    let Some((stored, tenant)) = stored.and_then(|stored| stored.tenant.map(|tenant| (stored, tenant)))
    else {
        raise(no_such_compartment())
    };
    if stored.ephemeral {
        raise(
            Fault::new(Code::ObjectInUse, "a row belongs to an ephemeral compartment")
                .detail(
                    "Its key is in shared memory only, and what is in it is never to be written elsewhere.",
                )
                .hint("Wait until the rows are gone with their session, or delete them."),
        );
    }
    (tenant.into_bytes(), compartment::alone(id))
}

fn no_such_compartment() -> Fault {
    Fault::new(Code::UndefinedObject, "a row belongs to a compartment that its tenant does not have")
}

fn seal_in_row<T: Type>(call: Call) -> Datum {
    check(call, Work::Seal);
    call.content(VALUE).map_or_else(|| call.null(), |plaintext| seal(T::KIND, here(call), b"", plaintext))
}

fn seal_jsonb_in_row(call: Call) -> Datum {
    check(call, Work::Seal);
    call.word(VALUE).map_or_else(|| call.null(), |value| seal_jsonb(here(call), Datum::from(value)))
}

fn open_in_row<T: Type>(call: Call) -> Datum {
    check(call, Work::Open);
    let Some(value) = call.content(VALUE) else { return call.null() };
    open_for_row(T::KIND, here(call), None, value, Form::Varlena, T::IS_TEXT)
}

fn open_jsonb_in_row(call: Call) -> Datum {
    check(call, Work::Open);
    let Some(value) = call.content(VALUE) else { return call.null() };
    jsonb_of(open_for_row(Jsonb::KIND, here(call), None, value, Form::CString, true))
}

raw_function!(wt_seal_text_in_row, pg_finfo_wt_seal_text_in_row, seal_in_row::<Text>);
raw_function!(wt_seal_searchable_in_row, pg_finfo_wt_seal_searchable_in_row, seal_in_row::<Searchable>);
raw_function!(wt_seal_bytea_in_row, pg_finfo_wt_seal_bytea_in_row, seal_in_row::<Bytea>);
raw_function!(wt_seal_jsonb_in_row, pg_finfo_wt_seal_jsonb_in_row, seal_jsonb_in_row);
raw_function!(wt_open_text_in_row, pg_finfo_wt_open_text_in_row, open_in_row::<Text>);
raw_function!(wt_open_searchable_in_row, pg_finfo_wt_open_searchable_in_row, open_in_row::<Searchable>);
raw_function!(wt_open_bytea_in_row, pg_finfo_wt_open_bytea_in_row, open_in_row::<Bytea>);
raw_function!(wt_open_jsonb_in_row, pg_finfo_wt_open_jsonb_in_row, open_jsonb_in_row);
