//! Indexes that cannot be built again once their column is encrypted: PostgreSQL's errors about them do not name them.

use crate::pg::{family, spi};
use crate::sys::stored;
use pgrx::pg_sys::Oid;
use std::ffi::CString;
use watertight_core::{Code, Fault};

/// $1: the tables that are rewritten, $2: the column, $3: whether the new type has B-tree and hash operator classes of its own. Each index: its name, whether the column is one of its keys in a way that the new type has not, the column's
/// number, and its expressions and its condition.
const INDEXES: &str = "
    SELECT c.oid::pg_catalog.regclass::pg_catalog.text,
           EXISTS (
               SELECT FROM pg_catalog.generate_series(0, i.indnkeyatts OPERATOR(pg_catalog.-) 1) AS k (n)
                 JOIN pg_catalog.pg_opclass AS o ON o.oid OPERATOR(pg_catalog.=) i.indclass[k.n]
                WHERE i.indkey[k.n] OPERATOR(pg_catalog.=) a.attnum
                  AND NOT ($3 AND m.amname IN ('btree', 'hash') AND o.opcdefault
                           AND i.indcollation[k.n] OPERATOR(pg_catalog.=) a.attcollation)),
           a.attnum, i.indexprs::pg_catalog.text, i.indpred::pg_catalog.text
      FROM pg_catalog.pg_attribute AS a
      JOIN pg_catalog.pg_index AS i ON i.indrelid OPERATOR(pg_catalog.=) a.attrelid
      JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
      JOIN pg_catalog.pg_am AS m ON m.oid OPERATOR(pg_catalog.=) c.relam
     WHERE a.attrelid OPERATOR(pg_catalog.=) ANY ($1) AND a.attname OPERATOR(pg_catalog.=) $2
     ORDER BY 1";

/// # Errors
/// 2BP01 if there are any.
pub fn check(relation: Oid, table: &str, column: &str, searchable: bool) -> Result<(), Fault> {
    // What inherits from the table is rewritten with it.
    let tables = family::of(relation);
    let indexes = spi::all(INDEXES, &[tables.into(), column.into(), searchable.into()], |row| {
        let expressions = [row.get::<String>(4)?, row.get::<String>(5)?];
        Ok((row.get::<String>(1)?, row.get::<bool>(2)?, row.get::<i16>(3)?, expressions))
    });
    let unfit: Vec<String> = indexes
        .into_iter()
        .filter(|(_, key, column, expressions)| {
            *key == Some(true)
                || column.is_some_and(|column| expressions.iter().flatten().any(|tree| uses(tree, column)))
        })
        .filter_map(|(name, ..)| name)
        .collect();
    if unfit.is_empty() {
        return Ok(());
    }
    Err(Fault::new(
        Code::DependentObjects,
        format!("cannot encrypt column \"{column}\" because of indexes that an encrypted column cannot have"),
    )
    .detail(format!("On table {table}: {}.", unfit.join(", ")))
    .hint(if searchable {
        "Drop them first, or the constraints that they belong to. A searchable column can have B-tree and hash indexes of the default operator class; neither expressions nor conditions can use it, but for IS NULL."
    } else {
        "Drop them first, or the constraints that they belong to. With searchable => true the column can have B-tree and hash indexes of the default operator class."
    }))
}

fn uses(tree: &str, column: i16) -> bool {
    CString::new(tree).is_ok_and(|tree| stored::uses_value(&tree, column))
}
