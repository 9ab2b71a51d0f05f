//! Keys of compartments: destroyed with them; an ephemeral one's is nowhere but in shared memory.

use watertight_tests::database::{A, B};
use watertight_tests::{Database, Mode, Session, eventually, literal};

use crate::house::{House, passes};

const NOWHERE: &str = "00000000-0000-0000-0000-000000000000";

fn house() -> House {
    house_with(&[])
}

fn house_with(settings: &[(&str, &str)]) -> House {
    let (house, _) = House::with_file();
    house.set("compartments", "on");
    settings.iter().for_each(|(name, value)| house.set(name, value));
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

/// What an ordinary user does again and again, and undoes: opens an ephemeral compartment, and seals something in it.
const UNDONE: &str = "DO $$
    DECLARE v watertight.encrypted_text;
    BEGIN
        FOR n IN 1..40 LOOP
            BEGIN
                PERFORM watertight.begin(watertight.login(%, ephemeral => true));
                v := 'x'::text::watertight.encrypted_text;
                RAISE 'undo';
            EXCEPTION WHEN raise_exception THEN NULL;
            END;
        END LOOP;
    END $$";

#[test]
fn an_ephemeral_compartment_that_is_undone_leaves_no_key() {
    // There is room for so many keys.
    let house = house_with(&[("max_sessions", "16"), ("reap_interval", "3600")]);
    let db = database(&house);
    let token = literal(&db.token(A));
    let login = format!("SELECT FROM watertight.begin(watertight.login({token}, ephemeral => true))");
    let mut app = db.app();
    app.script(&UNDONE.replace('%', &token));
    for _ in 0..40 {
        app.run("BEGIN");
        app.run(&login);
        app.run("INSERT INTO notes (body) VALUES ('undone')");
        app.run("ROLLBACK");
    }
    app.run("BEGIN");
    for undo in ["ROLLBACK TO s", "RELEASE s; ROLLBACK TO o", "ROLLBACK TO o"].into_iter().cycle().take(40) {
        app.script("SAVEPOINT o; SAVEPOINT s");
        app.run(&login);
        app.run("INSERT INTO notes (body) VALUES ('undone')");
        app.script(undo);
    }
    // A connection that is ended, and an error.
    app.run(&login);
    app.run("INSERT INTO notes (body) VALUES ('undone')");
    let mut admin = db.admin();
    admin.run(&format!("SELECT pg_terminate_backend({}, 10000)", app.pid()));
    app = db.app();
    app.refused(&format!("{login}; INSERT INTO notes (body) VALUES ('undone'); SELECT 1/0"), "22012");
    // Another tenant's users find room for all that they may have.
    let mut others: Vec<Session> = (0..16).map(|_| db.app()).collect();
    for session in &mut others {
        let inside = session.one(&format!("SELECT watertight.login('{}', ephemeral => true)", db.token(B)));
        session.set_token(&inside);
        session.run("INSERT INTO notes (body) VALUES ('CANARY-B')");
        assert_eq!(session.one(READ), "CANARY-B");
    }
}

#[test]
fn an_ephemeral_compartments_key_is_undone_with_its_compartment_and_not_before() {
    let house = house();
    let db = database(&house);
    let token = literal(&db.token(A));
    // What was sealed in a block that is undone opens as long as the compartment is there, and is gone with it.
    db.app().script(&format!(
        "DO $$
        DECLARE kept watertight.encrypted_text; lost watertight.encrypted_text;
        BEGIN
            PERFORM watertight.begin(watertight.login({token}, ephemeral => true));
            BEGIN
                kept := 'kept'::text::watertight.encrypted_text;
                RAISE 'undo';
            EXCEPTION WHEN raise_exception THEN NULL;
            END;
            ASSERT kept::text = 'kept';
            BEGIN
                PERFORM watertight.begin(watertight.login({token}, ephemeral => true));
                lost := 'lost'::text::watertight.encrypted_text;
                ASSERT lost::text = 'lost';
                RAISE 'undo';
            EXCEPTION WHEN raise_exception THEN NULL;
            END;
            ASSERT kept::text = 'kept';
            BEGIN
                PERFORM lost::text;
                ASSERT false;
            EXCEPTION WHEN undefined_object THEN NULL;
            END;
        END $$"
    ));
    // While the transaction is open, nobody sees the compartment: it has its key nevertheless.
    let mut open = db.app();
    open.run("BEGIN");
    open.run(&format!("SELECT FROM watertight.begin(watertight.login({token}, ephemeral => true))"));
    open.run("INSERT INTO notes (body) VALUES ('open')");
    passes(&mut db.admin(), 4);
    assert_eq!(open.one(READ), "open");
    open.run("COMMIT");
}

#[test]
fn a_clone_that_goes_back_into_the_pool_takes_no_key_with_it() {
    let house = house_with(&[("compartment_template", "workspace"), ("compartment_pool", "1")]);
    let db = database(&house);
    let mut admin = db.admin();
    admin.script(
        "CREATE SCHEMA workspace AUTHORIZATION keeper; GRANT USAGE, CREATE ON SCHEMA workspace TO app;
         CREATE TABLE workspace.drafts (body text); GRANT ALL ON workspace.drafts TO app",
    );
    let ready = "SELECT id FROM watertight.all_compartments WHERE tenant_id IS NULL";
    eventually("a clone is ready", || !admin.one(ready).is_empty());
    let clone = admin.one(ready);
    let login = |tenant| {
        format!("SELECT FROM watertight.begin(watertight.login('{}', ephemeral => true))", db.token(tenant))
    };
    let (mut a, mut b) = (db.app(), db.app());
    a.run("BEGIN");
    a.run(&login(A));
    assert_eq!(a.one("SELECT watertight.compartment_id()"), clone);
    a.run("INSERT INTO notes (body) VALUES ('undone')");
    a.run("ROLLBACK");
    b.run("BEGIN");
    b.run(&login(B));
    assert_eq!(b.one("SELECT watertight.compartment_id()"), clone);
    b.run("INSERT INTO notes (body) VALUES ('CANARY-B')");
    // It is B's, and not what A had.
    admin.run(&format!("SELECT watertight.shred_tenant('{A}', '{A}')"));
    assert_eq!(b.one(READ), "CANARY-B");
    b.run("COMMIT");
}

#[test]
fn keys_of_compartments_whose_rows_are_gone_make_room() {
    let house = house_with(&[("max_sessions", "16")]);
    let db = database(&house);
    for round in 0..2 {
        for _ in 0..16 {
            let mut session = db.app();
            let mut inside = None;
            eventually("there is room", || {
                let login = format!("SELECT watertight.login('{}', ephemeral => true)", db.token(A));
                inside = session.attempt(&login).ok();
                inside.is_some()
            });
            session.set_token(inside.unwrap()[0][0].as_deref().unwrap());
            let seal = "INSERT INTO notes (body) VALUES ('CANARY-A')";
            eventually("there is room for its key", || session.attempt(seal).is_ok());
        }
        if round == 0 {
            db.admin().script(
                "DELETE FROM watertight.open_sessions; DELETE FROM watertight.all_compartments WHERE ephemeral",
            );
        }
    }
}
