//! Many tenants: all of their keys are rotated on all three levels, while clients work.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use watertight_tests::{Database, Session};

use crate::house::{House, key};
use watertight_tests::{eventually, within};

/// The benchmark does the same with ten thousand.
const TENANTS: usize = 1_000;
const CLIENTS: usize = 4;
/// No statement of a client's may take longer, on a machine that does other things besides.
const STALL: Duration = Duration::from_secs(5);

/// A client of the application: of another tenant in each transaction, it writes and reads both kinds of columns.
fn work(db: &Database<'_>, client: usize, stop: &AtomicBool) -> (usize, Duration) {
    let (mut count, mut longest) = (0, Duration::ZERO);
    let mut session = db.app();
    let mut n = client;
    while !stop.load(Ordering::Relaxed) {
        n = (n * 7_919 + 13) % TENANTS;
        let tenant = format!("n{}", n + 1);
        session.set_token(&db.token(&tenant));
        for sql in [
            format!("INSERT INTO notes (n, body, code) VALUES (1, '{tenant} secret', '{tenant} code')"),
            format!(
                "SELECT 1 / (count(*) > 1 AND bool_and(body::text = '{tenant} secret'))::int
                   FROM notes WHERE code = '{tenant} code'"
            ),
            format!("UPDATE notes SET body = '{tenant} secret' WHERE code = '{tenant} code' AND n = 0"),
        ] {
            let begun = Instant::now();
            session.run(&sql);
            longest = longest.max(begun.elapsed());
        }
        count += 1;
    }
    (count, longest)
}

/// One row of each tenant, encrypted by one statement.
fn furnish(admin: &mut Session) {
    admin.run(&format!(
        "SELECT count(watertight.create_tenant('n' || n)) FROM generate_series(1, {TENANTS}) n"
    ));
    admin.script(
        "CREATE TABLE notes (tenant_id uuid NOT NULL, n int, body text, code text);
         INSERT INTO notes SELECT id, 0, name || ' secret', name || ' code' FROM watertight.tenants WHERE name LIKE 'n%';
         CREATE INDEX ON notes (tenant_id, code);
         SELECT watertight.protect('notes');
         SELECT watertight.encrypt_column('notes', 'body');
         SELECT watertight.encrypt_column('notes', 'code', searchable => true);
         GRANT SELECT, INSERT, UPDATE ON notes TO app",
    );
}

#[test]
fn all_keys_are_rotated_under_load_and_no_client_notices() {
    let (house, first) = House::with_file_and(&["log_statement = none", "log_min_messages = warning"]);
    let db = Database::without_tables(&house.cluster);
    let begun = Instant::now();
    let told = |what: &str| eprintln!("{what} after {:.1} s", begun.elapsed().as_secs_f64());
    furnish(&mut db.admin());
    told("made");
    // From here on nobody knows how often any key was used: each asks the worker when it seals first.
    house.cluster.restart();
    house.wait_for("present");
    let mut admin = db.admin();
    let data_keys = "SELECT count(*) FROM watertight.data_keys WHERE purpose = 'data' AND state = ";
    let of_tenants = "SELECT count(*) FROM watertight.tenant_keys WHERE state = 'active'";
    let active = admin.number(&format!("{data_keys}'active'"));
    let (stop, work_done) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        // Also when an assertion fails: a scope waits for its threads.
        let stopping = Stopping(&stop);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (db, stop) = (&db, &stop);
                scope.spawn(move || work(db, client, stop))
            })
            .collect();
        admin.run("CALL watertight.rotate_data_keys()");
        told("data keys");
        admin.run("CALL watertight.rotate_tenant_keys()");
        told("tenants' keys");
        let second = key();
        house.write("master", &format!("2 {second}\n1 {first}\n"), "600");
        house.reload();
        eventually("both are there", || house.versions() == "{1,2}");
        assert!(admin.number("SELECT watertight.rotate_master_key()") > TENANTS as i64);
        let rotating = "SELECT count(*) FROM watertight.master_keys WHERE rotating";
        within(60, "the rotation of the master key is over", || admin.number(rotating) == 0);
        told("master key");
        drop(stopping);
        for client in clients {
            let (count, longest) = client.join().expect("a client");
            assert!(longest < STALL, "a client's statement took {longest:?}");
            work_done.fetch_add(count, Ordering::Relaxed);
        }
        // Nothing needs the old version.
        house.write("master", &format!("2 {second}\n"), "600");
    });
    eprintln!("{} transactions of {CLIENTS} clients", work_done.load(Ordering::Relaxed));
    assert!(work_done.load(Ordering::Relaxed) > 100);
    assert_eq!(admin.number(&format!("{of_tenants} AND master_version <> 2")), 0);
    assert_eq!(admin.number(&format!("{of_tenants} AND version = 2")), active);
    assert_eq!(admin.number(&format!("{data_keys}'active'")), active);
    assert_eq!(admin.number(&format!("{data_keys}'retired'")), active);
    drop(admin);
    house.cluster.restart();
    house.wait_for("present");
    assert_eq!(house.versions(), "{2}");
    let mut admin = db.admin();
    admin.script("SELECT watertight.decrypt_column('notes', 'body'); SELECT watertight.decrypt_column('notes', 'code')");
    told("opened");
    let right = "SELECT count(*), count(DISTINCT tenant_id), bool_and(body = t.name || ' secret' AND code = t.name || ' code')
        FROM notes AS n JOIN watertight.tenants AS t ON t.id = n.tenant_id";
    let rows = TENANTS + work_done.load(Ordering::Relaxed);
    assert_eq!(
        admin.run(right)[0],
        [rows.to_string(), TENANTS.to_string(), "t".to_owned()].map(Some),
        "every value is what was written"
    );
}

