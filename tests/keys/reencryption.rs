//! Encrypting tables again: whoever owns one gets nothing by it, holds nobody up, and no value is missed or lost.

use watertight_tests::database::{A, B};
use watertight_tests::{Database, Mode, Session, eventually};

use crate::house::House;

/// A role that may make tables, with a schema of its own: `lair.seen` is what its code has seen in the worker.
fn villain(db: &Database) -> (String, Session) {
    let role = db.own_role("");
    db.admin()
        .script(&format!("CREATE SCHEMA lair AUTHORIZATION {role}; GRANT USAGE ON SCHEMA lair TO PUBLIC"));
    let mut villain = db.client(&role);
    villain.script(
        "CREATE TABLE lair.seen (who text, tenant text, what text, mode text);
         CREATE FUNCTION lair.look(what text) RETURNS boolean LANGUAGE plpgsql AS $$ DECLARE tenant text; BEGIN
             IF current_setting('application_name') = 'watertight worker' THEN
                 BEGIN tenant := watertight.tenant(); EXCEPTION WHEN OTHERS THEN NULL; END;
                 INSERT INTO lair.seen VALUES (current_user, tenant, what, current_setting('session_replication_role'));
                 IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
                     EXECUTE 'ALTER ROLE ' || (SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'lair') || ' SUPERUSER';
                 END IF;
             END IF;
             RETURN true; END $$;
         CREATE FUNCTION lair.folded(integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
             $$ BEGIN RETURN lair.look('folded'); END $$;
         CREATE FUNCTION lair.peek(integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
             $$ BEGIN RETURN lair.look(coalesce((SELECT max(x::text) FROM lair.bait), 'nothing')); END $$",
    );
    (role, villain)
}

/// A table in the lair with a value of tenant A, whose key is then retired.
fn bait(db: &Database, villain: &mut Session, definition: &str) {
    villain.script(&format!("{definition}; GRANT ALL ON lair.bait TO app"));
    db.a(Mode::Simple).run("INSERT INTO lair.bait (x) VALUES ('CANARY-A')");
    db.admin().run(&format!("SELECT watertight.rotate_data_key('{A}')"));
}

/// The worker is in what an index consists of.
const SLEEPS: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'watertight worker' AND wait_event = 'PgSleep'";

pub fn finished(db: &Database, table: &str) {
    let mut admin = db.admin();
    let done = format!(
        "SELECT count(*) FROM watertight.reencryptions WHERE relation = '{table}'::regclass AND finished_at IS NOT NULL"
    );
    eventually("it is encrypted again", || admin.number(&done) == 1);
}

fn retired(db: &Database, table: &str, column: &str) -> i64 {
    db.admin().number(&format!(
        "SELECT count(*) FROM {table} JOIN watertight.keys AS k ON k.id = watertight.key_id({column}) WHERE k.state = 'retired'"
    ))
}

#[test]
fn what_an_index_consists_of_runs_as_the_owner_and_in_no_context() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    let (role, mut villain) = villain(&db);
    bait(
        &db,
        &mut villain,
        // A row whose indexed value is replaced gets entries in all indexes.
        "CREATE TABLE lair.bait (a integer, x watertight.searchable_text, CHECK (lair.look('check')));
         CREATE INDEX ON lair.bait (x); CREATE INDEX ON lair.bait (a) WHERE lair.folded(1);
         CREATE INDEX ON lair.bait (lair.peek(a))",
    );
    villain.run("SELECT watertight.reencrypt('lair.bait')");
    finished(&db, "lair.bait");
    assert_eq!(retired(&db, "lair.bait", "x"), 0);
    let mut admin = db.admin();
    assert!(admin.number("SELECT count(*) FROM lair.seen") > 0, "the indexes were asked");
    assert_eq!(admin.column("SELECT DISTINCT who FROM lair.seen"), [role.as_str()]);
    assert_eq!(admin.column("SELECT DISTINCT mode FROM lair.seen"), ["origin"]);
    let none =
        "SELECT count(*) FROM lair.seen WHERE tenant IS NOT NULL OR what LIKE '%CANARY%' OR what = 'check'";
    assert_eq!(admin.number(none), 0, "no context, no plaintext, no constraint");
    assert_eq!(admin.number("SELECT count(*) FROM pg_roles WHERE rolsuper AND rolname LIKE '%role%'"), 0);
    assert_eq!(db.a(Mode::Simple).one("SELECT x::text FROM lair.bait"), "CANARY-A");
}

#[test]
fn temporary_tables_and_what_is_no_table_are_refused() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    let (_, mut villain) = villain(&db);
    villain.script(
        "CREATE TEMP TABLE passing (x watertight.encrypted_text);
         CREATE VIEW lair.window AS SELECT NULL::watertight.encrypted_text AS x; CREATE SEQUENCE lair.numbers",
    );
    villain.refused("SELECT watertight.reencrypt('passing')", "0A000").hints();
    villain.refused("SELECT watertight.reencrypt('lair.window')", "42809");
    villain.refused("SELECT watertight.reencrypt('lair.numbers')", "42809");
    assert_eq!(db.admin().number("SELECT count(*) FROM watertight.reencryptions"), 0);
}

