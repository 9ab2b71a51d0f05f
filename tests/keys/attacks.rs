//! Group H of the attack list: who has the database, or a token of another tenant, tries to read or to plant values.

use std::collections::BTreeSet;

use watertight_tests::database::{A, B};
use watertight_tests::{Database, Mode, Session, literal};

use crate::house::House;
use crate::param::Raw;

const TABLE: &str = "CREATE TABLE vault (
        id integer PRIMARY KEY, tenant_id uuid NOT NULL DEFAULT watertight.tenant_id(), body watertight.encrypted_text,
        code watertight.searchable_text, scan watertight.encrypted_bytea, facts watertight.encrypted_jsonb, n integer DEFAULT 0);
    CREATE UNIQUE INDEX ON vault (tenant_id, code);
    GRANT ALL ON vault TO app";
const ROW: &str = "INSERT INTO vault (id, body, code, scan, facts)
    VALUES (%, 'CANARY-A body %', 'CANARY-A code %', 'CANARY-A scan %', '{\"a\": \"CANARY-A facts %\"}')";

pub fn furnish(house: &House) -> Database<'_> {
    let db = Database::without_tables(&house.cluster);
    let mut keeper = db.keeper();
    keeper.script(TABLE);
    keeper.run("SELECT watertight.protect('vault')");
    let mut a = db.a(Mode::Simple);
    for id in [1, 2] {
        a.run(&ROW.replace('%', &id.to_string()));
    }
    db.app().with_token(&db.token(B)).run(&ROW.replace('%', "10").replace("CANARY-A", "b"));
    db
}

/// The sealed form of a value, as it is without a context.
pub fn sealed(admin: &mut Session, column: &str, id: i32) -> String {
    let form = admin.one(&format!("SELECT {column} FROM vault WHERE id = {id}"));
    assert!(form.starts_with("watertight:v1:"), "{form}");
    form
}

/// The bytes of a sealed form, as SQL.
fn bytes(form: &str) -> String {
    let digits = form["watertight:v1:".len()..].replace('-', "+").replace('_', "/");
    format!("decode({}, 'base64')", literal(&format!("{digits}{}", &"==="[..(4 - digits.len() % 4) % 4])))
}

/// A sealed form of these bytes.
fn form(admin: &mut Session, bytes: &str) -> String {
    admin.one(&format!(
        "SELECT 'watertight:v1:' || rtrim(translate(encode({bytes}, 'base64'), E'+/\\n', '-_'), '=')"
    ))
}

#[test]
fn h89_a_cell_that_is_moved_or_changed_does_not_open() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    let mut admin = db.admin();
    // Into a row of another tenant.
    admin.run("UPDATE vault SET (body, code, scan, facts) = (SELECT body, code, scan, facts FROM vault WHERE id = 1) WHERE id = 10");
    let mut b = db.attacker(Mode::Simple);
    for read in ["body", "code", "scan", "facts", "body::text", "facts->>'a'", "length(scan)", "upper(code)"]
    {
        b.refused(&format!("SELECT {read} FROM vault WHERE id = 10"), "42501").says("another tenant");
    }
    b.refused("SELECT FROM vault WHERE body LIKE 'CANARY%'", "42501");
    assert_eq!(
        b.number("SELECT count(*) FROM vault WHERE code = 'CANARY-A code 1'"),
        0,
        "its blind index is another one"
    );
    // Into a column of another type.
    let body = sealed(&mut admin, "body", 1);
    for column in ["code", "scan", "facts"] {
        admin.refused(&format!("UPDATE vault SET {column} = {} WHERE id = 1", literal(&body)), "22P02");
    }
    let code = sealed(&mut admin, "code", 1);
    admin.refused(&format!("UPDATE vault SET body = {} WHERE id = 1", literal(&code)), "22P02");
    // One byte of it: kind, key, nonce, ciphertext, tag; and a blind index that says it is equal to another value.
    let mut a = db.a(Mode::Simple);
    let length = admin.number(&format!("SELECT length({})", bytes(&body)));
    for at in 0..length {
        let changed = format!("set_byte({0}, {at}, get_byte({0}, {at}) # 1)", bytes(&body));
        let changed = form(&mut admin, &changed);
        let Ok(_) = admin.attempt(&format!("UPDATE vault SET body = {} WHERE id = 1", literal(&changed)))
        else {
            assert!(at < 9, "byte {at} is the kind, or of the key's number");
            continue;
        };
        a.refused("SELECT body FROM vault WHERE id = 1", "42704|XX001");
    }
    let other = sealed(&mut admin, "code", 2);
    let grafted =
        format!("overlay({} PLACING substring({} FROM 10 FOR 16) FROM 10)", bytes(&code), bytes(&other));
    let grafted = form(&mut admin, &grafted);
    admin.run("DELETE FROM vault WHERE id = 2");
    admin.run(&format!("UPDATE vault SET code = {} WHERE id = 1", literal(&grafted)));
    a.refused("SELECT code FROM vault WHERE code = 'CANARY-A code 2'", "XX001");
    // Cut off, or longer.
    for form in [&body[..40], &body[..body.len() - 4], "watertight:v1:", "watertight:v2:AAAA"] {
        let mut refused = |form: &str| {
            if admin.attempt(&format!("UPDATE vault SET body = {} WHERE id = 1", literal(form))).is_ok() {
                a.refused("SELECT body FROM vault WHERE id = 1", "22P02|XX001");
            }
        };
        refused(form);
        refused(&format!("{form}AAAA"));
    }
}

