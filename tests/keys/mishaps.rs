//! Group H of the attack list, what needs no attacker: values that are encrypted twice or not at all, keys where they do not belong.

use watertight_tests::database::A;
use watertight_tests::tools::{Tools, must};
use watertight_tests::{Mode, Session};

use crate::attacks::{furnish, sealed};
use crate::house::House;

#[test]
fn h94_nothing_is_encrypted_twice_and_keys_stay() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    let mut admin = db.admin();
    let columns = ["body", "code", "scan", "facts"];
    let forms = |admin: &mut Session| columns.map(|column| sealed(admin, column, 1));
    let before = forms(&mut admin);
    for mode in [Mode::Simple, Mode::Extended] {
        let mut a = db.a(mode);
        // Columns that are not touched.
        a.run("UPDATE vault SET n = n + 1");
        a.run("UPDATE vault SET body = body, code = code, scan = scan, facts = facts");
        a.run("INSERT INTO vault (id, n) VALUES (1, 5) ON CONFLICT (id) DO UPDATE SET n = EXCLUDED.n");
        assert_eq!(forms(&mut admin), before);
        // EXCLUDED is what was given, once.
        for round in 0..3 {
            a.run(&format!(
                "INSERT INTO vault (id, body, code, scan, facts) VALUES (7, 'x{round}', 'y', '\\x0{round}', '[{round}]')
                 ON CONFLICT (id) DO UPDATE SET body = EXCLUDED.body, code = EXCLUDED.code, scan = EXCLUDED.scan,
                    facts = EXCLUDED.facts"
            ));
            let told = a.run(
                "SELECT body::text, code::text, encode(scan, 'hex'), facts::text FROM vault WHERE id = 7",
            );
            assert_eq!(
                told[0],
                [format!("x{round}"), "y".into(), format!("0{round}"), format!("[{round}]")].map(Some)
            );
        }
        a.run(
            "MERGE INTO vault AS v USING (SELECT id, body, code FROM vault WHERE id = 7) AS s ON v.id = s.id
               WHEN MATCHED THEN UPDATE SET body = s.body, code = s.code",
        );
        assert_eq!(a.one("SELECT body FROM vault WHERE id = 7"), "x2");
        a.run("DELETE FROM vault WHERE id = 7");
    }
    // An update after a rotation leaves the values that it does not touch under their key.
    let key = "SELECT watertight.key_id(body) FROM vault WHERE id = 1";
    let old = admin.one(key);
    admin.run(&format!("SELECT watertight.rotate_data_key('{A}')"));
    let mut a = db.a(Mode::Simple);
    a.run("UPDATE vault SET n = n + 1");
    assert_eq!(forms(&mut admin), before);
    a.run("UPDATE vault SET body = body::text");
    assert_ne!(admin.one(key), old);
    // COPY out without a context and in again, and to the client in one.
    let out = admin
        .copy_out("COPY (SELECT id, tenant_id, body, code, scan, facts FROM vault) TO STDOUT")
        .expect("COPY");
    assert!(!out.contains("CANARY-A"), "{out}");
    admin.run("TRUNCATE vault");
    assert_eq!(
        admin.copy_in("COPY vault (id, tenant_id, body, code, scan, facts) FROM STDIN", &out).expect("COPY"),
        3
    );
    assert_eq!(
        admin
            .copy_out("COPY (SELECT id, tenant_id, body, code, scan, facts FROM vault) TO STDOUT")
            .expect("COPY"),
        out
    );
    let told = a.copy_out("COPY (SELECT body, code, facts FROM vault ORDER BY id) TO STDOUT").expect("COPY");
    assert!(told.starts_with("CANARY-A body 1\tCANARY-A code 1\t{\"a\": \"CANARY-A facts 1\"}\n"), "{told}");
    admin
        .refused("INSERT INTO vault (id, tenant_id, body) SELECT 50, tenant_id, 'plain' FROM vault", "28000");
    assert!(
        admin
            .copy_in("COPY vault (id, tenant_id, body) FROM STDIN", &format!("50\t{}\tplain\n", db.a))
            .is_err()
    );
}

#[test]
fn h95_h96_without_a_cipher_and_its_key_nothing_is_written() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    house.write("master", "1 nonsense\n", "600");
    house.cluster.restart();
    house.wait_for("failed");
    let mut a = db.a(Mode::Simple);
    for sql in [
        "INSERT INTO vault (id, body) VALUES (50, 'CANARY-A')",
        "INSERT INTO vault (id, code) VALUES (50, 'CANARY-A')",
        "UPDATE vault SET scan = 'CANARY-A'",
        "SELECT body FROM vault",
        "SELECT FROM vault WHERE code = 'CANARY-A code 1'",
        "SELECT watertight.encrypt('CANARY-A', 'x')",
    ] {
        a.refused(sql, "55000").says("master key");
    }
    assert_eq!(a.number("SELECT count(*) FROM vault"), 2);
    assert_eq!(a.number("SELECT count(*) FROM vault WHERE id = 50"), 0);
    a.run("UPDATE vault SET n = 17");
    assert!(db.admin().one("SELECT body FROM vault WHERE id = 1").starts_with("watertight:v1:"));
}

#[test]
fn h97_keys_are_in_no_setting_no_process_title_no_listing_of_memory() {
    let (house, master) = House::with_file();
    let db = furnish(&house);
    let mut a = db.a(Mode::Simple);
    assert_eq!(a.number("SELECT count(body::text) FROM vault"), 2);
    let everything = |session: &mut Session| {
        let mut told = String::new();
        for sql in [
            "SELECT string_agg(s::text, ' ') FROM pg_settings AS s",
            "SELECT string_agg(a::text, ' ') FROM pg_stat_activity AS a",
            "SELECT string_agg(m::text, ' ') FROM pg_backend_memory_contexts AS m",
            "SELECT string_agg(p::text, ' ') FROM pg_prepared_statements AS p",
            "SELECT string_agg(s::text, ' ') FROM pg_shmem_allocations AS s",
        ] {
            if let Ok(rows) = session.attempt(sql) {
                told.push_str(&format!("{rows:?}"));
            }
        }
        told
    };
    let mut admin = db.admin().with_token(&db.token(A));
    assert_eq!(admin.number("SELECT count(body::text) FROM vault WHERE id < 10"), 2);
    let pids = format!("{} {}", a.pid(), admin.pid());
    let script =
        format!("for p in {pids}; do tr '\\0' ' ' </proc/$p/cmdline; tr '\\0' ' ' </proc/$p/environ; done");
    let told = everything(&mut a) + &everything(&mut admin) + &house.shell(&script);
    let wrapped = admin.column(
        "SELECT encode(wrapped, 'hex') FROM watertight.tenant_keys UNION ALL SELECT encode(wrapped, 'hex') FROM watertight.data_keys",
    );
    assert!(told.contains("postgres: app"), "the control: titles of processes are among it");
    for secret in wrapped.iter().chain([&master]).filter(|secret| !secret.is_empty()) {
        assert!(!told.contains(secret.as_str()), "a key is told");
    }
    assert!(!told.contains("CANARY-A"), "{told}");
    a.refused("SHOW watertight.master_key_file", "42501");
    house.never_logged(&[&master]);
    let cores = must(Tools::find().system("find").args([&house.cluster.data(), "-name", "core*"]));
    assert!(cores.stdout.is_empty(), "a core file");
}
