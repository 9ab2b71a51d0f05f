//! How often a key seals is bounded, whatever happens.

use watertight_core::keys::uses::{LIMIT, RESERVATION};
use watertight_tests::database::{A, B};
use watertight_tests::{Database, Mode, Session};

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

fn marks_moved(admin: &mut Session) -> i64 {
    admin.number(&format!("SELECT count(*) FROM watertight.data_keys WHERE reserved > {RESERVATION}"))
}

#[test]
fn keys_whose_making_is_undone_drive_out_nobodys_count() {
    const VICTIMS: usize = 1_000;
    // So many that some of the places that a key's count can take are all taken, were they not left again.
    const ROUNDS: usize = 23_000;
    let (house, _) = House::with_file();
    house.set("compartments", "on");
    house.cluster.restart();
    house.wait_for("present");
    let db = Database::without_tables(&house.cluster);
    let mut admin = db.admin();
    admin.run(&format!(
        "SELECT count(watertight.create_tenant('victim_' || n)) FROM generate_series(1, {VICTIMS}) n"
    ));
    let attack = format!(
        "DO $$ DECLARE undone int := 0; BEGIN
           FOR i IN 1..{ROUNDS} LOOP
             BEGIN PERFORM watertight.create_compartment('c'); RAISE EXCEPTION 'undo';
             EXCEPTION WHEN raise_exception THEN undone := undone + 1; END;
           END LOOP;
           ASSERT undone = {ROUNDS};
         END $$"
    );
    std::thread::scope(|scope| {
        scope.spawn(|| db.a(Mode::Simple).run(&attack));
        scope.spawn(|| db.app().with_token(&db.token(B)).run(&attack));
    });
    let mut app = db.app();
    for victim in 1..=VICTIMS {
        app.set_token(&db.token(&format!("victim_{victim}")));
        app.run("SELECT 'x'::text::watertight.encrypted_text");
    }
    assert_eq!(marks_moved(&mut admin), 0);
}

#[test]
fn a_key_is_counted_in_the_transaction_that_makes_it_and_afterwards() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    let mut admin = db.admin();
    admin.script(TABLE);
    for mode in [Mode::Simple, Mode::Parallel] {
        let name = format!("new_{mode:?}").to_lowercase();
        admin.run("TRUNCATE notes");
        let mut maker = db.admin().mode(mode);
        maker.run("BEGIN");
        maker.run("SAVEPOINT one");
        maker.run(&format!("SELECT watertight.create_tenant('{name}')"));
        maker.run("RELEASE one");
        maker.run(&format!("SELECT watertight.begin('{}')", db.token(&name)));
        assert_eq!(maker.one("SELECT 'x'::text::watertight.encrypted_text::text"), "x");
        maker.run("SAVEPOINT two");
        maker.run("INSERT INTO notes (body) VALUES ('undone')");
        maker.run("ROLLBACK TO two");
        maker.run("INSERT INTO notes (body) VALUES ('kept')");
        maker.run("COMMIT");
        let mut app = db.app().with_token(&db.token(&name));
        app.run("INSERT INTO notes (body) VALUES ('after')");
        assert_eq!(app.column("SELECT body::text FROM notes ORDER BY id"), ["kept", "after"]);
    }
    assert_eq!(marks_moved(&mut admin), 0);
}
