//! A key management service that wraps and unwraps: here a script that adds one to each byte and says that it was asked.

use crate::house::{House, eventually, key};

const SCRIPT: &str = "#!/bin/sh
# fake-service VERB NAME TENANT
echo \"$*\" >> LOG
case $1 in
    wrap) tr '\\000-\\377' '\\001-\\377\\000' ;;
    unwrap) tr '\\001-\\377\\000' '\\000-\\377' ;;
esac
";

fn house() -> House {
    let house = House::new();
    house.write("service", &SCRIPT.replace("LOG", &house.path("calls")), "700");
    house.set("key_wrap_command", &format!("{} wrap %v %t", house.path("service")));
    house.set("key_unwrap_command", &format!("{} unwrap %v %t", house.path("service")));
    house.set("key_name", "alias/first");
    house.reload();
    house.wait_for("present");
    house
}

/// Has the worker make the keys of a tenant: a service is asked when they are needed.
fn needed(house: &House, tenant: &str) {
    let mut admin = house.admin();
    let id = admin.one(&format!("SELECT id FROM watertight.tenants WHERE name = '{tenant}'"));
    // The installation's own key, for a certificate, is made in the same way.
    admin.run("SELECT watertight.create_tenant('witness')");
    admin.run("SELECT watertight.shred_tenant('witness', 'witness')");
    assert_eq!(admin.number("SELECT count(*) FROM watertight.keys WHERE purpose = 'signing'"), 1);
    assert!(!id.is_empty());
}

#[test]
fn a_service_is_asked_once_for_each_key_and_start() {
    let house = house();
    house.tenants(1);
    needed(&house, "tenant_1");
    let calls = house.read("calls");
    let nobody = "00000000-0000-0000-0000-000000000000";
    assert_eq!(calls.lines().collect::<Vec<_>>(), [format!("wrap alias/first {nobody}")]);
    let mut admin = house.admin();
    let sign = |name: &str, admin: &mut watertight_tests::Session| {
        admin.run(&format!("SELECT watertight.create_tenant('{name}')"));
        assert!(!admin.one(&format!("SELECT watertight.shred_tenant('{name}', '{name}')")).is_empty());
    };
    sign("second", &mut admin);
    assert_eq!(house.read("calls").lines().count(), 1, "what it has wrapped is known");
    house.cluster.restart();
    house.wait_for("present");
    let mut admin = house.admin();
    sign("third", &mut admin);
    sign("fourth", &mut admin);
    let calls = house.read("calls");
    assert_eq!(calls.lines().nth(1), Some(&*format!("unwrap alias/first {nobody}")));
    assert_eq!(calls.lines().count(), 2, "{calls}");
}

#[test]
fn another_name_wraps_from_then_on_and_the_old_one_unwraps() {
    let house = house();
    needed_none(&house);
    house.set("key_name", "alias/second");
    house.reload();
    let mut admin = house.admin();
    eventually("it is rotated", || {
        admin.run("SELECT watertight.rotate_master_key()");
        admin.number("SELECT count(*) FROM watertight.master_key_versions WHERE name = 'alias/second' AND tenant_keys = 1") == 1
    });
    assert_eq!(
        admin.one("SELECT string_agg(name || ' ' || tenant_keys, ', ' ORDER BY version) FROM watertight.master_key_versions"),
        "alias/first 0, alias/second 1"
    );
}

fn needed_none(house: &House) {
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
        house.set("key_wrap_command", command);
        house.reload();
        std::thread::sleep(std::time::Duration::from_millis(300));
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
