//! Keys of compartments: destroyed with them; an ephemeral one's is nowhere but in shared memory.

use watertight_tests::database::A;
use watertight_tests::{Database, Mode, Session, eventually};

use crate::house::House;

const NOWHERE: &str = "00000000-0000-0000-0000-000000000000";

fn house() -> House {
    let (house, _) = House::with_file();
    house.set("compartments", "on");
    house.cluster.restart();
    house.wait_for("present");
    house
}

fn database<'c>(house: &'c House) -> Database<'c> {
    let db = Database::without_tables(&house.cluster);
    db.admin().script("CREATE TABLE notes (id serial, body watertight.encrypted_text); GRANT ALL ON notes, notes_id_seq TO app");
    db
}

fn enter(db: &Database, arguments: &str) -> Session {
    let mut session = db.app();
    let token = session.one(&format!("SELECT watertight.login('{}', {arguments})", db.token(A)));
    session.set_token(&token);
    session
}

const READ: &str = "SELECT body::text FROM (SELECT body FROM notes ORDER BY id DESC LIMIT 1) AS n";

#[test]
fn an_ephemeral_compartments_key_goes_with_it() {
    let house = house();
    let db = database(&house);
    let mut admin = db.admin();
    let rows = "SELECT count(*) FROM watertight.data_keys WHERE purpose <> 'signing'";
    let before = admin.number(rows);
    for round in 0..3 {
        let mut inside = enter(&db, "ephemeral => true");
        inside.run("INSERT INTO notes (body) VALUES ('CANARY-A')");
        assert_eq!(inside.one(READ), "CANARY-A");
        assert_eq!(admin.number(rows), before, "it has no row");
        db.a(Mode::Simple).refused(READ, "42501|42704");
        match round {
            // The user ends it.
            0 => {
                inside.run("SELECT watertight.logout()");
                eventually("the certificate is signed", || {
                    admin.number("SELECT count(*) FROM watertight.key_certificates WHERE reason = 'logout' AND jsonb_array_length(keys) = 1 AND certificate IS NOT NULL") == 1
                });
            }
            // The server is killed.
            1 => {
                house.cluster.kill();
                house.wait_for("present");
                admin = db.admin();
            }
            // The tenant is shredded.
            _ => {
                let certificate = admin.one(&format!("SELECT watertight.shred_tenant('{A}', '{A}')"));
                assert!(certificate.contains("\"purpose\":\"data\""));
                inside.refused(READ, "55000|42704");
                inside.refused("INSERT INTO notes (body) VALUES ('more')", "55000").says("destroyed");
                return;
            }
        }
        db.a(Mode::Simple).refused(READ, "42704");
        enter(&db, "ephemeral => true").refused(READ, "42704");
        enter(&db, "'global'").refused(READ, "42704");
    }
}

#[test]
fn a_dropped_compartments_keys_are_destroyed() {
    let house = house();
    let db = database(&house);
    let mut admin = db.admin();
    let mut owner = db.a(Mode::Simple);
    owner.run("INSERT INTO notes (body) VALUES ('global')");
    owner.run("SELECT watertight.create_compartment('ward')");
    let states = format!(
        "SELECT string_agg(DISTINCT state, ',') FROM watertight.data_keys WHERE compartment_id <> '{NOWHERE}'"
    );
    assert_eq!(admin.one(&states), "active");
    let mut inside = enter(&db, "'ward'");
    inside.run("INSERT INTO notes (body) VALUES ('CANARY-A')");
    assert_eq!(inside.one(READ), "CANARY-A");
    admin.run(&format!("SELECT watertight.rotate_data_key('{A}')"));
    assert_eq!(inside.one(READ), "CANARY-A");
    inside.run("INSERT INTO notes (body) VALUES ('CANARY-A')");
    db.a(Mode::Simple).refused(READ, "42501");
    owner.run("SELECT watertight.drop_compartment('ward', 'ward', force => true)");
    assert_eq!(admin.one(&states), "destroyed");
    eventually("the certificate is signed", || {
        admin.number("SELECT count(*) FROM watertight.key_certificates WHERE compartment = 'ward' AND reason = 'dropped' AND jsonb_array_length(keys) = 2 AND certificate IS NOT NULL") == 1
    });
    assert_eq!(owner.one("SELECT body::text FROM notes WHERE id = 1"), "global");
}

#[test]
fn tenants_of_before_get_keys_when_they_are_needed() {
    let house = House::new();
    house.set("compartments", "on");
    house.cluster.restart();
    let db = database(&house);
    let mut app = db.a(Mode::Simple);
    app.refused("INSERT INTO notes (body) VALUES ('CANARY-A')", "55000")
        .says("there is no master key")
        .hints();
    app.run("SELECT watertight.create_compartment('ward')");
    house.write("master", &crate::house::key(), "600");
    house.set("master_key_file", &house.path("master"));
    house.reload();
    house.wait_for("present");
    // In a transaction that is undone: the key stays.
    app.run("BEGIN");
    app.run("INSERT INTO notes (body) VALUES ('undone')");
    app.run("ROLLBACK");
    app.run("BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE");
    app.run("INSERT INTO notes (body) VALUES ('CANARY-A')");
    app.run("COMMIT");
    assert_eq!(app.one(READ), "CANARY-A");
    let mut inside = enter(&db, "'ward'");
    inside.run("BEGIN READ ONLY");
    assert_eq!(inside.one("SELECT ('x'::watertight.encrypted_text)::text"), "x");
    inside.run("COMMIT");
    assert_eq!(
        db.admin()
            .number("SELECT count(*) FROM watertight.data_keys WHERE purpose = 'data' AND state = 'active'"),
        2
    );
}
