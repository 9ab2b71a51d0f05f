//! Sealed values travel: in dumps, over replication, to standbys. They open for their tenant, and nowhere else.

use watertight_tests::database::{A, B, blank};
use watertight_tests::{Cluster, Database, Session, eventually};

use crate::canaries::TABLE;
use crate::house::{House, key};

const ROWS: &str = "INSERT INTO people (name, ssn, photo, facts)
    SELECT 'name ' || n, 'ssn ' || n, decode('00ff', 'hex'), jsonb_build_object('n', n) FROM generate_series(1, 20) AS n";
const READ: &str = "SELECT count(*) FROM people
    WHERE name = 'name ' || (facts->>'n') AND ssn = 'ssn ' || (facts->>'n') AND photo = decode('00ff', 'hex')";
/// The sealed form, as it is without a context.
const SEALED: &str = "SELECT md5(string_agg(concat_ws(',', id, name, ssn, photo, facts), ';' ORDER BY tenant_id, id)) FROM people";

fn furnish(house: &House) -> Database<'_> {
    let db = Database::without_tables(&house.cluster);
    let mut keeper = db.keeper();
    keeper.script(TABLE);
    keeper.run("SELECT watertight.protect('people')");
    for tenant in [A, B] {
        db.app().with_token(&db.token(tenant)).run(ROWS);
    }
    db
}

fn app(cluster: &Cluster, database: &str, token: &str) -> Session {
    cluster.session(database, "app").with_token(token)
}

/// A database with what `db` had when it was dumped, and the dump.
fn restored(db: &Database<'_>) -> (String, String) {
    let dump = db.cluster.pg_dump(&db.name, "postgres", &[], "").output();
    assert!(dump.contains("watertight:v1:"), "the dump has sealed values");
    let name = blank(db.cluster);
    db.cluster.psql(&name, "postgres", &dump).output();
    (name, dump)
}

#[test]
fn h94_a_dump_is_sealed_and_opens_where_it_is_restored() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    let (name, dump) = restored(&db);
    assert!(!dump.contains("name 7") && !dump.contains("ssn 7"), "{dump}");
    let mut there = house.cluster.admin(&name);
    assert_eq!(there.one(SEALED), db.admin().one(SEALED), "nothing was encrypted twice");
    for tenant in [&db.a, &db.b] {
        let mut session = app(&house.cluster, &name, &db.token(tenant));
        assert_eq!(session.number(READ), 20);
        session.run("INSERT INTO people (name, ssn, photo, facts) VALUES ('name 99', 'ssn 99', '\\x00ff', '{\"n\": 99}')");
        assert_eq!(session.number(READ), 21);
        session.refused("INSERT INTO people (ssn) VALUES ('ssn 7')", "23505");
    }
    // Values of A in a row of B: put there by who may write without a context.
    there.run(&format!(
        "UPDATE people AS b SET name = a.name FROM people AS a
          WHERE b.tenant_id = '{}' AND b.id = (SELECT min(id) FROM people WHERE tenant_id = '{}')
            AND a.tenant_id = '{}' AND a.id = (SELECT min(id) FROM people WHERE tenant_id = '{}')",
        db.b, db.b, db.a, db.a
    ));
    app(&house.cluster, &name, &db.token(B))
        .refused("SELECT name FROM people", "42501")
        .says("another tenant");
    // Other rows, other databases: a dump without the keys' tables is worth nothing.
    let mut there = house.cluster.admin(&name);
    there.run("DELETE FROM watertight.data_keys");
    app(&house.cluster, &name, &db.token(A))
        .refused("SELECT name FROM people", "42704")
        .says("not in this database");
}

#[test]
fn h92_an_old_dump_opens_while_its_master_key_is_there() {
    let (house, first) = House::with_file();
    let db = furnish(&house);
    let dump = db.cluster.pg_dump(&db.name, "postgres", &[], "").output();
    let mut admin = db.admin();
    for rotate in ["rotate_data_key", "rotate_tenant_key"] {
        admin.run(&format!("SELECT watertight.{rotate}('{A}')"));
    }
    let second = key();
    house.write("master", &format!("1 {first}\n2 {second}\n"), "600");
    house.reload();
    eventually("both are there", || house.versions() == "{1,2}");
    admin.run("SELECT watertight.rotate_master_key()");
    eventually("it is over", || {
        admin.number(
            "SELECT count(*) FROM watertight.tenant_keys WHERE state = 'active' AND master_version = 1",
        ) == 0
    });
    let restore = || {
        let name = blank(db.cluster);
        db.cluster.psql(&name, "postgres", &dump).output();
        name
    };
    assert_eq!(app(&house.cluster, &restore(), &db.token(A)).number(READ), 20);
    house.write("master", &format!("2 {second}\n"), "600");
    house.reload();
    eventually("one is there", || house.versions() == "{2}");
    app(&house.cluster, &restore(), &db.token(A))
        .refused(READ, "55000")
        .says("a version of the master key is missing");
    assert_eq!(app(&house.cluster, &db.name, &db.token(A)).number(READ), 20);
}