/// Where it is promised: by encrypt() with a context of the caller's, which an older version of the cell does not have.
#[test]
fn h89_a_value_that_is_bound_to_its_place_opens_nowhere_else() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    let mut a = db.a(Mode::Extended);
    let seal = |session: &mut Session, place: &str| {
        session.one(&format!("SELECT encode(watertight.encrypt('CANARY-A', '{place}'), 'hex')"))
    };
    let first = seal(&mut a, "vault.body/1/version 1");
    let open = |sealed: &str, place: &str| format!("SELECT watertight.decrypt('\\x{sealed}', '{place}')");
    assert_eq!(a.one(&open(&first, "vault.body/1/version 1")), "CANARY-A");
    for place in ["vault.body/2/version 1", "vault.code/1/version 1", "vault.body/1/version 2", ""] {
        a.refused(&open(&first, place), "22023").says("does not open with this context");
    }
    // Cells of one tenant that are exchanged, and older ones that are put back, are not stopped by the types.
    let mut admin = db.admin();
    admin.run("UPDATE vault SET body = (SELECT body FROM vault WHERE id = 2) WHERE id = 1");
    assert_eq!(a.one("SELECT body FROM vault WHERE id = 1"), "CANARY-A body 2");
}

#[test]
fn h90_another_tenants_ciphertext_or_key_id_opens_nothing() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    let mut admin = db.admin();
    let mut a = db.a(Mode::Simple);
    let sealed_by_a = a.one("SELECT encode(watertight.encrypt('CANARY-A', 'x'), 'hex')");
    for mode in [Mode::Simple, Mode::Extended, Mode::Parallel] {
        let mut b = db.attacker(mode);
        b.refused(&format!("SELECT watertight.decrypt('\\x{sealed_by_a}', 'x')"), "42501")
            .says("another tenant");
        // The types' own values are not for decrypt(), and not the other way round.
        for column in ["body", "code", "scan", "facts"] {
            let stolen = sealed(&mut admin, column, 1);
            b.refused(&format!("SELECT watertight.decrypt({}, 'x')", bytes(&stolen)), "22P02|42501");
            // In a context input is plaintext: what looks sealed is a text like others.
            let id = 100 + b.number("SELECT count(*) FROM vault");
            let (kind, given) = match column {
                "facts" => ("facts", format!("{{\"a\": \"{stolen}\"}}")),
                "scan" => ("scan", stolen.clone()),
                other => (other, stolen.clone()),
            };
            b.run(&format!("INSERT INTO vault (id, {kind}) VALUES ({id}, {})", literal(&given)));
            let mut told = b.one(&format!("SELECT {kind} FROM vault WHERE id = {id}"));
            if kind == "scan" {
                told = b.one(&format!("SELECT convert_from(scan, 'UTF8') FROM vault WHERE id = {id}"));
            }
            assert_eq!(told, given);
            b.run(&format!("DELETE FROM vault WHERE id = {id}"));
        }
        // Own bytes under A's key id.
        let own = b.one("SELECT encode(watertight.encrypt('own', 'x'), 'hex')");
        let forged = format!("{}{}{}", &own[..2], &sealed_by_a[2..18], &own[18..]);
        b.refused(&format!("SELECT watertight.decrypt('\\x{forged}', 'x')"), "42501");
    }
    let mut nobody = db.app();
    nobody.refused(&format!("SELECT watertight.decrypt('\\x{sealed_by_a}', 'x')"), "28000");
    nobody.refused("SELECT watertight.encrypt('x', 'x')", "28000");
    nobody.refused("SELECT 'x'::watertight.encrypted_text", "28000");
    // The binary protocol takes and gives the same.
    let mut b = db.attacker(Mode::Extended);
    let stolen = sealed(&mut admin, "body", 1);
    let given = Raw(stolen.as_bytes());
    let told =
        b.query("INSERT INTO vault (id, body) VALUES (99, $1) RETURNING body", &[&given]).expect("plaintext");
    assert_eq!(told, [[Some(stolen)]]);
}