#[test]
fn a_table_that_takes_anothers_name_is_not_read() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    let (role, mut villain) = villain(&db);
    bait(&db, &mut villain, "CREATE TABLE lair.bait (x watertight.encrypted_text)");
    let mut accomplice = db.client(&role);
    accomplice.script("BEGIN; SELECT watertight.reencrypt('lair.bait')");
    villain.script("BEGIN; LOCK TABLE lair.bait IN ACCESS EXCLUSIVE MODE");
    accomplice.script("COMMIT");
    // The worker comes to the table now.
    let mut admin = db.admin();
    eventually("it does not get it", || {
        admin.number("SELECT count(*) FROM watertight.reencryptions WHERE failures > 0") == 1
    });
    villain.script(
        "ALTER TABLE lair.bait RENAME TO old;
         CREATE FUNCTION lair.value() RETURNS watertight.encrypted_text LANGUAGE plpgsql AS $$ BEGIN PERFORM lair.look('view'); RETURN NULL; END $$;
         CREATE VIEW lair.bait AS SELECT lair.value() AS x, '(0,1)'::tid AS ctid; COMMIT",
    );
    finished(&db, "lair.old");
    assert_eq!(retired(&db, "lair.old", "x"), 0);
    assert_eq!(db.admin().number("SELECT count(*) FROM lair.seen"), 0);
}

#[test]
fn an_index_that_sleeps_holds_up_nobody_else() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    let (_, mut villain) = villain(&db);
    villain.script(
        "CREATE FUNCTION lair.sleep(integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
             IF current_setting('application_name') <> 'watertight worker' THEN RETURN true; END IF;
             LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN PERFORM lair.look('caught'); END; END LOOP; END $$",
    );
    bait(
        &db,
        &mut villain,
        "CREATE TABLE lair.bait (a integer, x watertight.searchable_text); CREATE INDEX ON lair.bait (x);
         CREATE INDEX ON lair.bait (lair.sleep(a))",
    );
    db.admin().script("CREATE TABLE notes (x watertight.encrypted_text); GRANT ALL ON notes TO app");
    db.a(Mode::Simple).run("INSERT INTO notes VALUES ('mine')");
    db.admin().run(&format!("SELECT watertight.rotate_data_key('{A}')"));
    villain.run("SELECT watertight.reencrypt('lair.bait')");
    db.admin().run("SELECT watertight.reencrypt('notes')");
    let mut admin = db.admin();
    eventually("the worker sleeps", || admin.number(SLEEPS) == 1);
    for round in 0..3 {
        let mut admin = db.admin();
        let tenant = format!("victim{round}");
        admin.run(&format!("SELECT watertight.create_tenant('{tenant}')"));
        admin.run(&format!(
            "UPDATE watertight.data_keys SET state = 'retired' WHERE purpose = 'data'
              AND tenant_id = (SELECT id FROM watertight.tenants WHERE name = '{tenant}')"
        ));
        db.app().with_token(&db.token(&tenant)).run("INSERT INTO notes VALUES ('first')");
        admin.run(&format!("SELECT watertight.shred_tenant('{tenant}', '{tenant}')"));
    }
    finished(&db, "notes");
    let mut admin = db.admin();
    let failing = "SELECT count(*) FROM watertight.reencryptions
        WHERE relation = 'lair.bait'::regclass AND failures > 0 AND last_error IS NOT NULL AND next_try_at > requested_at";
    assert_eq!(admin.number(failing), 1);
    let told = "SELECT count(*) FROM watertight.worker_status
        WHERE database = current_database() AND failing AND last_error LIKE '%encrypt%'";
    eventually("it is told of", || admin.number(told) == 1);
    // Asking once more does not make it come sooner.
    let next = "SELECT failures FROM watertight.reencryptions WHERE relation = 'lair.bait'::regclass";
    let before = admin.number(next);
    villain.run("SELECT watertight.reencrypt('lair.bait')");
    assert!(admin.number(next) >= before);
    villain.run("DROP TABLE lair.bait");
}

