//! What is left of destroyed keys: in the files of their tables, and in the list of certificates.

use watertight_tests::database::A;
use watertight_tests::{Database, Mode, Session};

use crate::house::{House, passes};
use watertight_tests::eventually;

/// Which of these byte strings, in hexadecimal, the files of the tables of keys hold.
fn in_files(admin: &mut Session, wanted: &[String]) -> usize {
    admin.run("CHECKPOINT");
    let files = "SELECT string_agg(encode(pg_read_binary_file(pg_relation_filepath(c.oid)), 'hex'), '')
        FROM pg_class AS c WHERE c.oid IN ('watertight.tenant_keys'::regclass, 'watertight.data_keys'::regclass)";
    let bytes = admin.one(files);
    wanted.iter().filter(|wanted| bytes.contains(wanted.as_str())).count()
}

fn wrapped(admin: &mut Session, tenant: &str) -> Vec<String> {
    let of = |table: &str| {
        format!("SELECT encode(k.wrapped, 'hex') FROM watertight.{table} AS k JOIN watertight.tenants AS t ON t.id = k.tenant_id
            WHERE k.wrapped IS NOT NULL AND t.name = '{tenant}'")
    };
    admin.column(&format!("{} UNION ALL {}", of("tenant_keys"), of("data_keys")))
}

const ERASED: &str = "SELECT count(*) FROM watertight.key_certificates WHERE erased_at IS NOT NULL";

#[test]
fn nothing_of_destroyed_keys_stays_in_the_tables_files() {
    let (house, _) = House::with_file();
    house.tenants(30);
    let mut admin = house.admin();
    // Earlier versions of the rows, too.
    let mut gone = wrapped(&mut admin, "tenant_3");
    admin.run("SELECT watertight.rotate_data_key('tenant_3'), watertight.rotate_tenant_key('tenant_3')");
    gone.extend(wrapped(&mut admin, "tenant_3"));
    let stays = wrapped(&mut admin, "tenant_4");
    assert_eq!((gone.len(), stays.len()), (7, 3));
    // PostgreSQL may have used the space of some again.
    assert!(in_files(&mut admin, &gone) >= 3, "the control");
    // Somebody might still want to see the rows as they were.
    let mut earlier = house.admin();
    earlier.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
    earlier.run("SELECT count(*) FROM watertight.tenants");
    admin.run("SELECT watertight.shred_tenant('tenant_3', 'tenant_3')");
    eventually("it is signed", || {
        admin.number("SELECT count(*) FROM watertight.key_certificates WHERE certificate IS NOT NULL") == 1
    });
    passes(&mut admin, 3);
    assert_eq!(admin.number(ERASED), 0);
    assert!(in_files(&mut admin, &gone) > 0);
    earlier.run("COMMIT");
    eventually("the keys are erased", || admin.number(ERASED) == 1);
    assert_eq!(in_files(&mut admin, &gone), 0);
    assert_eq!(in_files(&mut admin, &stays), stays.len());
    // The same after a crash, from WAL: nothing comes back.
    let gone = wrapped(&mut admin, "tenant_5");
    admin.run("SELECT watertight.drop_tenant('tenant_5', 'tenant_5')");
    eventually("the keys are erased", || admin.number(ERASED) == 2);
    house.cluster.kill();
    house.wait_for("present");
    let mut admin = house.admin();
    assert_eq!(in_files(&mut admin, &gone), 0);
    assert!(house.opens("tenant_4"));
}

#[test]
fn certificates_of_ephemeral_compartments_go_with_what_else_is_remembered_of_them() {
    let (house, _) = House::with_file_and(&["watertight.compartments = on"]);
    let db = Database::without_tables(&house.cluster);
    let mut admin = db.admin();
    admin.script("CREATE TABLE notes (body watertight.encrypted_text); GRANT ALL ON notes TO app");
    for _ in 0..3 {
        let mut session = db.app();
        let token = session.one(&format!("SELECT watertight.login('{}', ephemeral => true)", db.token(A)));
        session.set_token(&token);
        session.run("INSERT INTO notes VALUES ('CANARY-A')");
        session.run("SELECT watertight.logout()");
    }
    db.a(Mode::Simple).run("INSERT INTO notes VALUES ('kept')");
    admin.run(&format!("SELECT watertight.shred_tenant('{A}', '{A}')"));
    let signed = "SELECT count(*) FROM watertight.key_certificates WHERE certificate IS NOT NULL";
    eventually("all are signed", || admin.number(signed) == 4);
    let memory_only =
        "SELECT count(*) FROM watertight.key_certificates WHERE ephemeral AND erased_at IS NOT NULL";
    assert_eq!(admin.number(memory_only), 3, "these keys were in no file");
    // Two are old, and so is the tenant's.
    admin.run(
        "UPDATE watertight.key_certificates SET destroyed_at = destroyed_at - interval '31 days'
          WHERE NOT ephemeral OR id <> (SELECT max(id::text)::uuid FROM watertight.key_certificates WHERE ephemeral)",
    );
    house.cluster.restart();
    house.wait_for("present");
    let mut admin = db.admin();
    let left = "SELECT count(*) FILTER (WHERE ephemeral) || ' ' || count(*) FILTER (WHERE NOT ephemeral) FROM watertight.key_certificates";
    eventually("two are forgotten", || admin.one(left) == "1 1");
}
