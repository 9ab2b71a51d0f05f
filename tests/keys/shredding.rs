//! Destroyed keys: no process has them, nothing opens, and a crash in between loses nothing.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use uuid::Uuid;
use watertight_core::keys::{KeyId, Purpose, Secret, Wrapped, unwrap};
use watertight_tests::database::{A, B};
use watertight_tests::{Database, Mode, Session, eventually};

use crate::house::House;

const TABLE: &str = "CREATE TABLE notes (id serial PRIMARY KEY, body watertight.encrypted_text);
    GRANT ALL ON notes, notes_id_seq TO PUBLIC";
const READ: &str = "SELECT body::text FROM notes WHERE id = 1";

fn shred(admin: &mut Session, tenant: &str) -> String {
    admin.one(&format!("SELECT watertight.shred_tenant('{tenant}', '{tenant}')"))
}

/// The raw bytes of a tenant's data keys, as the holder of the master key file can have them.
fn data_keys(admin: &mut Session, tenant: &str, master: &str) -> Vec<Vec<u8>> {
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
    };
    let master = Secret::copied(&hex(master)).unwrap();
    let id: Uuid = tenant.parse().unwrap();
    let outer = admin.run(&format!(
        "SELECT id, master_version, encode(wrapped, 'hex') FROM watertight.tenant_keys
          WHERE tenant_id = '{tenant}' AND state = 'active'"
    ));
    let number = |text: &Option<String>| text.as_deref().unwrap().parse::<i64>().unwrap();
    let what = Wrapped {
        purpose: Purpose::Tenant,
        id: KeyId::new(number(&outer[0][0])).unwrap(),
        tenant: id,
        compartment: Uuid::nil(),
        version: number(&outer[0][1]) as u32,
    };
    let outer = unwrap(&master, &what, &hex(outer[0][2].as_deref().unwrap())).unwrap();
    let rows = admin.run(&format!(
        "SELECT id, purpose, tenant_key_version, encode(wrapped, 'hex') FROM watertight.data_keys
          WHERE tenant_id = '{tenant}' AND wrapped IS NOT NULL"
    ));
    rows.iter()
        .map(|row| {
            let what = Wrapped {
                purpose: Purpose::parse(row[1].as_deref().unwrap()).unwrap(),
                id: KeyId::new(number(&row[0])).unwrap(),
                tenant: id,
                compartment: Uuid::nil(),
                version: number(&row[2]) as u32,
            };
            unwrap(&outer, &what, &hex(row[3].as_deref().unwrap())).unwrap().expose().to_vec()
        })
        .collect()
}

/// Which of these byte strings are in the memory of a process; `None` if it cannot be read here.
pub fn in_memory(pid: i64, wanted: &[Vec<u8>]) -> Option<BTreeSet<usize>> {
    use std::os::unix::fs::FileExt;
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    let memory = std::fs::File::open(format!("/proc/{pid}/mem")).ok()?;
    let mut found = BTreeSet::new();
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (from, to) = line.split_whitespace().next()?.split_once('-')?;
        let (from, to) = (u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?);
        let mut bytes = vec![0; usize::try_from(to - from).ok()?];
        let Ok(count) = memory.read_at(&mut bytes, from) else { continue };
        bytes.truncate(count);
        for (index, wanted) in wanted.iter().enumerate() {
            if bytes.windows(wanted.len()).any(|window| window == wanted) {
                found.insert(index);
            }
        }
    }
    Some(found)
}

#[test]
fn a_shredded_tenants_keys_leave_every_process_at_once() {
    let (house, master) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    let mut admin = db.admin();
    admin.script(TABLE);
    let mut writer = db.a(Mode::Simple);
    writer.run("INSERT INTO notes (body) VALUES ('CANARY-A')");
    let mut idle = db.a(Mode::Simple);
    assert_eq!(idle.one(READ), "CANARY-A");
    let mut within = db.a(Mode::Simple);
    within.run("BEGIN");
    assert_eq!(within.one(READ), "CANARY-A");
    let mut other = db.app().with_token(&db.token(B));
    other.run("INSERT INTO notes (body) VALUES ('b')");
    let keys = data_keys(&mut admin, &db.a, &master);
    assert_eq!(keys.len(), 2);
    let pids = [writer.pid(), idle.pid(), within.pid()];
    let before = in_memory(pids[1], &keys);
    if let Some(found) = &before {
        assert!(!found.is_empty(), "the control: a backend has its keys in memory");
    }
    let certificate = shred(&mut admin, A);
    assert!(certificate.contains("Ed25519"), "{certificate}");
    if before.is_some() {
        for pid in pids {
            assert_eq!(in_memory(pid, &keys), Some(BTreeSet::new()), "process {pid}");
        }
    }
    for session in [&mut writer, &mut idle] {
        session.refused(READ, "55000").says("destroyed");
        session.refused("INSERT INTO notes (body) VALUES ('again')", "55000").says("destroyed");
    }
    within.refused(READ, "55000").says("destroyed");
    assert_eq!(other.one("SELECT body::text FROM notes WHERE id = 2"), "b");
    house.cluster.restart();
    house.wait_for("present");
    db.a(Mode::Simple).refused(READ, "55000").says("destroyed");
    // Without a context there is the sealed form, as ever.
    assert!(db.admin().one(READ).starts_with("watertight:v1:"));
}

