//! From a file to a key management service and back: nothing is lost on the way, and nothing waits for a moment in which both are there.

use watertight_tests::database::B;
use watertight_tests::{Database, Mode, Session, eventually};

use crate::house::{House, key};
use crate::service;

const WRAPPED: &str = "SELECT string_agg(coalesce(m.name, 'version ' || m.version) || ': ' || m.tenant_keys, ', ' ORDER BY m.version DESC)
    FROM watertight.master_key_versions AS m WHERE m.tenant_keys > 0";

/// Waits until all of the tenants' keys are wrapped by this.
fn rotate(admin: &mut Session, to: &str) {
    eventually(&format!("all is wrapped by {to}"), || {
        admin.attempt("SELECT watertight.rotate_master_key()").is_ok()
            && admin.one(WRAPPED) == to
            && admin.number("SELECT count(*) FROM watertight.master_key_versions WHERE rotating") == 0
    });
}

/// A table in which two tenants have a value each.
fn notes(house: &House) -> Database<'_> {
    let db = Database::without_tables(&house.cluster);
    db.admin().script("CREATE TABLE notes (id serial, body watertight.encrypted_text); GRANT ALL ON notes, notes_id_seq TO app");
    db.a(Mode::Simple).run("INSERT INTO notes (body) VALUES ('CANARY-A')");
    db.app().with_token(&db.token(B)).run("INSERT INTO notes (body) VALUES ('CANARY-B')");
    db
}

fn opens(db: &Database) {
    assert_eq!(db.a(Mode::Simple).one("SELECT body::text FROM notes WHERE id = 1"), "CANARY-A");
    assert_eq!(
        db.app().with_token(&db.token(B)).one("SELECT body::text FROM notes WHERE id = 2"),
        "CANARY-B"
    );
}

fn restart(house: &House) {
    house.cluster.restart();
    house.wait_for("present");
}

#[test]
fn from_a_file_to_a_service_and_back() {
    let (house, first) = House::with_file();
    let db = notes(&house);
    let mut admin = db.admin();
    assert_eq!(admin.one(WRAPPED), "version 1: 2");

    // Both: the service wraps, and the file opens what it has wrapped.
    service::configure(&house);
    restart(&house);
    opens(&db);
    let mut admin = db.admin();
    assert_eq!(admin.one(WRAPPED), "version 1: 2");
    rotate(&mut admin, "alias/first: 2");
    house.set("master_key_file", "");
    restart(&house);
    opens(&db);

    // And back: without a command that wraps, the file's newest version does.
    let second = key();
    house.write("master", &format!("1 {first}\n2 {second}\n"), "600");
    house.set("master_key_file", &house.path("master"));
    house.set("key_wrap_command", "");
    restart(&house);
    opens(&db);
    let mut admin = db.admin();
    rotate(&mut admin, "version 2: 2");
    house.set("key_unwrap_command", "");
    house.write("master", &format!("2 {second}\n"), "600");
    restart(&house);
    opens(&db);
    house.never_logged(&[&first, &second]);
}

#[test]
fn who_leaves_before_all_is_wrapped_again_is_told_and_loses_nothing() {
    let (house, _) = House::with_file();
    let db = notes(&house);
    service::configure(&house);
    house.set("master_key_file", "");
    restart(&house);
    db.a(Mode::Simple)
        .refused("SELECT body::text FROM notes WHERE id = 1", "55000")
        .says("is not wrapped by the key management service")
        .hints();
    house.set("master_key_file", &house.path("master"));
    house.reload();
    eventually("the file is there again", || {
        db.a(Mode::Simple).attempt("SELECT body::text FROM notes WHERE id = 1").is_ok()
    });
    opens(&db);
    rotate(&mut db.admin(), "alias/first: 2");
    house.set("master_key_file", "");
    house.set("key_wrap_command", "");
    house.set("key_unwrap_command", "");
    house.set("master_key_command", &format!("cat {}", house.path("master")));
    restart(&house);
    db.a(Mode::Simple)
        .refused("SELECT body::text FROM notes WHERE id = 1", "55000")
        .says("is wrapped by a key management service")
        .hints();
}

/// The numbers of a file's lines are their writer's: none of them may be taken for a key of the service that came first.
#[test]
fn a_file_after_a_service_has_numbers_of_its_own() {
    let house = service::house();
    let db = Database::without_tables(&house.cluster);
    db.admin().script("CREATE TABLE notes (id serial, body watertight.encrypted_text); GRANT ALL ON notes, notes_id_seq TO app");
    db.a(Mode::Simple).run("INSERT INTO notes (body) VALUES ('CANARY-A')");
    house.write("master", &format!("1 {}\n", key()), "600");
    house.set("master_key_file", &house.path("master"));
    house.set("key_wrap_command", "");
    house.reload();
    house.wait_for("present");
    eventually("the file is there", || house.versions() == "{1}");
    db.app().with_token(&db.token(B)).run("INSERT INTO notes (body) VALUES ('CANARY-B')");
    assert_eq!(db.admin().one(WRAPPED), "version 1: 1, alias/first: 1");
    restart(&house);
    opens(&db);
}

#[test]
fn half_of_a_service_is_refused() {
    let (house, _) = House::with_file();
    house.set("key_wrap_command", "cat");
    let why = house.failure(|| house.reload());
    assert!(why.contains("watertight.key_unwrap_command is not"), "{why}");
    house.set("key_wrap_command", "");
    house.set("key_unwrap_command", "cat");
    house.set("master_key_file", "");
    let why = house.failure(|| house.reload());
    assert!(why.contains("nothing that wraps is"), "{why}");
}

#[test]
fn a_service_that_was_tried_in_vain_leaves_nothing_behind() {
    let (house, first) = House::with_file();
    let db = notes(&house);
    house.set("key_wrap_command", "no-such-command");
    house.set("key_unwrap_command", "no-such-command");
    house.set("key_name", "tried");
    restart(&house);
    let mut admin = db.admin();
    assert_eq!(admin.number("SELECT watertight.rotate_master_key()"), 2);
    eventually("the worker has failed", || {
        admin.number(
            "SELECT count(*) FROM watertight.worker_status WHERE database = current_database() AND failing",
        ) == 1
    });
    opens(&db);
    house.set("key_wrap_command", "");
    house.set("key_unwrap_command", "");
    let second = key();
    house.write("master", &format!("1 {first}\n2 {second}\n"), "600");
    house.reload();
    eventually("both versions are there", || house.versions() == "{1,2}");
    rotate(&mut admin, "version 2: 2");
    house.write("master", &format!("2 {second}\n"), "600");
    restart(&house);
    opens(&db);
}