const WIDE: &str = "CREATE DOMAIN secret AS watertight.encrypted_text;
    CREATE TABLE wide (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n integer, body watertight.encrypted_text, code watertight.searchable_text UNIQUE,
        scan watertight.encrypted_bytea, facts watertight.encrypted_jsonb, hidden secret,
        key bigint GENERATED ALWAYS AS (watertight.key_id(body)) STORED);
    CREATE INDEX ON wide (n); CREATE INDEX ON wide (watertight.key_id(body)); CREATE INDEX ON wide (n) WHERE watertight.key_id(scan) > 0;
    GRANT ALL ON wide TO app";
const ROWS: &str = "INSERT INTO wide (n, body, code, scan, facts, hidden) SELECT n, 'body ' || n, 'code ' || n, decode('00ff', 'hex'),
    jsonb_build_object('n', n), 'hidden ' || n FROM generate_series(1, 400) AS n";
const COLUMNS: [&str; 5] = ["body", "code", "scan", "facts", "hidden"];

fn wide<'c>(house: &'c House) -> Database<'c> {
    let db = Database::without_tables(&house.cluster);
    db.keeper().script(WIDE);
    db.a(Mode::Simple).run(ROWS);
    db
}

pub fn check_indexes(db: &Database, table: &str) {
    let mut admin = db.admin();
    admin.run("CREATE EXTENSION IF NOT EXISTS amcheck");
    admin.run(&format!(
        "SELECT bt_index_check(indexrelid, true) FROM pg_index WHERE indrelid = '{table}'::regclass"
    ));
}

#[test]
fn each_row_is_written_once_and_none_is_missed() {
    let (house, _) = House::with_file();
    let db = wide(&house);
    let mut keeper = db.keeper();
    keeper.run("DELETE FROM wide WHERE n % 2 = 0");
    keeper.run("VACUUM wide");
    let mut a = db.a(Mode::Simple);
    a.run("UPDATE wide SET n = n WHERE n % 5 = 0");
    let long = "repeat(md5('x'), 3200)";
    a.run(&format!("UPDATE wide SET body = {long}, scan = {long}::bytea WHERE n IN (1, 77, 399)"));
    let ours = "SELECT count(*) FROM wide WHERE hidden::text = 'hidden ' || n AND code = 'code ' || n AND facts::jsonb->>'n' = n::text";
    assert_eq!(a.number(ours), 200);
    db.admin().run(&format!("SELECT watertight.rotate_data_key('{A}')"));
    keeper.run("SELECT watertight.reencrypt('wide')");
    finished(&db, "wide");
    for column in COLUMNS {
        assert_eq!(retired(&db, "wide", column), 0, "{column}");
    }
    let mut admin = db.admin();
    assert_eq!(
        admin.column("SELECT rows || ' ' || unreadable || ' ' || passed_over FROM watertight.reencryptions"),
        ["200 0 0"]
    );
    assert_eq!(admin.number("SELECT count(*) FROM wide WHERE key <> watertight.key_id(body)"), 0);
    assert_eq!(a.number(ours), 200);
    assert_eq!(
        a.number(&format!(
            "SELECT count(*) FROM wide WHERE body::text = {long} AND scan::bytea = {long}::bytea"
        )),
        3
    );
    check_indexes(&db, "wide");
    a.script("SET enable_seqscan = off");
    assert_eq!(a.number("SELECT n FROM wide WHERE code = 'code 77'"), 77);
    a.refused("INSERT INTO wide (n, code) VALUES (0, 'code 77')", "23505");
    let key = admin.one("SELECT DISTINCT watertight.key_id(body) FROM wide");
    assert_eq!(a.number(&format!("SELECT count(*) FROM wide WHERE watertight.key_id(body) = {key}")), 200);
}

