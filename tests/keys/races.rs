//! What administrators do to keys while others work: nothing that is committed is lost, and nothing is destroyed that was not to be.

use std::time::{Duration, Instant};

use watertight_core::keys::uses::{LIMIT, RESERVATION};
use watertight_tests::database::{A, B};
use watertight_tests::{Database, Mode, Session, eventually};

use crate::house::{House, key, passes};

const TABLE: &str = "CREATE TABLE notes (id serial PRIMARY KEY, body watertight.encrypted_text);
    GRANT ALL ON notes, notes_id_seq TO PUBLIC";

/// How many processes of this database wait for a lock.
fn waiting(admin: &mut Session, what: &str) -> i64 {
    admin.number(&format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND {what}"
    ))
}

#[test]
fn a_successor_is_wrapped_by_the_tenants_key_in_force() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    db.admin().script(TABLE);
    db.a(Mode::Simple).run("INSERT INTO notes (body) VALUES ('first')");
    db.admin().run(&format!(
        "UPDATE watertight.data_keys SET reserved = {} WHERE purpose = 'data'",
        LIMIT - RESERVATION
    ));
    house.cluster.restart();
    house.wait_for("present");
    let mut admin = db.admin();
    let mut blocker = db.admin();
    blocker.run("BEGIN");
    blocker.run("LOCK TABLE watertight.data_keys IN SHARE MODE");
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| db.a(Mode::Simple).run("INSERT INTO notes (body) VALUES ('second')"));
        eventually("the worker is about to replace the key", || {
            waiting(&mut admin, "application_name = 'watertight worker'") == 1
        });
        let rotation = scope.spawn(|| db.admin().run(&format!("SELECT watertight.rotate_tenant_key('{A}')")));
        eventually("somebody rotates the tenant's key", || waiting(&mut admin, "true") == 2);
        blocker.run("COMMIT");
        rotation.join().unwrap();
        writer.join().unwrap();
    });
    let lost = "SELECT count(*) FROM watertight.data_keys AS d WHERE wrapped IS NOT NULL AND NOT EXISTS (
        SELECT FROM watertight.tenant_keys AS t WHERE t.tenant_id = d.tenant_id AND t.version = d.tenant_key_version AND t.wrapped IS NOT NULL)";
    assert_eq!(admin.number(lost), 0);
    house.cluster.restart();
    house.wait_for("present");
    let read = "SELECT string_agg(body::text, ' ' ORDER BY id) FROM notes";
    assert_eq!(db.a(Mode::Simple).one(read), "first second");
}

#[test]
fn a_transaction_that_sees_the_past_neither_rotates_nor_drops() {
    let (house, first) = House::with_file();
    house.set("compartments", "on");
    house.cluster.restart();
    house.wait_for("present");
    let db = Database::without_tables(&house.cluster);
    let mut admin = db.admin();
    admin.script(TABLE);
    let mut app = db.a(Mode::Simple);
    app.run("SELECT watertight.create_compartment('ward')");
    for level in ["REPEATABLE READ", "SERIALIZABLE"] {
        for sql in [
            format!("SELECT watertight.rotate_tenant_key('{A}')"),
            format!("SELECT watertight.rotate_data_key('{A}')"),
            "SELECT watertight.rotate_master_key()".to_owned(),
            format!("SELECT watertight.drop_tenant('{A}', '{A}')"),
        ] {
            admin.run(&format!("BEGIN ISOLATION LEVEL {level}"));
            admin.refused(&sql, "25001").says("in a REPEATABLE READ or SERIALIZABLE transaction").hints();
            admin.run("ROLLBACK");
        }
        app.run(&format!("BEGIN ISOLATION LEVEL {level}"));
        app.refused("SELECT watertight.drop_compartment('ward', 'ward')", "25001").hints();
        app.run("ROLLBACK");
    }
    // What is set for everybody is not the worker's level.
    admin.run(&format!("ALTER DATABASE {} SET default_transaction_isolation = 'serializable'", db.name));
    admin.run("ALTER ROLE postgres SET default_transaction_isolation = 'repeatable read'");
    house.cluster.append_conf(&["default_transaction_isolation = 'serializable'"]);
    house.write("master", &format!("1 {first}\n2 {}\n", key()), "600");
    house.cluster.restart();
    house.wait_for("present");
    let mut admin = db.admin();
    assert_eq!(admin.one("SHOW transaction_isolation"), "repeatable read");
    admin.refused(&format!("SELECT watertight.rotate_tenant_key('{A}')"), "25001");
    db.a(Mode::Simple).run("INSERT INTO notes (body) VALUES ('kept')");
    assert!(!admin.one(&format!("SELECT watertight.shred_tenant('{B}', '{B}')")).is_empty());
    admin.run("BEGIN ISOLATION LEVEL READ COMMITTED");
    admin.run("SELECT watertight.rotate_master_key()");
    admin.run("COMMIT");
    eventually("the master key is rotated", || {
        admin.number("SELECT count(*) FROM watertight.master_key_versions WHERE rotating OR version = 1 AND tenant_keys > 0") == 0
    });
    assert_eq!(db.a(Mode::Simple).one("SELECT body::text FROM notes"), "kept");
}

