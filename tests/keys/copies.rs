//! Copies of a database: a standby, a dump that is restored, a copy on the same server.

use watertight_tests::database::{A, blank};
use watertight_tests::{Database, Mode, eventually};

use crate::house::House;

const TABLE: &str = "CREATE TABLE notes (id integer PRIMARY KEY, body watertight.encrypted_text, code watertight.searchable_text UNIQUE);
    GRANT ALL ON notes TO PUBLIC";
const ROW: &str = "INSERT INTO notes VALUES (1, 'CANARY-A', 'code 1')";
const READ: &str = "SELECT body::text FROM notes WHERE code = 'code 1'";

fn database<'c>(house: &'c House) -> Database<'c> {
    let db = Database::without_tables(&house.cluster);
    db.admin().script(TABLE);
    db.a(Mode::Simple).run(ROW);
    db
}

#[test]
fn a_standby_opens_and_forgets_what_the_primary_destroys() {
    let (house, _) = House::with_file();
    let db = database(&house);
    let standby = house.cluster.standby();
    house.cluster.wait_for(&standby);
    let mut admin = standby.admin(&db.name);
    eventually("its keeper has the key", || {
        admin.one("SELECT state FROM watertight.key_provider()") == "present"
    });
    let session = || standby.session(&db.name, "app").with_token(&db.token(A));
    let mut reader = session();
    assert_eq!(reader.one(READ), "CANARY-A", "a literal is sealed there, too, to be looked for");
    db.admin().run(&format!("SELECT watertight.rotate_data_key('{A}')"));
    db.a(Mode::Simple).run("INSERT INTO notes VALUES (2, 'new', 'code 2')");
    house.cluster.wait_for(&standby);
    assert_eq!(reader.one("SELECT body::text FROM notes WHERE code = 'code 2'"), "new");
    admin.refused(&format!("SELECT watertight.shred_tenant('{A}', '{A}')"), "55000");
    db.admin().run(&format!("SELECT watertight.shred_tenant('{A}', '{A}')"));
    house.cluster.wait_for(&standby);
    reader.refused("SELECT body::text FROM notes WHERE id = 1", "55000").says("destroyed");
    session().refused("SELECT body::text FROM notes WHERE id = 1", "55000").says("destroyed");
}

#[test]
fn a_promoted_standby_seals() {
    let (house, _) = House::with_file();
    let db = database(&house);
    let standby = house.cluster.standby();
    house.cluster.wait_for(&standby);
    standby.promote();
    let mut session = standby.session(&db.name, "app").with_token(&db.token(A));
    eventually("it seals", || session.attempt("INSERT INTO notes VALUES (2, 'promoted', 'code 2')").is_ok());
    assert_eq!(session.column("SELECT body::text FROM notes ORDER BY id"), ["CANARY-A", "promoted"]);
}

#[test]
fn a_dump_holds_what_is_sealed_and_opens_where_it_is_restored() {
    let (house, _) = House::with_file();
    let db = database(&house);
    db.admin().run(&format!("SELECT watertight.rotate_data_key('{A}')"));
    db.a(Mode::Simple).run("INSERT INTO notes VALUES (2, 'CANARY-A2', 'code 2')");
    let dump = db.cluster.pg_dump(&db.name, "postgres", &[], "").output();
    assert!(!dump.contains("CANARY") && dump.contains("watertight:v1:"));
    // A tenant's own dump is made in its context: it is of plain text.
    let context = format!("-c watertight.token={}", db.token(A));
    let own = db
        .cluster
        .pg_dump(&db.name, "app", &["--enable-row-security", "-a", "-t", "notes"], &context)
        .output();
    assert!(own.contains("CANARY-A2") && !own.contains("watertight:v1:"));
    let name = blank(db.cluster);
    db.cluster.psql(&name, "postgres", &dump).output();
    let mut session = db.cluster.session(&name, "app").with_token(&db.token(A));
    assert_eq!(session.column("SELECT body::text FROM notes ORDER BY id"), ["CANARY-A", "CANARY-A2"]);
    assert_eq!(session.one(READ), "CANARY-A");
    session.run("INSERT INTO notes VALUES (3, 'again', 'code 3')");
    session.refused("INSERT INTO notes VALUES (4, 'twice', 'code 2')", "23505");
    // What is destroyed here is not destroyed there: it is another database.
    db.admin().run(&format!("SELECT watertight.shred_tenant('{A}', '{A}')"));
    assert_eq!(session.one(READ), "CANARY-A");
    db.a(Mode::Simple).refused("SELECT body::text FROM notes WHERE id = 1", "55000").says("destroyed");
}
