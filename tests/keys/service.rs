//! A key management service that wraps and unwraps: here a script that adds one to each byte and says that it was asked.

use watertight_tests::database::B;
use watertight_tests::{Database, Mode, eventually};

use crate::house::{House, key};

const SCRIPT: &str = "#!/bin/sh
# fake-service VERB NAME TENANT
echo \"$*\" >> LOG
case $1 in
    wrap) tr '\\000-\\377' '\\001-\\377\\000' ;;
    unwrap) tr '\\001-\\377\\000' '\\000-\\377' ;;
esac
";

/// A house whose master key is the service's.
pub fn house() -> House {
    let house = House::new();
    configure(&house);
    house.reload();
    house.wait_for("present");
    house
}

/// Sets the service's commands; counts at the next reload.
pub fn configure(house: &House) {
    house.write("service", &SCRIPT.replace("LOG", &house.path("calls")), "700");
    house.set("key_wrap_command", &format!("{} wrap %v %t", house.path("service")));
    house.set("key_unwrap_command", &format!("{} unwrap %v %t", house.path("service")));
    house.set("key_name", "alias/first");
}

#[test]
fn a_service_is_asked_once_for_each_key_and_start() {
    let house = house();
    witness(&house);
    let calls = house.read("calls");
    let nobody = "00000000-0000-0000-0000-000000000000";
    // It has to show that it opens what it has wrapped.
    assert_eq!(
        calls.lines().collect::<Vec<_>>(),
        [format!("wrap alias/first {nobody}"), format!("unwrap alias/first {nobody}")]
    );
    let mut admin = house.admin();
    let sign = |name: &str, admin: &mut watertight_tests::Session| {
        admin.run(&format!("SELECT watertight.create_tenant('{name}')"));
        assert!(!admin.one(&format!("SELECT watertight.shred_tenant('{name}', '{name}')")).is_empty());
    };
    sign("second", &mut admin);
    assert_eq!(house.read("calls").lines().count(), 2, "what it has wrapped is known");
    house.cluster.restart();
    house.wait_for("present");
    let mut admin = house.admin();
    sign("third", &mut admin);
    sign("fourth", &mut admin);
    let calls = house.read("calls");
    assert_eq!(calls.lines().nth(2), Some(&*format!("unwrap alias/first {nobody}")));
    assert_eq!(calls.lines().count(), 3, "{calls}");
}

#[test]
fn values_are_sealed_and_opened_under_keys_that_the_service_wraps() {
    let house = house();
    let db = Database::without_tables(&house.cluster);
    db.admin().script("CREATE TABLE notes (id serial, body watertight.encrypted_text); GRANT ALL ON notes, notes_id_seq TO app");
    db.a(Mode::Simple).run("INSERT INTO notes (body) VALUES ('CANARY-A')");
    house.cluster.restart();
    house.wait_for("present");
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| assert_eq!(db.a(Mode::Simple).one("SELECT body::text FROM notes"), "CANARY-A"));
        }
    });
    let calls = house.read("calls");
    let of =
        |verb: &str| calls.lines().filter(|line| **line == format!("{verb} alias/first {}", db.a)).count();
    assert_eq!((of("wrap"), of("unwrap")), (1, 2), "{calls}");
    // Without the service, what is known goes on, and nothing new is sealed under a key that it has not wrapped.
    house.set("key_unwrap_command", "exit 1");
    house.configure("key_wrap_command", "exit 1");
    assert_eq!(db.a(Mode::Simple).one("SELECT body::text FROM notes"), "CANARY-A");
    let mut other = db.app().with_token(&db.token(B));
    other.refused("INSERT INTO notes (body) VALUES ('CANARY-B')", "55000").hints();
    assert_eq!(db.admin().number("SELECT count(*) FROM notes"), 1);
    house.never_logged(&[]);
}

#[test]
fn another_name_wraps_from_then_on_and_the_old_one_unwraps() {
    let house = house();
    witness(&house);
    house.set("key_name", "alias/second");
    house.reload();
    let mut admin = house.admin();
    eventually("it is rotated", || {
        admin.run("SELECT watertight.rotate_master_key()");
        admin.number("SELECT count(*) FROM watertight.master_key_versions WHERE name = 'alias/second' AND tenant_keys = 1") == 1
    });
    assert_eq!(
        admin.one("SELECT string_agg(name || ' ' || tenant_keys, ', ' ORDER BY version DESC) FROM watertight.master_key_versions"),
        "alias/first 0, alias/second 1"
    );
}

/// Has the installation's own key made, to sign a certificate.
fn witness(house: &House) {
    let mut admin = house.admin();
    admin.run("SELECT watertight.create_tenant('witness')");
    admin.run("SELECT watertight.shred_tenant('witness', 'witness')");
}

#[test]
fn a_service_that_is_slow_or_wrong_is_an_error_and_nothing_is_written() {
    let house = house();
    let mut admin = house.admin();
    admin.run("SELECT watertight.create_tenant('witness')");
    let secret = key();
    house.write("says", &secret, "600");
    for command in ["sleep 60", "cat", &format!("cat {} >&2; exit 1", house.path("says"))] {
        house.configure("key_wrap_command", command);
        let name = admin.one("SELECT 't' || replace(gen_random_uuid()::text, '-', '')");
        admin.run(&format!("SELECT watertight.create_tenant('{name}')"));
        let before = admin.number("SELECT count(*) FROM watertight.tenant_keys WHERE wrapped IS NOT NULL");
        assert_eq!(before, 0);
        eventually("the keys are destroyed", || {
            admin.attempt(&format!("SELECT watertight.shred_tenant('{name}', '{name}')")).is_ok()
        });
        assert!(admin.notices().iter().any(|notice| notice.contains("not signed yet")));
        assert_eq!(admin.number("SELECT count(*) FROM watertight.tenant_keys WHERE wrapped IS NOT NULL"), 0);
    }
    let error =
        admin.one("SELECT last_error FROM watertight.worker_status WHERE database = current_database()");
    assert!(error.contains("the key management service has given no usable key"), "{error}");
    house.never_logged(&[&secret]);
}