#[test]
fn what_was_cancelled_is_not_shredded_later() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    let mut admin = db.admin();
    admin.script(TABLE);
    db.a(Mode::Simple).run("INSERT INTO notes (body) VALUES ('kept')");
    let shred = format!("SELECT watertight.shred_tenant('{A}', '{A}')");
    let mut holder = db.admin();
    // Cancelled, terminated, and not granted in time: which the worker notices when it gets the tenant's row at last.
    for round in 0..3 {
        holder.run("BEGIN");
        holder.run(&format!("SELECT watertight.suspend_tenant('{A}')"));
        let mut other = db.admin();
        match round {
            0 => {
                other.run("SET statement_timeout = '2s'");
                other.refused(&shred, "57014");
            }
            1 => {
                let pid = other.pid();
                std::thread::scope(|scope| {
                    let ended = scope.spawn(|| other.attempt(&shred).is_err());
                    eventually("the worker waits", || {
                        waiting(&mut admin, "application_name = 'watertight worker'") == 1
                    });
                    admin.run(&format!("SELECT pg_terminate_backend({pid})"));
                    assert!(ended.join().unwrap());
                });
            }
            _ => {
                let pid = holder.pid();
                other
                    .refused(&shred, "55000")
                    .says(&format!("the tenant is locked by process {pid}"))
                    .hints();
            }
        }
        holder.run("ROLLBACK");
        eventually("the worker has nothing left to try", || {
            admin.number("SELECT count(*) FROM watertight.worker_status WHERE database = current_database() AND NOT failing") == 1
        });
        passes(&mut admin, 3);
        assert_eq!(db.a(Mode::Simple).one("SELECT body::text FROM notes"), "kept");
        assert_eq!(admin.number("SELECT count(*) FROM watertight.key_certificates"), 0);
    }
    // And one that is wanted.
    eventually("it is shredded", || matches!(admin.attempt(&shred), Ok(rows) if rows[0][0].is_some()));
}

#[test]
fn a_rotation_of_the_master_key_goes_on_until_nobody_can_have_used_the_old_one() {
    let (house, first) = House::with_file();
    house.tenants(2);
    let mut admin = house.admin();
    let mut slow = house.admin();
    slow.run("BEGIN");
    slow.run("SELECT watertight.create_tenant('slow')");
    let second = key();
    house.write("master", &format!("1 {first}\n2 {second}\n"), "600");
    house.reload();
    eventually("both are there", || house.versions() == "{1,2}");
    admin.run("SELECT watertight.rotate_master_key()");
    let needed = "SELECT tenant_keys FROM watertight.master_key_versions WHERE version = 1";
    let rotating = "SELECT count(*) FROM watertight.master_key_versions WHERE rotating";
    eventually("all that can be seen is done", || admin.number(needed) == 0);
    for _ in 0..3 {
        passes(&mut admin, 1);
        assert_eq!(admin.number(rotating), 1, "one cannot be seen yet");
    }
    slow.run("COMMIT");
    eventually("it is over", || admin.number(rotating) == 0);
    assert_eq!(admin.number(needed), 0);
    house.write("master", &format!("2 {second}\n"), "600");
    house.reload();
    eventually("one is there", || house.versions() == "{2}");
    assert!(house.opens("slow"));
}