#[test]
fn h91_a_shredded_tenant_is_unreadable_on_every_way() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    let mut a = db.a(Mode::Extended);
    let prepared = a.prepare("SELECT body FROM vault WHERE code = $1::text");
    let code = "CANARY-A code 1";
    assert_eq!(a.execute(&prepared, &[&code]).expect("before"), [[Some("CANARY-A body 1".to_owned())]]);
    let bound = a.one("SELECT encode(watertight.encrypt('CANARY-A', 'x'), 'hex')");
    let mut open = db.a(Mode::Simple);
    open.run("BEGIN");
    open.run("DECLARE c CURSOR FOR SELECT body, code, scan, facts FROM vault ORDER BY id");
    assert_eq!(open.run("FETCH 1 FROM c").len(), 1);
    let certificate = db.admin().one(&format!("SELECT watertight.shred_tenant('{A}', '{A}')"));
    assert!(certificate.contains(&db.a), "{certificate}");
    open.refused("FETCH 1 FROM c", "55000").says("destroyed");
    let failure = a.execute(&prepared, &[&code]).expect_err("a prepared statement");
    assert_eq!(failure.sqlstate, "55000", "{}", failure.everything);
    for sql in [
        "SELECT body FROM vault",
        "SELECT code FROM vault",
        "SELECT scan FROM vault",
        "SELECT facts FROM vault",
        "SELECT FROM vault WHERE code = 'CANARY-A code 1'",
        "SELECT FROM vault WHERE body LIKE '%'",
        "INSERT INTO vault (id, body) VALUES (5, 'new')",
        "INSERT INTO vault (id, code) VALUES (5, 'new')",
        "UPDATE vault SET facts = '{}'",
        "SELECT watertight.encrypt('x', 'x')",
        &format!("SELECT watertight.decrypt('\\x{bound}', 'x')"),
    ] {
        a.refused(sql, "55000").says("destroyed");
    }
    // What needs no key goes on; the rows are there.
    assert_eq!(a.number("SELECT count(*) FROM vault"), 2);
    assert_eq!(a.run("UPDATE vault SET n = n + 1 RETURNING n").len(), 2);
    assert_eq!(a.number("SELECT count(DISTINCT code) FROM vault"), 2);
    let mut b = db.app().with_token(&db.token(B));
    assert_eq!(b.one("SELECT body FROM vault WHERE code = 'b code 10'"), "b body 10");
}

#[test]
fn h93_equal_values_differ_and_no_nonce_comes_twice() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    let mut admin = db.admin();
    let mut nonces = BTreeSet::new();
    let mut seen = 0;
    let mut take = |admin: &mut Session, column: &str, from: usize| {
        for form in
            admin.column(&format!("SELECT {column} FROM vault WHERE id >= 1000 AND {column} IS NOT NULL"))
        {
            let bytes = admin.one(&format!("SELECT encode({}, 'hex')", bytes(&form)));
            nonces.insert(bytes[2 * from..][..24].to_owned());
            seen += 1;
        }
        assert_eq!(nonces.len(), seen, "a nonce was used again");
    };
    for (tenant, from) in [(A, 1000), (B, 2000)] {
        let mut session = db.app().with_token(&db.token(tenant));
        session.run(&format!("INSERT INTO vault (id, body) SELECT n, 'the same'::text FROM generate_series({from}, {from} + 99) AS n"));
        session.run(&format!("INSERT INTO vault (id, code) VALUES ({from} + 500, 'the same')"));
    }
    take(&mut admin, "body", 9);
    take(&mut admin, "code", 25);
    // Undone by a rollback, a savepoint, an error: what was used is not used again.
    for end in ["ROLLBACK", "ROLLBACK TO s; COMMIT", "COMMIT"] {
        let mut a = db.a(Mode::Simple);
        a.run("BEGIN");
        a.run("SAVEPOINT s");
        a.run("UPDATE vault SET body = 'the same'::text WHERE id < 1010 AND id >= 1000");
        a.script(end);
        drop(a);
        db.a(Mode::Simple).run("UPDATE vault SET body = 'the same'::text WHERE id < 1010 AND id >= 1000");
        let form = sealed(&mut admin, "body", 1000);
        assert!(admin.column("SELECT body FROM vault WHERE id > 1000").iter().all(|other| *other != form));
    }
    // A literal or parameter is sealed once: the rows that one statement gives it to have the same value, and not another's.
    let mut a = db.a(Mode::Simple);
    for _ in 0..2 {
        a.run("UPDATE vault SET body = 'the same' WHERE id BETWEEN 1010 AND 1019");
        a.run("UPDATE vault SET body = 'the same' WHERE id BETWEEN 1020 AND 1029");
        assert_eq!(
            admin.number("SELECT count(DISTINCT body::text) FROM vault WHERE id BETWEEN 1010 AND 1029"),
            2
        );
    }
    // Equality is told inside of a tenant, by searchable values only, and not across.
    let indexes = admin.column("SELECT code FROM vault WHERE id IN (1500, 2500) ORDER BY id");
    assert_eq!(admin.number("SELECT count(DISTINCT code) FROM vault WHERE id IN (1500, 2500)"), 2);
    let index = |form: &String| {
        admin.one(&format!("SELECT encode(substring({} FROM 10 FOR 16), 'hex')", bytes(form)))
    };
    let indexes: BTreeSet<_> = indexes.iter().map(index).collect();
    assert_eq!(indexes.len(), 2, "the blind indexes of equal values differ between tenants");
}