#[test]
fn rotation_reaches_every_backend_and_loses_nothing() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    let mut admin = db.admin();
    admin.script(TABLE);
    let mut one = db.a(Mode::Simple);
    let mut two = db.a(Mode::Simple);
    let active = format!(
        "SELECT id FROM watertight.data_keys WHERE tenant_id = '{}' AND purpose = 'data' AND state = 'active'",
        db.a
    );
    for round in 1..6 {
        for session in [&mut one, &mut two] {
            session.run(&format!("INSERT INTO notes (body) VALUES ('round {round}')"));
            assert_eq!(
                session.number("SELECT count(*) FROM notes WHERE body::text LIKE 'round %'"),
                session.number("SELECT count(*) FROM notes")
            );
        }
        let before = admin.one(&active);
        admin.run(&format!("SELECT watertight.rotate_data_key('{A}')"));
        admin.run(&format!("SELECT watertight.rotate_tenant_key('{A}')"));
        assert_ne!(admin.one(&active), before);
    }
    // A rotation that is undone: what was sealed in its transaction is gone with it, and nothing is sealed under its key later.
    admin.run("BEGIN");
    admin.run(&format!("SELECT watertight.rotate_data_key('{A}')"));
    admin.run(&format!("SELECT watertight.begin('{}')", db.token(A)));
    admin.run("INSERT INTO notes (body) VALUES ('undone')");
    assert_eq!(admin.one("SELECT body::text FROM notes ORDER BY id DESC LIMIT 1"), "undone");
    admin.run("ROLLBACK");
    let mut admin = db.admin().with_token(&db.token(A));
    admin.run("INSERT INTO notes (body) VALUES ('after')");
    assert_eq!(one.one("SELECT body::text FROM notes ORDER BY id DESC LIMIT 1"), "after");
}

#[test]
fn killed_at_any_point_every_tenant_is_whole_or_shredded() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    db.admin().script(TABLE);
    let mut seed = 0x9e37_79b9_u64;
    for round in 0..20 {
        let name = format!("round{round}");
        let id = db.admin().one(&format!("SELECT watertight.create_tenant('{name}')"));
        let token = db.token(&name);
        let mut session = db.app().with_token(&token);
        session.run(&format!("INSERT INTO notes (body) VALUES ('{name}')"));
        let (database, cluster) = (&db.name, &house.cluster);
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let pause = (seed >> 33) % 25;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let Ok(mut admin) = cluster.try_session(database, "postgres", "") else { return };
                let _ = admin.attempt(&format!("SELECT watertight.rotate_data_key('{name}')"));
                let _ = admin.attempt(&format!("SELECT watertight.rotate_tenant_key('{name}')"));
                let _ = admin.attempt(&format!("SELECT watertight.shred_tenant('{name}', '{name}')"));
            });
            std::thread::sleep(std::time::Duration::from_millis(10 + pause));
            house.cluster.kill();
        });
        house.wait_for("present");
        let mut admin = db.admin();
        let left = admin.number(&format!(
            "SELECT count(*) FROM watertight.keys WHERE tenant_id = '{id}' AND state <> 'destroyed'"
        ));
        let read = "SELECT body::text FROM notes ORDER BY id DESC LIMIT 1";
        let mut session = db.app().with_token(&token);
        if left == 0 {
            session.refused(read, "55000").says("destroyed");
            eventually("the certificate is signed", || {
                admin.number(&format!("SELECT count(*) FROM watertight.key_certificates WHERE tenant_id = '{id}' AND certificate IS NOT NULL")) == 1
            });
        } else {
            assert_eq!(session.one(read), name);
            session.run("INSERT INTO notes (body) VALUES ('more')");
            assert_eq!(
                admin.number(&format!(
                    "SELECT count(*) FROM watertight.key_certificates WHERE tenant_id = '{id}'"
                )),
                0
            );
        }
    }
}