#[test]
fn a_certificate_of_what_is_there_is_not_signed() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    let mut admin = db.admin();
    admin.script(TABLE);
    db.a(Mode::Simple).run("INSERT INTO notes (body) VALUES ('kept')");
    for keys in [
        "(SELECT jsonb_agg(jsonb_build_object('id', k.id::text, 'purpose', k.purpose, 'compartment', k.compartment_id)) FROM watertight.data_keys AS k WHERE k.tenant_id = t.id)",
        "'[]'",
        "'[{\"id\": \"4711\", \"purpose\": \"data\"}]'",
    ] {
        admin.run(&format!(
            "INSERT INTO watertight.key_certificates (id, tenant_id, tenant, reason, keys, destroyed_by)
             SELECT gen_random_uuid(), t.id, t.name, 'shredded', {keys}, 'mallory' FROM watertight.tenants AS t WHERE t.name = '{A}'"
        ));
    }
    // Others are.
    assert!(!admin.one(&format!("SELECT watertight.shred_tenant('{B}', '{B}')")).is_empty());
    eventually("the worker says so", || {
        house.cluster.log().contains("a certificate says of keys that they were destroyed")
    });
    passes(&mut admin, 3);
    let signed = "SELECT count(*) FROM watertight.key_certificates WHERE certificate IS NOT NULL AND destroyed_by = 'mallory'";
    assert_eq!(admin.number(signed), 0);
    assert_eq!(db.a(Mode::Simple).one("SELECT body::text FROM notes"), "kept");
}

#[test]
fn who_works_long_delays_no_other_tenants_certificate() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    let mut admin = db.admin();
    admin.script(TABLE);
    let bits = |id: &str| {
        let id: uuid::Uuid = id.parse().unwrap();
        (id.as_bytes()[14] % 4, id.as_bytes()[15] % 64)
    };
    let names: Vec<String> = (0..8).map(|n| format!("other{n}")).collect();
    let ids: Vec<String> =
        names.iter().map(|name| admin.one(&format!("SELECT watertight.create_tenant('{name}')"))).collect();
    let other = names.iter().zip(&ids).find(|(_, id)| bits(id) != bits(&db.a)).unwrap().0;
    let mut long = db.a(Mode::Simple);
    long.run("INSERT INTO notes (body) VALUES ('mine')");
    std::thread::scope(|scope| {
        let long = scope.spawn(|| long.run("SELECT body::text, pg_sleep(9) FROM notes"));
        eventually("it works", || {
            admin.number("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == 1
        });
        let begun = Instant::now();
        assert!(!admin.one(&format!("SELECT watertight.shred_tenant('{other}', '{other}')")).is_empty());
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        // While the worker waits for that statement, others get their keys.
        let shredded =
            scope.spawn(|| db.admin().run(&format!("SELECT watertight.shred_tenant('{A}', '{A}')")));
        let left = format!(
            "SELECT count(*) FROM watertight.data_keys WHERE tenant_id = '{}' AND wrapped IS NOT NULL",
            db.a
        );
        eventually("its keys are destroyed", || admin.number(&left) == 0);
        let begun = Instant::now();
        admin.run(&format!(
            "UPDATE watertight.data_keys SET state = 'retired' WHERE tenant_id = '{}' AND purpose = 'data' AND state = 'active'",
            db.b
        ));
        db.app().with_token(&db.token(B)).run("INSERT INTO notes (body) VALUES ('b')");
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        shredded.join().unwrap();
        long.join().unwrap();
    });
}

