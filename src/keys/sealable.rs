//! Columns whose values cannot be sealed, because somebody needs them who has no key.

use crate::pg::error::raise;
use crate::pg::{family, spi};
use crate::registry::protected::ProtectedTable;
use crate::sys::{lookup, stored};
use pgrx::pg_sys::Oid;
use std::ffi::CString;
use watertight_core::{Code, Fault};

/// Constraints of tables that rows are checked by: name, table, expression.
const CHECKS: &str = "
    SELECT k.conname::pg_catalog.text, k.conrelid, k.conbin::pg_catalog.text
      FROM pg_catalog.pg_constraint AS k
     WHERE k.conrelid OPERATOR(pg_catalog.=) ANY ($1) AND k.contype OPERATOR(pg_catalog.=) 'c' AND k.convalidated
     ORDER BY k.conrelid, k.conname";

/// Refuses what must not be sealed.
pub fn check(relation: Oid, column: &str, entry: &ProtectedTable) {
    let table = lookup::qualified_name(relation).unwrap_or_default();
    let keep_plain = |why: &str| {
        raise(
            Fault::new(
                Code::FeatureNotSupported,
                format!("column \"{column}\" of table {table} cannot be encrypted"),
            )
            .detail(why),
        )
    };
    if column == &*entry.tenant_column {
        keep_plain("It says whose a row is: that is known before there is a key.");
    }
    if Some(column) == entry.compartment_column.as_deref() {
        keep_plain("It says in which compartment a row is: that is known before there is a key.");
    }
    if Some(column) == entry.creator_column.as_deref() {
        keep_plain("It records who has made a row, and is compared without a key.");
    }
    checks(relation, &table, column);
}

/// A constraint of the table, or of one below it, that looks at the value. Whoever restores a dump has the sealed form to show it.
fn checks(relation: Oid, table: &str, column: &str) {
    let found = spi::all(CHECKS, &[family::of(relation).into()], |row| {
        Ok((row.get::<String>(1)?, row.get::<Oid>(2)?, row.get::<String>(3)?))
    });
    let needs = |relation: Option<Oid>, expression: Option<String>| {
        let number = CString::new(column).ok().and_then(|name| lookup::attribute(relation?, &name));
        let expression = expression.and_then(|text| CString::new(text).ok());
        number.zip(expression).is_some_and(|(number, text)| stored::uses_value(&text, number))
    };
    let Some((name, of, _)) = found.into_iter().find(|(_, of, text)| needs(*of, text.clone())) else {
        return;
    };
    let of = of.and_then(lookup::qualified_name).unwrap_or_default();
    raise(
        Fault::new(
            Code::FeatureNotSupported,
            format!("column \"{column}\" of table {table} cannot be encrypted because a CHECK constraint needs its value"),
        )
        .detail(format!(
            "Constraint: \"{}\" of table {of}. When a dump is restored, it would be evaluated on the sealed form.",
            name.unwrap_or_default()
        ))
        .hint("Drop the constraint, and check the value in the application."),
    );
}
