//! Columns become encrypted, plain again, and are encrypted again under new keys.

use watertight_tests::database::{A, B};
use watertight_tests::{Database, Mode, eventually};

use crate::house::House;

const TABLE: &str = "CREATE TABLE people (
        id integer GENERATED ALWAYS AS IDENTITY, tenant_id uuid NOT NULL DEFAULT watertight.tenant_id(),
        name text NOT NULL, ssn varchar(20), photo bytea, facts jsonb, UNIQUE (tenant_id, ssn));
    CREATE TABLE log (at timestamptz DEFAULT now(), what text);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.log (what) VALUES (TG_OP); RETURN NEW; END $$;
    CREATE TRIGGER note AFTER UPDATE ON people FOR EACH ROW EXECUTE FUNCTION note();
    GRANT ALL ON people, log TO app";
const ROWS: &str = "INSERT INTO people (name, ssn, photo, facts)
    SELECT 'name ' || n, 'ssn ' || n, decode('00ff', 'hex'), jsonb_build_object('n', n) FROM generate_series(1, 300) AS n";
const ALL: &str = "SELECT count(*) FROM people
    WHERE name = 'name ' || (facts->>'n') AND ssn = 'ssn ' || (facts->>'n') AND photo = decode('00ff', 'hex')";
const ALL_ENCRYPTED: &str = "SELECT count(*) FROM people
    WHERE name::text = 'name ' || (facts::jsonb->>'n') AND ssn::text = 'ssn ' || (facts::jsonb->>'n') AND photo::bytea = decode('00ff', 'hex')";

fn encrypted<'c>(house: &'c House) -> Database<'c> {
    let db = Database::without_tables(&house.cluster);
    let mut keeper = db.keeper();
    keeper.script(TABLE);
    keeper.run("SELECT watertight.protect('people')");
    for tenant in [A, B] {
        let mut session = db.app().with_token(&db.token(tenant));
        session.run(ROWS);
        assert_eq!(session.number(ALL), 300);
    }
    for call in [
        "SELECT watertight.encrypt_column('people', 'name')",
        "SELECT watertight.encrypt_column('people', 'ssn', searchable => true)",
        "SELECT watertight.encrypt_column('people', 'photo')",
        "SELECT watertight.encrypt_column('people', 'facts')",
    ] {
        keeper.refused(call, "42501").says("permission denied to encrypt a column").hints();
        db.admin().run(call);
    }
    db
}

#[test]
fn a_column_is_encrypted_for_each_rows_tenant_and_opens_again() {
    let (house, _) = House::with_file();
    let db = encrypted(&house);
    let mut admin = db.admin();
    let keys = "SELECT count(DISTINCT watertight.key_id(name)) FROM people";
    assert_eq!(admin.number(keys), 2, "each tenant's under its own key");
    assert_eq!(admin.number("SELECT count(*) FROM people WHERE name::text LIKE 'watertight:v1:%'"), 600);
    for tenant in [A, B] {
        let mut session = db.app().with_token(&db.token(tenant));
        assert_eq!(session.number(ALL_ENCRYPTED), 300);
        assert_eq!(session.one("SELECT facts::jsonb->>'n' FROM people WHERE ssn = 'ssn 17'"), "17");
    }
    let mut app = db.app().with_token(&db.token(A));
    app.refused("SELECT watertight.encrypt_column('people', 'name')", "42501");
    app.refused("SELECT watertight.decrypt_column('people', 'name')", "42501");
    app.refused("SELECT watertight.reencrypt('people')", "42501");
    let mut keeper = db.keeper();
    keeper.refused("SELECT watertight.decrypt_column('people', 'name')", "42501");
    admin
        .refused("SELECT watertight.encrypt_column('people', 'name')", "42804")
        .says("column \"name\" is already encrypted")
        .hints();
    admin
        .refused("SELECT watertight.encrypt_column('people', 'name', searchable => true)", "42804")
        .says("column \"name\" is already encrypted")
        .hints();
    admin
        .refused("SELECT watertight.encrypt_column('people', 'id')", "42804")
        .says("there is no encrypted type for column \"id\" of type integer")
        .hints();
    admin
        .refused("SELECT watertight.decrypt_column('people', 'tenant_id')", "42804")
        .says("column \"tenant_id\" is not encrypted");
    admin.refused("SELECT watertight.encrypt_column('people', 'nothing')", "42704");
    admin.refused("SELECT watertight.encrypt_column('log', 'what')", "55000");
    for column in ["name", "ssn", "photo", "facts"] {
        admin.run(&format!("SELECT watertight.decrypt_column('people', '{column}')"));
    }
    for tenant in [A, B] {
        assert_eq!(db.app().with_token(&db.token(tenant)).number(ALL), 300);
    }
}