#[test]
fn who_needs_a_key_of_a_tenant_that_is_being_dropped_is_told_at_once() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    db.admin().script(
        "CREATE TABLE notes (tenant_id uuid NOT NULL, body watertight.encrypted_text);
         SELECT watertight.protect('notes'); GRANT ALL ON notes TO app",
    );
    let insert = "INSERT INTO notes (body) VALUES ('kept')";
    db.a(Mode::Simple).run(insert);
    // A key is not there, or used up.
    let used_up = format!("reserved = {}", LIMIT - RESERVATION);
    for (lacks, sqlstate) in [("state = 'retired'", "55000"), (&*used_up, "53400")] {
        db.admin().run(&format!(
            "UPDATE watertight.data_keys SET {lacks} WHERE tenant_id = '{}' AND purpose = 'data' AND state = 'active'",
            db.a
        ));
        house.cluster.restart();
        house.wait_for("present");
        let (mut writer, mut admin, mut dropper) = (db.a(Mode::Simple), db.admin(), db.admin());
        writer.script("BEGIN; DELETE FROM notes WHERE false");
        // The writer's error lets go of the table.
        let mut holder = db.admin();
        holder.script("BEGIN; LOCK TABLE notes IN ROW EXCLUSIVE MODE");
        let pid = dropper.pid();
        std::thread::scope(|scope| {
            let drop = format!("SELECT * FROM watertight.drop_tenant('{A}', '{A}')");
            let dropped = scope.spawn(move || dropper.refused(&drop, "57014"));
            eventually("it waits for the writer", || {
                waiting(&mut admin, "query LIKE '%drop_tenant(%' AND wait_event = 'relation'") == 1
            });
            let begun = Instant::now();
            let failure = writer.refused(insert, sqlstate).hints();
            assert!(failure.everything.contains("he tenant is being dropped"), "{}", failure.everything);
            assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
            admin.run(&format!("SELECT pg_cancel_backend({pid})"));
            dropped.join().unwrap();
        });
        holder.run("ROLLBACK");
        writer.run("ROLLBACK");
        // It was not dropped.
        writer.run(insert);
    }
    assert_eq!(db.a(Mode::Simple).one("SELECT count(*) || min(body::text) FROM notes"), "3kept");
    assert_eq!(db.admin().run(&format!("SELECT * FROM watertight.drop_tenant('{A}', '{A}')")).len(), 1);
}

#[test]
fn a_table_is_encrypted_under_whatever_name_it_has_by_then() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    let mut admin = db.admin();
    admin.script(
        "CREATE SCHEMA ward; CREATE TABLE ward.notes (tenant_id uuid NOT NULL, body text, code text);
         SELECT watertight.protect('ward.notes')",
    );
    let (mut other, db) = (db.admin(), &db);
    let mut meanwhile = |lock: &str, column: &str, then: &str| {
        other.script(&format!("BEGIN; LOCK TABLE {lock} IN ACCESS EXCLUSIVE MODE"));
        std::thread::scope(|scope| {
            let encrypt = format!("SELECT watertight.encrypt_column('ward.notes', '{column}')");
            let encrypted = scope.spawn(move || db.admin().run(&encrypt));
            eventually("it waits", || waiting(&mut admin, "query LIKE '%encrypt_column(%'") == 1);
            other.script(&format!("{then}; COMMIT"));
            encrypted.join().unwrap();
        });
    };
    let impostor = "CREATE TABLE ward.notes (tenant_id uuid, body text, code text); SELECT watertight.protect('ward.notes')";
    // While it waits for the table, and while it looks at the table's columns.
    meanwhile("ward.notes", "body", &format!("ALTER TABLE ward.notes RENAME TO first; {impostor}"));
    meanwhile(
        "pg_catalog.pg_inherits",
        "code",
        &format!("ALTER SCHEMA ward RENAME TO old; CREATE SCHEMA ward; {impostor}"),
    );
    let encrypted = "SELECT string_agg(attrelid::regclass || '.' || attname, ' ' ORDER BY attnum)
        FROM pg_attribute WHERE atttypid = 'watertight.encrypted_text'::regtype";
    let mut admin = db.admin();
    assert_eq!(admin.one(encrypted), "old.first.body old.notes.code");
    // From the moment on at which the name was looked at, nobody changes it. What others may do with the schema they do.
    let mut encrypting = db.admin();
    encrypting.script("BEGIN; SELECT watertight.encrypt_column('ward.notes', 'body')");
    admin.run("SET lock_timeout = '200ms'");
    admin.refused("ALTER SCHEMA ward RENAME TO passing", "55P03");
    admin.script("GRANT USAGE ON SCHEMA ward TO app; CREATE TABLE ward.more ()");
    encrypting.run("COMMIT");
    admin.run("ALTER SCHEMA ward RENAME TO passing");
}