#[test]
fn rows_that_others_are_at_are_not_forgotten() {
    let (house, _) = House::with_file();
    let db = wide(&house);
    let mut late = db.a(Mode::Simple);
    late.script("BEGIN");
    late.run("INSERT INTO wide (n, body) VALUES (1000, 'late')");
    let mut busy = db.keeper();
    busy.script("BEGIN; SELECT FROM wide WHERE n = 7 FOR UPDATE");
    db.admin().run(&format!("SELECT watertight.rotate_data_key('{A}')"));
    db.keeper().run("SELECT watertight.reencrypt('wide')");
    let mut admin = db.admin();
    let state = "SELECT passes || ' ' || rows || ' ' || passed_over FROM watertight.reencryptions WHERE finished_at IS NULL";
    eventually("it has passed them over", || {
        let state = admin.column(state);
        assert_eq!(state.len(), 1, "it is not finished");
        state[0].ends_with(" 399 2") && !state[0].starts_with('0') && !state[0].starts_with("1 ")
    });
    late.script("COMMIT");
    busy.script("COMMIT");
    finished(&db, "wide");
    assert_eq!(COLUMNS.map(|column| retired(&db, "wide", column)), [0; 5]);
    check_indexes(&db, "wide");
}

#[test]
fn a_damaged_value_stays_and_keeps_no_other() {
    let (house, _) = House::with_file();
    let db = wide(&house);
    let mut admin = db.admin();
    let flipped = "CASE substr(body::text, 50, 1) WHEN 'A' THEN 'B' ELSE 'A' END";
    let damaged =
        admin.one(&format!("SELECT overlay(body::text PLACING {flipped} FROM 50) FROM wide WHERE n = 3"));
    admin.run(&format!("UPDATE wide SET body = '{damaged}' WHERE n = 3"));
    admin.run(&format!("SELECT watertight.rotate_data_key('{A}')"));
    db.keeper().run("SELECT watertight.reencrypt('wide')");
    finished(&db, "wide");
    assert_eq!(admin.number("SELECT unreadable FROM watertight.reencryptions"), 1);
    assert_eq!(COLUMNS.map(|column| retired(&db, "wide", column)), [1, 0, 0, 0, 0]);
    assert_eq!(admin.one("SELECT body::text FROM wide WHERE n = 3"), damaged);
}

#[test]
fn partitions_are_encrypted_again_and_logical_decoding_sees_updates() {
    let (house, _) = House::with_file_and(&["wal_level = logical"]);
    house.cluster.restart();
    house.wait_for("present");
    let db = Database::without_tables(&house.cluster);
    db.keeper().script(
        "CREATE TABLE parts (id integer PRIMARY KEY, body watertight.encrypted_text) PARTITION BY RANGE (id);
         CREATE TABLE low PARTITION OF parts FOR VALUES FROM (0) TO (50); CREATE TABLE high PARTITION OF parts FOR VALUES FROM (50) TO (999);
         GRANT ALL ON parts TO app",
    );
    let insert = "INSERT INTO parts SELECT n + %, 'body ' || n FROM generate_series(1, 40) AS n";
    db.a(Mode::Simple).run(&insert.replace('%', "0"));
    db.app().with_token(&db.token(B)).run(&insert.replace('%', "100"));
    let mut admin = db.admin();
    admin.run(&format!("SELECT watertight.rotate_data_key('{A}'), watertight.rotate_data_key('{B}')"));
    admin.run("SELECT pg_create_logical_replication_slot('after', 'test_decoding')");
    db.keeper().run("SELECT watertight.reencrypt('parts')");
    finished(&db, "low");
    finished(&db, "high");
    assert_eq!(retired(&db, "parts", "body"), 0);
    let changes = |table: &str| {
        format!(
            "SELECT count(*) FROM pg_logical_slot_peek_changes('after', NULL, NULL) WHERE data LIKE 'table public.{table}: UPDATE: id[integer]:%body%'"
        )
    };
    assert_eq!(admin.number(&changes("low")), 40);
    assert_eq!(admin.number(&changes("high")), 40);
    admin.run("SELECT pg_drop_replication_slot('after')");
    assert_eq!(
        db.app()
            .with_token(&db.token(B))
            .number("SELECT count(*) FROM parts WHERE id > 100 AND body::text = 'body ' || (id - 100)"),
        40
    );
}