#[test]
fn an_index_that_would_be_in_the_way_is_named() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    let mut keeper = db.keeper();
    keeper.script(TABLE);
    keeper.run("SELECT watertight.protect('people')");
    let indexes = [
        ("people_pattern", "(name text_pattern_ops)", false),
        ("people_expression", "(lower(name))", false),
        ("people_condition", "(id) WHERE name <> ''", false),
        ("people_brin", "USING brin (name)", false),
        ("people_c", "(name COLLATE \"C\")", false),
        ("people_plain", "(id, name)", true),
        ("people_hash", "USING hash (name)", true),
        ("people_included", "(id) INCLUDE (name)", true),
        ("people_null", "(id) WHERE name IS NOT NULL AND ssn <> ''", true),
    ];
    for (name, what, _) in indexes {
        keeper.run(&format!("CREATE INDEX {name} ON people {what}"));
    }
    let call = "SELECT watertight.encrypt_column('people', 'name'";
    let mut admin = db.admin();
    let plain = admin.refused(&format!("{call})"), "2BP01");
    let searchable = admin.refused(&format!("{call}, searchable => true)"), "2BP01");
    assert!(plain.hint.is_some() && searchable.hint.is_some());
    for (name, _, lives) in indexes {
        assert_eq!(!searchable.everything.contains(name), lives, "{name}: {}", searchable.everything);
        // Without an operator class of its own the type has no keys.
        let is_key = ["people_plain", "people_hash"].contains(&name);
        assert_eq!(!plain.everything.contains(name), lives && !is_key, "{name}: {}", plain.everything);
        if !lives {
            keeper.run(&format!("DROP INDEX {name}"));
        }
    }
    // What is not refused works.
    admin.run("BEGIN");
    admin.run(&format!("{call}, searchable => true)"));
    admin.run("ROLLBACK");
    keeper.run("DROP INDEX people_plain, people_hash");
    // An owner who is a member of watertight_admin needs no superuser.
    admin.run("GRANT watertight_admin TO keeper");
    keeper.run(&format!("{call})"));
    admin.run("REVOKE watertight_admin FROM keeper");
    admin.refused("SELECT watertight.encrypt_column('people', 'ssn')", "2BP01").says("indexes");
    // The index of a constraint, on a partition.
    keeper.script(
        "CREATE TABLE parts (tenant_id uuid NOT NULL DEFAULT watertight.tenant_id(), n int, code text) PARTITION BY LIST (n);
         CREATE TABLE part PARTITION OF parts FOR VALUES IN (1);
         ALTER TABLE part ADD CONSTRAINT once UNIQUE (code);",
    );
    keeper.run("SELECT watertight.protect('parts')");
    let refused = admin.refused("SELECT watertight.encrypt_column('parts', 'code')", "2BP01");
    assert!(refused.everything.contains("once"), "{}", refused.everything);
    admin.run("SELECT watertight.encrypt_column('parts', 'code', searchable => true)");
}