/// The commands of the documentation, with this public key.
fn recipe(key: &str) -> String {
    let page = include_str!("../../docs/encryption.md");
    let section = page.split("### Verifying a certificate").nth(1).expect("the section");
    let script =
        section.split("```sh\n").nth(1).and_then(|text| text.split("```").next()).expect("the commands");
    let lines = script
        .lines()
        .map(|line| if line.starts_with("key=") { format!("key={key}") } else { line.to_owned() });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn whoever_noted_the_public_key_can_verify_a_certificate() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    let mut admin = db.admin();
    admin.script(TABLE);
    db.a(Mode::Simple).run("INSERT INTO notes (body) VALUES ('x')");
    let key = admin.one("SELECT watertight.certificate_public_key()");
    assert_eq!(key.len(), 43);
    assert_eq!(admin.one("SELECT watertight.certificate_public_key()"), key);
    let mut app = db.app();
    app.refused("SELECT watertight.certificate_public_key()", "42501");
    let certificate = shred(&mut admin, A);
    let verify = |session: &mut Session, certificate: &str, rest: &str| {
        session.attempt(&format!(
            "SELECT watertight.verify_certificate('{certificate}'{rest})->'subject'->>'name'"
        ))
    };
    let own = format!(", '{key}'");
    for rest in ["", &own] {
        assert_eq!(verify(&mut admin, &certificate, rest).unwrap()[0][0].as_deref(), Some(A));
    }
    let genuine = format!("SELECT watertight.verify_certificate('{certificate}'{own})");
    app.refused(&genuine, "42501");
    admin.run(&format!(
        "GRANT EXECUTE ON FUNCTION watertight.verify_certificate(text, text) TO {}",
        app.one("SELECT current_user")
    ));
    assert!(app.one(&genuine).contains("watertight.destruction.v1"));
    let changed = certificate.replace("\"destroyed_by\":\"", "\"destroyed_by\":\"not ");
    admin
        .refused(&format!("SELECT watertight.verify_certificate('{changed}')"), "22023")
        .says("the certificate is not genuine");
    let other = "A".repeat(43);
    admin
        .refused(&format!("SELECT watertight.verify_certificate('{certificate}', '{other}')"), "22023")
        .says("not genuine");
    admin
        .refused(&format!("SELECT watertight.verify_certificate('{certificate}', 'x')"), "22023")
        .says("public_key");
    admin
        .refused(&format!("SELECT watertight.verify_certificate('{certificate}', NULL)"), "22023")
        .says("public_key");
    // The same by OpenSSL, as the documentation says it.
    let run = |certificate: &str, key: &str| {
        house.shell(&format!("rm -rf {0}; mkdir {0}", house.path("check")));
        house.write("check/certificate.json", &format!("{certificate}\n"), "600");
        house.shell(&format!("cd {} && {{ {} ; }} 2>&1 || true", house.path("check"), recipe(key)))
    };
    let said = run(&certificate, &key);
    assert!(said.contains("Signature Verified Successfully"), "{said}");
    for (certificate, key) in [(&changed, &key), (&certificate, &other)] {
        let said = run(certificate, key);
        assert!(!said.contains("Successfully"), "{said}");
    }
}

#[test]
fn a_transaction_of_the_tenant_delays_its_shredding_and_nothing_else() {
    let (house, _) = House::with_file();
    house.set("compartments", "on");
    house.cluster.restart();
    house.wait_for("present");
    let db = Database::without_tables(&house.cluster);
    let mut admin = db.admin();
    admin.script(TABLE);
    let mut user = db.a(Mode::Simple);
    user.run("INSERT INTO notes (body) VALUES ('a')");
    let pid = user.pid();
    user.run("BEGIN");
    user.run("SELECT watertight.create_compartment('c')");
    let order = format!("SELECT watertight.shred_tenant('{A}', '{A}')");
    std::thread::scope(|scope| {
        let administrator = scope.spawn(|| {
            // As often as it takes for a worker that puts it off to do so for long.
            for _ in 0..2 {
                db.admin()
                    .refused(&order, "55000")
                    .says(&format!("the tenant is locked by process {pid}"))
                    .hints();
            }
        });
        let mut other = db.app().with_token(&db.token(B));
        let mut slowest = Duration::ZERO;
        while !administrator.is_finished() {
            admin.run(&format!(
                "UPDATE watertight.data_keys SET state = 'retired' WHERE tenant_id = '{}' AND purpose = 'data' AND state = 'active'",
                db.b
            ));
            let begun = Instant::now();
            other.run("INSERT INTO notes (body) VALUES ('b')");
            slowest = slowest.max(begun.elapsed());
            std::thread::sleep(Duration::from_millis(300));
        }
        administrator.join().unwrap();
        assert!(slowest < Duration::from_secs(2), "another tenant's key took {slowest:?}");
    });
    user.run("ROLLBACK");
    let begun = Instant::now();
    assert!(admin.one(&order).contains("Ed25519"));
    assert!(begun.elapsed() < Duration::from_secs(5), "it took {:?}", begun.elapsed());
    eventually("the worker is well", || {
        admin.number("SELECT count(*) FROM watertight.worker_status WHERE failing") == 0
    });
    user.refused(READ, "55000").says("destroyed");
}

#[test]
fn who_waits_for_a_shredding_is_there_when_the_tenants_transaction_ends() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    let mut admin = db.admin();
    let mut holder = db.admin();
    holder.run("BEGIN");
    holder.run(&format!("SELECT watertight.suspend_tenant('{A}')"));
    std::thread::scope(|scope| {
        let certificate = scope.spawn(|| shred(&mut db.admin(), A));
        // Long enough for a worker that tries more and more seldom not to try again in time.
        std::thread::sleep(Duration::from_secs(12));
        holder.run("ROLLBACK");
        let begun = Instant::now();
        assert!(certificate.join().unwrap().contains("Ed25519"));
        assert!(begun.elapsed() < Duration::from_secs(3), "it took {:?}", begun.elapsed());
    });
    assert_eq!(admin.number("SELECT count(*) FROM watertight.worker_status WHERE failing"), 0);
}
