//! How often a key seals is bounded, whatever happens.

use watertight_core::keys::uses::{LIMIT, RESERVATION};
use watertight_tests::database::A;
use watertight_tests::{Database, Mode};

use crate::house::House;

const TABLE: &str = "CREATE TABLE notes (id serial PRIMARY KEY, body watertight.encrypted_text);
    GRANT ALL ON notes, notes_id_seq TO PUBLIC";

#[test]
fn a_crash_wastes_a_reservation_and_gives_nothing_out_twice() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    db.admin().script(TABLE);
    let mark = format!(
        "SELECT reserved FROM watertight.data_keys WHERE tenant_id = '{}' AND purpose = 'data'",
        db.a
    );
    for crashes in 0..4 {
        db.a(Mode::Simple).run("INSERT INTO notes (body) VALUES ('x')");
        let reserved = db.admin().number(&mark);
        assert_eq!(
            reserved as u64,
            RESERVATION * (crashes + 1),
            "the mark was moved before anything was sealed"
        );
        house.cluster.kill();
        house.wait_for("present");
    }
}

#[test]
fn a_key_that_is_nearly_used_up_has_a_successor() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    let mut admin = db.admin();
    admin.script(TABLE);
    db.a(Mode::Simple).run("INSERT INTO notes (body) VALUES ('first')");
    let id = format!(
        "SELECT id FROM watertight.data_keys WHERE tenant_id = '{}' AND purpose = 'data' AND state = 'active'",
        db.a
    );
    let first = admin.one(&id);
    admin.run(&format!(
        "UPDATE watertight.data_keys SET reserved = {} WHERE id = {first}",
        LIMIT - RESERVATION
    ));
    house.cluster.restart();
    house.wait_for("present");
    let mut session = db.a(Mode::Simple);
    session.run("INSERT INTO notes (body) VALUES ('second')");
    let mut admin = db.admin();
    assert_ne!(admin.one(&id), first);
    assert_eq!(admin.one(&format!("SELECT state FROM watertight.data_keys WHERE id = {first}")), "retired");
    assert_eq!(session.column("SELECT body::text FROM notes ORDER BY id"), ["first", "second"]);
    assert_eq!(db.app().with_token(&db.token(A)).number("SELECT count(body::text) FROM notes"), 2);
}