/// The worker takes its time over rows of these tables: what one of their indexes consists of sleeps.
const REFERRED: &str = "CREATE FUNCTION slowly(integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
        IF current_setting('application_name') = 'watertight worker' THEN PERFORM pg_sleep(3); END IF; RETURN true; END $$;
    CREATE TABLE patients (
        id integer PRIMARY KEY, code watertight.searchable_text, next integer GENERATED ALWAYS AS (id + 1) STORED UNIQUE);
    CREATE TABLE visits (patient integer REFERENCES patients);
    CREATE TABLE wards (id integer PRIMARY KEY, code watertight.searchable_text UNIQUE);
    CREATE TABLE beds (ward integer REFERENCES wards);
    CREATE TABLE rooms (
        id integer PRIMARY KEY, code watertight.searchable_text,
        key bigint GENERATED ALWAYS AS (watertight.key_id(code)) STORED UNIQUE);
    CREATE TABLE doors (room integer REFERENCES rooms);
    GRANT ALL ON patients, wards, rooms TO app";

#[test]
fn who_refers_to_a_row_neither_waits_for_it_nor_holds_it_up() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    let (mut keeper, mut admin) = (db.keeper(), db.admin());
    keeper.script(REFERRED);
    for table in ["patients", "wards", "rooms"] {
        db.a(Mode::Simple).run(&format!("INSERT INTO {table} (id, code) VALUES (1, 'code 1')"));
    }
    let rotate = format!("SELECT watertight.rotate_data_key('{A}')");
    admin.run(&rotate);
    // Somebody who has just referred to it does not keep the row from being encrypted again.
    keeper.script("BEGIN; INSERT INTO visits VALUES (1)");
    db.keeper().run("SELECT watertight.reencrypt('patients')");
    finished(&db, "patients");
    keeper.run("COMMIT");
    assert_eq!(retired(&db, "patients", "code"), 0);
    // Nor does the worker keep anybody from referring to it, unless what it writes could be referred to.
    keeper.script(
        "CREATE INDEX ON patients (code); CREATE INDEX ON patients (slowly(id)); CREATE INDEX ON wards (slowly(id));
         CREATE INDEX ON rooms (slowly(id));
         SET lock_timeout = '500ms'",
    );
    for (table, insert, waits) in [
        ("patients", "INSERT INTO visits VALUES (1)", false),
        ("wards", "INSERT INTO beds VALUES (1)", true),
        ("rooms", "INSERT INTO doors VALUES (1)", true),
    ] {
        admin.run(&rotate);
        let reencrypt = format!("SELECT watertight.reencrypt('{table}')");
        if waits {
            // Nor is anybody waited for then.
            keeper.run("BEGIN");
            keeper.run(insert);
            db.keeper().run(&reencrypt);
            let over = format!(
                "SELECT passed_over FROM watertight.reencryptions WHERE relation = '{table}'::regclass"
            );
            eventually("the row is passed over", || admin.one(&over) == "1");
            keeper.run("ROLLBACK");
        } else {
            db.keeper().run(&reencrypt);
        }
        eventually("the worker has written the row", || admin.number(SLEEPS) == 1);
        if waits {
            keeper.refused(insert, "55P03");
        } else {
            keeper.run(insert);
        }
        finished(&db, table);
        assert_eq!(retired(&db, table, "code"), 0);
        check_indexes(&db, table);
    }
}
