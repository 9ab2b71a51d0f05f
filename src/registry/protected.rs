//! Which tables are protected, as a backend holds it: read once, again when the registry says it changed.

use crate::pg::ext;
use crate::sys::local::{Local, LocalRef};
use crate::sys::scan;
use pgrx::pg_sys::Oid;
use std::rc::Rc;
use watertight_core::numbers::{NumberMap, number_map};

/// A row of watertight.protected_tables.
#[derive(Clone, Debug)]
pub struct ProtectedTable {
    /// The column that holds the tenant.
    pub tenant_column: Box<str>,
    /// The column that records the creator.
    pub creator_column: Option<Box<str>>,
    /// Keys include the tenant column, and the compartment column where there is one.
    pub scope_keys: bool,
    /// The column that holds the compartment.
    pub compartment_column: Option<Box<str>>,
}

type Set = Rc<NumberMap<Oid, ProtectedTable>>;

static HELD_AT: Local<u64> = Local::new(0);
static HELD: LocalRef<Option<Set>> = LocalRef::new(None);

/// All protected tables; empty where the extension is not installed.
pub fn all() -> Set {
    let Some(tables) = ext::tables() else { return Set::default() };
    if is_held()
        && let Some(set) = HELD.with(Option::clone)
    {
        return set;
    }
    let generation = ext::protection_generation();
    let mut set = number_map();
    scan::each(tables.protected_tables, None, |row| {
        if let (Some(relation), Some(tenant_column)) = (row.get::<Oid>(1), row.name(2)) {
            let creator_column = row.name(3).map(String::into_boxed_str);
            let entry = ProtectedTable {
                tenant_column: tenant_column.into_boxed_str(),
                creator_column,
                scope_keys: row.get(4).unwrap_or(false),
                compartment_column: row.name(5).map(String::into_boxed_str),
            };
            set.insert(relation, entry);
        }
        true
    });
    let set = Rc::new(set);
    HELD.with_mut(|held| *held = Some(set.clone()));
    HELD_AT.set(generation);
    set
}

/// The entry of one table.
pub fn get(relation: Oid) -> Option<ProtectedTable> {
    all().get(&relation).cloned()
}

/// Whether there is one.
pub fn contains(relation: Oid) -> bool {
    if ext::tables().is_some() && is_held() {
        return HELD.with(|held| held.as_ref().is_some_and(|set| set.contains_key(&relation)));
    }
    all().contains_key(&relation)
}

fn is_held() -> bool {
    HELD_AT.get() == ext::protection_generation() && HELD.with(Option::is_some)
}