#[test]
fn h91_h93_a_standby_opens_shreds_and_repeats_no_nonce() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    let standby = house.cluster.standby();
    house.cluster.wait_for(&standby);
    let mut there = app(&standby, &db.name, &db.token(A));
    eventually("its keeper has the key", || there.attempt(READ).is_ok());
    assert_eq!(there.number(READ), 20);
    assert_eq!(there.number("SELECT count(*) FROM people WHERE ssn = 'ssn 7'"), 1);
    assert_eq!(there.number("SELECT count(*) FROM people WHERE ssn::text LIKE 'ssn 1%'"), 11);
    there.refused("SELECT watertight.encrypt('x', 'y')", "55000");
    let mut b = app(&standby, &db.name, &db.token(B));
    assert_eq!(b.number(READ), 20);
    assert!(standby.admin(&db.name).one("SELECT name FROM people LIMIT 1").starts_with("watertight:v1:"));

    db.admin().run(&format!("SELECT watertight.shred_tenant('{B}', '{B}')"));
    house.cluster.wait_for(&standby);
    eventually("the standby has heard", || b.attempt(READ).is_err());
    b.refused(READ, "55000").says("destroyed");
    assert_eq!(there.number(READ), 20);

    // It becomes a primary, and so there are two that go on with one key.
    standby.promote();
    eventually("it is a primary", || standby.admin(&db.name).one("SELECT pg_is_in_recovery()") == "f");
    let many = "INSERT INTO people (name) SELECT 'the same'::text FROM generate_series(1, 2000)";
    let mut nonces = std::collections::BTreeSet::new();
    let mut values = 0;
    for cluster in [&standby, &house.cluster] {
        app(cluster, &db.name, &db.token(A)).run(many);
        let sealed = cluster.admin(&db.name).column("SELECT name FROM people WHERE ssn IS NULL");
        assert_eq!(sealed.len(), 2000);
        for value in sealed {
            // Kind and key are the first 12 digits; the nonce is the next 16.
            nonces.insert(value["watertight:v1:".len() + 12..][..16].to_owned());
            values += 1;
        }
    }
    assert_eq!(nonces.len(), values);
}

#[test]
fn logical_replication_carries_sealed_values() {
    let (house, _) = House::with_file_and(&["wal_level = logical"]);
    let db = furnish(&house);
    let (name, _) = restored(&db);
    let mut there = house.cluster.admin(&name);
    there.run("TRUNCATE people");
    let mut here = db.admin();
    here.run("CREATE PUBLICATION people FOR TABLE people");
    here.run("SELECT pg_create_logical_replication_slot('people', 'pgoutput')");
    let socket = house.cluster.socket().display().to_string();
    // As the owner of the table, whom row security binds, PostgreSQL 16 and later refuse to write.
    let is_new = there.number("SELECT current_setting('server_version_num')") >= 160_000;
    let as_owner = if is_new { ", run_as_owner = true" } else { "" };
    there.run(&format!(
        "CREATE SUBSCRIPTION people CONNECTION 'host={socket} port={} dbname={} user=postgres' PUBLICATION people
         WITH (create_slot = false, slot_name = 'people'{as_owner})",
        house.cluster.port(),
        db.name
    ));
    eventually("what was there arrives", || there.number("SELECT count(*) FROM people") == 40);
    let mut a = app(&house.cluster, &db.name, &db.token(A));
    a.run(
        "INSERT INTO people (name, ssn, photo, facts) VALUES ('name 99', 'ssn 99', '\\x00ff', '{\"n\": 99}')",
    );
    a.run("UPDATE people SET name = 'name 8', ssn = 'ssn 8 and more', facts = '{\"n\": \"8\"}' WHERE ssn = 'ssn 8'");
    a.run("UPDATE people SET ssn = 'ssn 8' WHERE ssn = 'ssn 8 and more'");
    a.run("DELETE FROM people WHERE ssn = 'ssn 3'");
    let wanted = here.one(SEALED);
    eventually("changes arrive, byte by byte", || there.one(SEALED) == wanted);
    for tenant in [A, B] {
        assert_eq!(app(&house.cluster, &name, &db.token(tenant)).number(READ), 20);
    }
    // Keys that are made later, for a subscriber that makes none itself.
    here.run("CREATE PUBLICATION keys FOR TABLE watertight.tenant_keys, watertight.data_keys");
    here.run("SELECT pg_create_logical_replication_slot('keys', 'pgoutput')");
    there.run(&format!(
        "CREATE SUBSCRIPTION keys CONNECTION 'host={socket} port={} dbname={} user=postgres' PUBLICATION keys
         WITH (create_slot = false, slot_name = 'keys', copy_data = false)",
        house.cluster.port(),
        db.name
    ));
    for rotate in ["rotate_data_key", "rotate_tenant_key"] {
        here.run(&format!("SELECT watertight.{rotate}('{A}')"));
    }
    a.run(
        "INSERT INTO people (name, ssn, photo, facts) VALUES ('name 98', 'ssn 98', '\\x00ff', '{\"n\": 98}')",
    );
    let mut reader = app(&house.cluster, &name, &db.token(A));
    eventually("values under new keys open", || {
        reader.attempt(READ).is_ok_and(|rows| rows[0][0].as_deref() == Some("21"))
    });
    there.run("DROP SUBSCRIPTION people");
    there.run("DROP SUBSCRIPTION keys");
}