struct Stopping<'a>(&'a AtomicBool);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn one_tenant_that_fails_keeps_no_other_from_it() {
    let (house, _) = House::with_file();
    house.tenants(60);
    let mut admin = house.admin();
    let id = |n: usize| format!("(SELECT id FROM watertight.tenants WHERE name = 'tenant_{n}')");
    admin.run("SELECT watertight.shred_tenant('tenant_7', 'tenant_7')");
    for (procedure, keys) in [
        ("rotate_data_keys", "data_keys AS k WHERE purpose = 'data'"),
        ("rotate_tenant_keys", "tenant_keys AS k WHERE tenant_id <> '00000000-0000-0000-0000-000000000000'"),
    ] {
        let before = admin.one("SELECT clock_timestamp()");
        let left = format!(
            "SELECT count(*) FROM watertight.{keys} AND state = 'active' AND created_at < '{before}'"
        );
        assert_eq!(admin.number(&left), 59, "one is shredded");
        let call = format!("CALL watertight.{procedure}");
        // Where it must not commit, it does nothing.
        admin.run("BEGIN");
        admin.refused(&format!("{call}()"), "25001").says("transaction block");
        admin.run("ROLLBACK");
        admin.refused(
            &format!("DO $$ BEGIN BEGIN {call}(); EXCEPTION WHEN division_by_zero THEN END; END $$"),
            "25001",
        );
        admin.refused(&format!("{call}(NULL)"), "22023");
        admin.run("SET default_transaction_read_only = on");
        admin.refused(&format!("{call}()"), "25006");
        admin.run("SET default_transaction_read_only = off");
        admin.run("SET ROLE app");
        admin.refused(&format!("{call}()"), "42501");
        admin.run("RESET ROLE");
        admin.run(&format!("{call}('-infinity')"));
        assert_eq!(admin.number(&left), 59);
        // Somebody has changed a row by hand.
        let broken = format!(
            "UPDATE watertight.tenant_keys SET wrapped = wrapped || 'x' WHERE state = 'active' AND tenant_id = {}",
            id(23)
        );
        admin.run(&broken);
        let failure = admin.refused(&format!("{call}('{before}')"), "55000");
        failure.says("the keys of 1 tenants were not rotated").hints();
        assert_eq!(admin.number(&left), 1, "all others are");
        let mended = broken.replace("wrapped || 'x'", "substr(wrapped, 1, length(wrapped) - 1)");
        admin.run(&mended);
        let newest = format!(
            "SELECT max(created_at) FROM watertight.{keys} AND state = 'active' AND tenant_id <> {}",
            id(23)
        );
        let newest_before = admin.one(&newest);
        admin.run(&format!("{call}('{before}')"));
        assert_eq!(admin.number(&left), 0);
        assert_eq!(admin.one(&newest), newest_before, "those that were done are not done again");
    }
    // A member of watertight_admin calls it, with rights on no table of keys.
    admin.script("CREATE ROLE officer LOGIN IN ROLE watertight_admin");
    let mut officer = house.cluster.session(&house.database, "officer");
    let retired = "SELECT count(*) FROM watertight.keys WHERE state = 'retired'";
    let so_far = officer.number(retired);
    officer.run("CALL watertight.rotate_data_keys()");
    officer.run("CALL watertight.rotate_tenant_keys(before => now())");
    assert_eq!(officer.number(retired), so_far + 59);
    for n in [1, 23, 60] {
        assert!(house.opens(&format!("tenant_{n}")));
    }
    house.write("master", "1 nonsense\n", "600");
    house.cluster.restart();
    house.wait_for("failed");
    house
        .admin()
        .refused("CALL watertight.rotate_data_keys()", "55000")
        .says("the master key could not be loaded");
}

#[test]
fn who_needs_a_key_waits_for_its_own_row_only() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    db.admin().script("CREATE TABLE notes (body watertight.encrypted_text); GRANT ALL ON notes TO app");
    for n in 1..=40 {
        db.admin().run(&format!("SELECT watertight.create_tenant('n{n}')"));
    }
    house.cluster.restart();
    house.wait_for("present");
    // Somebody rotates some tenants' keys, and takes long to commit it.
    let mut admin = db.admin();
    admin.run("BEGIN");
    admin.run("SELECT count(watertight.rotate_data_key('n' || n)) FROM generate_series(1, 20) n");
    std::thread::scope(|scope| {
        let seal =
            |n: usize| db.app().with_token(&db.token(&format!("n{n}"))).run("INSERT INTO notes VALUES ('x')");
        let waiting: Vec<_> = (1..=4).map(|n| scope.spawn(move || seal(n))).collect();
        let writing = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND state = 'active' AND query LIKE 'INSERT INTO notes%'";
        eventually("four wait for a key", || db.admin().number(writing) == 4);
        let begun = Instant::now();
        (21..=40).for_each(|n| {
            seal(n);
        });
        assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
        assert!(waiting.iter().all(|thread| !thread.is_finished()));
        admin.run("COMMIT");
        waiting.into_iter().for_each(|thread| {
            thread.join().expect("whoever waited goes on");
        });
    });
}