#[test]
fn a_destroyed_key_says_whose_it_was() {
    let (house, _) = House::with_file();
    let db = encrypted(&house);
    let mut admin = db.admin();
    let mut keeper = db.keeper();
    keeper.run("ALTER TABLE people ADD COLUMN note text");
    for tenant in [A, B] {
        db.app().with_token(&db.token(tenant)).run("UPDATE people SET note = 'plain'");
    }
    admin.one(&format!("SELECT watertight.shred_tenant('{A}', '{A}')"));
    for call in ["encrypt_column('people', 'note')", "decrypt_column('people', 'name')"] {
        let refused = admin.refused(&format!("SELECT watertight.{call}"), "55000");
        assert!(refused.everything.contains(&format!("The tenant is \\\"{A}\\\".")), "{refused:?}");
        refused.says("destroyed").hints();
    }
    admin.run(&format!("DELETE FROM people WHERE tenant_id = '{}'", db.a));
    admin.run("SELECT watertight.encrypt_column('people', 'note')");
    admin.run("SELECT watertight.decrypt_column('people', 'name')");
}

#[test]
fn a_table_is_encrypted_again_under_new_keys_while_it_is_used() {
    let (house, _) = House::with_file();
    let db = encrypted(&house);
    let mut admin = db.admin();
    let old = "SELECT count(*) FROM people AS p WHERE EXISTS (SELECT FROM watertight.data_keys AS k WHERE k.state = 'retired'
        AND k.id IN (watertight.key_id(p.name), watertight.key_id(p.ssn), watertight.key_id(p.photo), watertight.key_id(p.facts)))";
    let index = "SELECT md5(string_agg(ssn::text, ',' ORDER BY ssn)) FROM people";
    let before = db.app().with_token(&db.token(A)).one(index);
    admin.run(&format!("SELECT watertight.rotate_data_key('{A}')"));
    assert_eq!(admin.number(old), 300);
    let mut keeper = db.keeper();
    keeper.run("SELECT watertight.reencrypt('people')");
    let done =
        "SELECT count(*) FROM watertight.reencryptions WHERE finished_at IS NOT NULL AND next_block = blocks";
    let mut user = db.a(Mode::Extended);
    let mut n = 1000;
    eventually("it is done", || {
        n += 1;
        user.run(&format!("INSERT INTO people (name, ssn, photo, facts) VALUES ('name {n}', 'ssn {n}', '\\x00ff', '{{\"n\": {n}}}')"));
        user.run("UPDATE people SET name = name::text WHERE ssn = 'ssn 3'");
        assert_eq!(user.number(ALL_ENCRYPTED), user.number("SELECT count(*) FROM people"));
        admin.number(done) == 1
    });
    assert_eq!(admin.number(old), 0);
    // Who may ask for it sees how far it is.
    let seen = "SELECT count(*) FROM watertight.reencryptions";
    assert_eq!((keeper.number(seen), user.number(seen)), (1, 0));
    user.run("DELETE FROM people WHERE id > 600");
    assert_eq!(db.app().with_token(&db.token(A)).one(index), before);
    let mut other = db.app().with_token(&db.token(B));
    assert_eq!(other.number(ALL_ENCRYPTED), 300);
    // Triggers have run for the user's statements, and for no other.
    assert_eq!(admin.number("SELECT count(*) FROM log"), n - 1000);
}

#[test]
fn killed_while_it_encrypts_again_nothing_is_lost() {
    let (house, _) = House::with_file();
    let db = encrypted(&house);
    let mut seed = 0x51ed_2701_u64;
    for _ in 0..12 {
        db.admin().run(&format!("SELECT watertight.rotate_data_key('{A}')"));
        db.keeper().run("SELECT watertight.reencrypt('people')");
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        std::thread::sleep(std::time::Duration::from_millis((seed >> 33) % 60));
        house.cluster.kill();
        house.wait_for("present");
        for tenant in [A, B] {
            assert_eq!(db.app().with_token(&db.token(tenant)).number(ALL_ENCRYPTED), 300);
        }
    }
    let mut admin = db.admin();
    eventually("it goes on", || {
        admin.number("SELECT count(*) FROM watertight.reencryptions WHERE finished_at IS NOT NULL") == 1
    });
    let retired = "SELECT count(*) FROM people AS p JOIN watertight.data_keys AS k ON k.id = watertight.key_id(p.name) WHERE k.state = 'retired'";
    assert_eq!(admin.number(retired), 0);
}
