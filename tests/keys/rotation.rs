//! Rotation of the master key: online, in batches, and over crashes.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use watertight_tests::{Database, eventually};

use crate::house::{House, key};

#[test]
fn old_versions_unwrap_until_nothing_needs_them() {
    let (house, first) = House::with_file();
    house.tenants(120);
    let second = key();
    house.write("master", &format!("2 {second}\n1 {first}\n"), "600");
    house.reload();
    eventually("both are there", || house.versions() == "{1,2}");
    assert!(house.opens("tenant_1"), "what version 1 wraps");
    let mut admin = house.admin();
    let left = "SELECT count(*) FROM watertight.tenant_keys WHERE state = 'active' AND master_version = 1";
    assert_eq!(admin.number(left), 119, "tenant_1's is new");
    house.write("master", &format!("2 {second}\n"), "600");
    house.reload();
    eventually("one is there", || house.versions() == "{2}");
    admin
        .refused("SELECT watertight.rotate_tenant_key('tenant_2')", "55000")
        .says("a version of the master key is missing")
        .hints();
    admin.run("SELECT watertight.rotate_master_key()");
    eventually("the worker says what it cannot do", || {
        admin
            .one("SELECT last_error FROM watertight.worker_status WHERE database = current_database()")
            .contains("version 1, which the provider has not given")
    });
    house.write("master", &format!("1 {first}\n2 {second}\n"), "600");
    house.reload();
    eventually("all are wrapped by the new one", || admin.number(left) == 0);
    eventually("it is over", || {
        admin.number("SELECT count(*) FROM watertight.master_keys WHERE rotating") == 0
    });
    house.write("master", &format!("2 {second}\n"), "600");
    house.reload();
    eventually("one is there", || house.versions() == "{2}");
    for n in [1, 2, 60, 120] {
        assert!(house.opens(&format!("tenant_{n}")));
    }
    house.never_logged(&[&first, &second]);
}

#[test]
fn killed_at_any_point_it_goes_on() {
    let (house, mut old) = House::with_file();
    house.tenants(400);
    let mut seed = 0x2545_f491_u64;
    for round in 2..22 {
        let new = key();
        house.write("master", &format!("{round} {new}\n{} {old}\n", round - 1), "600");
        house.reload();
        eventually("both are there", || house.versions() == format!("{{{},{round}}}", round - 1));
        house.admin().run("SELECT watertight.rotate_master_key()");
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        std::thread::sleep(std::time::Duration::from_millis((seed >> 33) % 120));
        house.cluster.kill();
        house.wait_for("present");
        let mut admin = house.admin();
        let left = format!(
            "SELECT count(*) FROM watertight.tenant_keys WHERE state = 'active' AND master_version <> {round}"
        );
        eventually("all are wrapped by the new one", || admin.number(&left) == 0);
        old = new;
    }
    for n in [1, 7, 133, 400] {
        assert!(house.opens(&format!("tenant_{n}")));
    }
}

#[test]
fn nobody_who_works_meanwhile_is_disturbed() {
    const TENANTS: usize = 200;
    let (house, first) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    let mut admin = db.admin();
    admin.script(
        "CREATE TABLE notes (tenant text, body watertight.encrypted_text, code watertight.searchable_text);
         CREATE INDEX ON notes (code); GRANT ALL ON notes TO app",
    );
    admin.run(&format!(
        "SELECT count(watertight.create_tenant('n' || n)) FROM generate_series(1, {TENANTS}) n"
    ));
    let (stop, work) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for client in 0..4 {
            let (db, stop, work) = (&db, &stop, &work);
            scope.spawn(move || {
                let mut n = client;
                let mut session = db.app();
                while !stop.load(Ordering::Relaxed) {
                    n = (n * 7 + 3) % TENANTS;
                    let tenant = format!("n{}", n + 1);
                    session.set_token(&db.token(&tenant));
                    session.run(&format!("INSERT INTO notes VALUES ('{tenant}', '{tenant} secret', '{client}')"));
                    let read = format!("SELECT count(*) FROM notes WHERE tenant = '{tenant}' AND code = '{client}' AND body::text = '{tenant} secret'");
                    assert!(session.number(&read) > 0);
                    work.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let all = |what: &str| {
            format!("SELECT watertight.{what}(name) FROM watertight.tenants WHERE name LIKE 'n%'")
        };
        for round in 2..4 {
            // One transaction for all, and one for each.
            admin.run(&all("rotate_data_key"));
            admin.run(&all("rotate_tenant_key"));
            for n in 1..=TENANTS {
                admin.run(&format!("SELECT watertight.rotate_data_key('n{n}')"));
            }
            house.write("master", &format!("{round} {}\n1 {first}\n", key()), "600");
            if round == 2 {
                house.reload();
                eventually("both are there", || house.versions() == "{1,2}");
                admin.run("SELECT watertight.rotate_master_key()");
                eventually("all are wrapped by the new one", || {
                    admin.number("SELECT count(*) FROM watertight.master_keys WHERE rotating") == 0
                });
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(work.load(Ordering::Relaxed) > 20);
    assert_eq!(
        admin.number(
            "SELECT count(*) FROM watertight.tenant_keys WHERE state = 'active' AND master_version <> 2"
        ),
        0
    );
}
