//! Foreign keys that would keep a compartment's rows.

use super::fixture::*;
use super::*;

fn roomy() -> Options {
    Options { compartment_column: Some("room".into()), ..options() }
}

/// `app.lines.order_id -> app.orders.id`; `child` says whether lines have compartments.
fn referenced(child: bool, change: impl FnOnce(&mut ForeignKeyFacts)) -> TableFacts {
    let mut key = foreign_key();
    if child && let Some(tenant) = &mut key.child.tenant {
        tenant.compartment = Some("cell".into());
    }
    change(&mut key);
    TableFacts { referenced_by: vec![key], ..orders() }
}

#[test]
fn what_could_hold_rows_is_refused() {
    for (child, on_delete, hint) in [
        (true, 'a', "scope_keys"),
        (true, 'r', "scope_keys"),
        (true, 'd', "scope_keys"),
        (false, 'a', "compartment_column"),
        // Its own rows may be held by others.
        (false, 'c', "compartment_column"),
    ] {
        let fault = fault(&[referenced(child, |key| key.on_delete = on_delete)], &roomy());
        assert_eq!(fault.code, Code::DependentObjects, "{child} {on_delete}");
        assert!(fault.hint.as_deref().is_some_and(|text| text.contains(hint)), "{fault:?}");
    }
    // NOT NULL: it cannot be cleared.
    let table = referenced(true, |key| (key.on_delete, key.clears) = ('n', false));
    assert_eq!(fault(&[table], &roomy()).code, Code::DependentObjects);
}

#[test]
fn what_gives_way_stays() {
    for (child, change) in [
        (true, (|key| key.on_delete = 'c') as fn(&mut ForeignKeyFacts)),
        (true, |key| (key.on_delete, key.clears) = ('n', true)),
        (false, |key| (key.on_delete, key.clears) = ('n', true)),
        (false, |key| key.enforced = false),
        (false, |key| key.inherited = true),
        (true, |key| {
            key.columns = strings(&["tenant_id", "cell", "order_id"]);
            key.referenced = strings(&["tenant_id", "room", "id"]);
        }),
    ] {
        assert!(plan(&[referenced(child, change)], &roomy()).is_ok(), "{:?}", referenced(child, change));
    }
    // Without compartments nothing is destroyed with one.
    assert!(plan(&[referenced(false, |_| {})], &options()).is_ok());
}

#[test]
fn sealed_values_are_not_copied_into_other_compartments() {
    let cascades: fn(&mut ForeignKeyFacts) = |key| {
        (key.sealed, key.on_update, key.on_delete, key.clears) = (true, 'c', 'n', true);
    };
    for child in [true, false] {
        let fault = fault(&[referenced(child, cascades)], &roomy());
        assert_eq!(fault.code, Code::DependentObjects);
        assert!(fault.message.contains("could copy encrypted values"), "{fault:?}");
    }
    for stays in [
        (|key| key.on_update = 'a') as fn(&mut ForeignKeyFacts),
        |key| key.sealed = false,
        |key| key.enforced = false,
        |key| {
            key.columns = strings(&["tenant_id", "cell", "order_id"]);
            key.referenced = strings(&["tenant_id", "room", "id"]);
        },
    ] {
        let table = referenced(true, |key| {
            cascades(key);
            stays(key);
        });
        assert!(plan(&[table], &roomy()).is_ok());
    }
    assert!(plan(&[referenced(false, cascades)], &options()).is_ok(), "without compartments");
}

#[test]
fn scoping_the_keys_is_enough() {
    let scoped = Options { scope_keys: true, ..roomy() };
    let added = sql_with("FOREIGN KEY", &[referenced(true, |_| {})], &scoped);
    assert!(added[0].contains(r#"("tenant_id", "cell", "order_id")"#), "{added:?}");
}

#[test]
fn later_foreign_keys_are_held_to_the_same() {
    let mut key = foreign_key();
    if let Some(tenant) = &mut key.parent.tenant {
        tenant.compartment = Some("room".into());
    }
    let table =
        |key: &ForeignKeyFacts| TableFacts { foreign_keys: vec![key.clone()], ..TableFacts::default() };
    assert_eq!(references(&table(&key)).map_err(|fault| fault.code), Err(Code::DependentObjects));
    // And a table cannot be opened that holds on to one.
    let opened = TableFacts { protected: Some(record(200, "tenant_id")), ..table(&key) };
    assert_eq!(unplan(&[opened]).map_err(|fault| fault.code), Err(Code::DependentObjects));
    (key.on_delete, key.clears) = ('n', true);
    assert_eq!(references(&table(&key)), Ok(()));
    assert!(unplan(&[TableFacts { protected: Some(record(200, "tenant_id")), ..table(&key) }]).is_ok());
}
