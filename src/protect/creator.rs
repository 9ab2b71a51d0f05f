//! The trigger that keeps a creator column true.

use super::moved;
use crate::context;
use crate::pg::error::raise;
use crate::registry::protected;
use crate::sys::lookup;
use pgrx::prelude::*;
use std::convert::Infallible;
use watertight_core::{Code, Fault};

/// Text for any column that stores what text stores (text, varchar, citext): `check_column` has seen to the type.
struct Text(Option<String>);

impl IntoDatum for Text {
    fn into_datum(self) -> Option<pg_sys::Datum> {
        self.0.into_datum()
    }

    fn type_oid() -> pg_sys::Oid {
        pg_sys::TEXTOID
    }

    fn is_compatible_with(_other: pg_sys::Oid) -> bool {
        true
    }
}

/// On INSERT the creator is the token's e-mail address or user; on UPDATE it stays who it was, also
/// where the UPDATE moves the row into another partition. Without a token (a restore, an
/// administrator's repair) the row says what it says.
///
/// # Errors
/// 22001 for a name that the column is too short for; 28000 for a token that does not count.
#[pg_trigger(sql = false)]
fn record_creator<'a>(
    trigger: &'a PgTrigger<'a>,
) -> Result<Option<PgHeapTuple<'a, impl WhoAllocated>>, Infallible> {
    let arguments = trigger.extra_args().unwrap_or_default();
    let (Some(new), Some(column)) = (trigger.new(), arguments.first()) else { misused() };
    let mut row = new.into_owned();
    if let Some(creator) = context::creator() {
        check_column(trigger, &row, column);
        let present: Option<String> = row.get_by_name(column).unwrap_or_else(|_| misused());
        let wanted = match trigger.old() {
            Some(old) => {
                let creator: Option<String> = old.get_by_name(column).unwrap_or_else(|_| misused());
                moved::leaves(trigger.trigger_data(), creator.as_deref());
                creator
            }
            None => trigger.relid().ok().and_then(moved::arrives).unwrap_or(Some(creator)),
        };
        if present != wanted {
            check_length(&row, column, wanted.as_deref());
            row.set_by_name(column, Text(wanted)).unwrap_or_else(|_| misused());
        }
    }
    Ok(Some(row))
}

/// Anybody can put a trigger on a table of their own. On a registered table this one answers for the column that `protect()` has
/// registered, on others (copies of protected tables in a compartment's own schema are not registered) for any, and only as long
/// as the column stores text: the row is built without casts.
fn check_column(trigger: &PgTrigger<'_>, row: &PgHeapTuple<'_, impl WhoAllocated>, column: &str) {
    let registered = trigger.relid().ok().and_then(protected::get);
    let is_the_one = registered.is_none_or(|table| table.creator_column.as_deref() == Some(column));
    let stores_text = row
        .get_attribute_by_name(column)
        .is_some_and(|(_, attribute)| lookup::stores_text(attribute.type_oid().value()));
    if !is_the_one || !stores_text {
        misused();
    }
}

/// The row is built without casts, so `varchar(n)` has to be kept here. Cutting the name would name somebody else.
fn check_length(row: &PgHeapTuple<'_, impl WhoAllocated>, column: &str, value: Option<&str>) {
    let modifier = row.get_attribute_by_name(column).map_or(-1, |(_, attribute)| attribute.type_mod());
    let (Ok(limit), Some(value)) = (usize::try_from(modifier - 4), value) else { return };
    if value.chars().count() > limit {
        ereport!(
            ERROR,
            PgSqlErrorCode::ERRCODE_STRING_DATA_RIGHT_TRUNCATION,
            format!("the creator's name is too long for column \"{column}\""),
            format!("The column is varchar({limit}).")
        );
    }
}

fn misused() -> ! {
    raise(
        Fault::new(
            Code::NotInPrerequisiteState,
            "record_creator must be a row trigger on a text column it is given",
        )
        .hint("Create it with watertight.protect()."),
    )
}
