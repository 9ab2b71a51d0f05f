//! What changes a whole column goes through the rows of all tenants: it must neither give anybody another tenant's context, nor seal or
//! open the rows of all in one.

use std::time::Instant;

use watertight_tests::database::{A, B};
use watertight_tests::{Database, Mode, Session};

use crate::house::House;

const PEOPLE: &str = "CREATE TABLE people (
        id integer PRIMARY KEY, tenant_id uuid NOT NULL DEFAULT watertight.tenant_id(), made_by text,
        name text, sex text, note watertight.encrypted_text, ssn watertight.searchable_text, facts watertight.encrypted_jsonb,
        plain varchar(40));
    SELECT watertight.protect('people', creator_column => 'made_by');
    GRANT ALL ON people TO app";

fn furnish(house: &House) -> Database<'_> {
    let db = Database::without_tables(&house.cluster);
    db.keeper().script(PEOPLE);
    for (id, tenant) in [(1, A), (2, B)] {
        db.app().with_token(&db.token(tenant)).run(&format!(
            "INSERT INTO people (id, name, sex, note, ssn, facts, plain)
             VALUES ({id}, 'name', 'f', 'CANARY-{tenant}', 'CANARY-{tenant}', '{{\"canary\": \"CANARY-{tenant}\"}}', 'plain')"
        ));
    }
    db
}

/// A function of an attacker's, for each row of a table of his: it keeps what it gets hold of.
const PEEK: &str = r"CREATE TABLE lab.loot (what text, got text);
    CREATE FUNCTION lab.peek(whose text) RETURNS boolean LANGUAGE plpgsql AS $$
    DECLARE
        context text; ticket bigint; got text;
    BEGIN
        GET DIAGNOSTICS context = PG_CONTEXT;
        INSERT INTO lab.loot VALUES ('context', context), ('query', current_query());
        ticket := coalesce(substring(context || current_query() from '_in_row\((\d+),')::bigint, 1);
        BEGIN
            INSERT INTO lab.loot VALUES ('tenant', watertight.tenant_id()::text);
        EXCEPTION WHEN OTHERS THEN
            INSERT INTO lab.loot VALUES ('no tenant', SQLSTATE);
        END;
        INSERT INTO lab.loot VALUES ('setting', current_setting('watertight.tenant', true));
        BEGIN
            INSERT INTO lab.loot SELECT 'row', p.ssn::text FROM public.people AS p;
        EXCEPTION WHEN OTHERS THEN
            INSERT INTO lab.loot VALUES ('no rows', SQLSTATE);
        END;
        BEGIN
            INSERT INTO lab.loot VALUES ('sealed', watertight.seal_in_row(ticket, 1, 'hospital_b', NULL, 'planted'::text)::text);
        EXCEPTION WHEN OTHERS THEN
            INSERT INTO lab.loot VALUES ('no sealing', SQLSTATE);
        END;
        BEGIN
            SELECT watertight.open_in_row(ticket, 1, 'hospital_b', NULL, v.value) INTO got FROM lab.stolen AS v;
            INSERT INTO lab.loot VALUES ('opened', got);
        EXCEPTION WHEN OTHERS THEN
            INSERT INTO lab.loot VALUES ('no opening', SQLSTATE);
        END;
        BEGIN
            INSERT INTO lab.loot SELECT 'cast', v.value::text FROM lab.stolen AS v;
        EXCEPTION WHEN OTHERS THEN
            INSERT INTO lab.loot VALUES ('no cast', SQLSTATE);
        END;
        RETURN true;
    END $$;
    CREATE TABLE lab.bait (note text CHECK (note IS NULL OR lab.peek(whose)), tenant text, whose text DEFAULT 'x');
    INSERT INTO lab.bait (note, tenant) VALUES ('x', 'hospital_b'), ('y', 'hospital_a');
    CREATE FUNCTION lab.index(whose text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$
    BEGIN
        RETURN coalesce((SELECT string_agg(p.ssn::text, ',') FROM public.people AS p), '')
            || coalesce(watertight.tenant_id()::text, '');
    EXCEPTION WHEN OTHERS THEN
        RETURN SQLSTATE;
    END $$;
    CREATE INDEX indexed ON lab.bait (lab.index(whose));
    SELECT watertight.protect('lab.bait', tenant_column => 'tenant')";

fn nothing_was_got(admin: &mut Session) {
    let loot = admin.column("SELECT DISTINCT what || ' ' || coalesce(got, '') FROM lab.loot WHERE what NOT IN ('context', 'query')");
    let kept: Vec<&String> = loot.iter().filter(|found| !found.starts_with("no ")).collect();
    assert!(kept.is_empty() || kept == ["setting "], "{loot:?}");
    for refused in
        ["no tenant 28000", "no rows 28000", "no sealing 42501", "no opening 42501", "no cast 0A000"]
    {
        assert!(loot.iter().any(|found| found == refused), "{refused}: {loot:?}");
    }
    let told = "SELECT count(*) FROM lab.loot WHERE got ~ '_in_row|ALTER TABLE|CANARY'";
    assert_eq!(admin.number(told), 0, "the ticket is nowhere to be read");
    assert!(
        admin.number("SELECT count(*) FROM lab.loot WHERE what = 'context'") >= 2,
        "it has run for each row"
    );
}

#[test]
fn a3_code_of_a_tables_owner_has_no_context_while_a_column_is_encrypted() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    let mut admin = db.admin();
    let mut owner = db.app();
    owner.script(PEEK);
    admin.script("CREATE TABLE lab.stolen AS SELECT note AS value FROM people WHERE id = 2; GRANT ALL ON lab.stolen TO app");
    owner.run("DELETE FROM lab.loot");
    owner
        .refused("SELECT watertight.encrypt_column('lab.bait', 'note')", "42501")
        .says("permission denied to encrypt a column")
        .hints();
    admin.run("SELECT watertight.encrypt_column('lab.bait', 'note')");
    nothing_was_got(&mut admin);
    assert_eq!(admin.number("SELECT count(*) FROM lab.bait WHERE note::text LIKE 'watertight:v1:%'"), 2);
    // Nor that of whoever has it done.
    for (tenant, call) in [
        (A, "SELECT watertight.decrypt_column('lab.bait', 'note')"),
        (B, "SELECT watertight.encrypt_column('lab.bait', 'note', true)"),
        (B, "SELECT watertight.decrypt_column('lab.bait', 'note')"),
    ] {
        admin.run("DELETE FROM lab.loot");
        let mut helper = db.admin().with_token(&db.token(tenant));
        helper.run(call);
        assert_ne!(helper.one("SELECT watertight.tenant_id()"), "", "the token counts again");
        nothing_was_got(&mut admin);
        let indexed = admin.column("SET enable_seqscan = off; SELECT DISTINCT most_common_vals::text FROM pg_stats WHERE tablename = 'indexed'");
        assert!(indexed.iter().all(|value| !value.contains("CANARY")), "{indexed:?}");
    }
    let mut b = db.app().with_token(&db.token(B));
    assert_eq!(b.column("SELECT note FROM lab.bait"), ["x"]);
}

#[test]
fn a3_nobody_else_seals_or_opens_for_a_row() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    db.admin()
        .script("CREATE TABLE stolen AS SELECT note, ssn, facts FROM people; GRANT ALL ON stolen TO PUBLIC");
    let calls = [
        "SELECT watertight.seal_in_row(0, 1, 'hospital_a', NULL, 'x'::text)",
        "SELECT watertight.seal_in_row(NULL, 1, 'hospital_a', NULL, 'x'::text)",
        "SELECT watertight.seal_searchable_in_row(0, 1, 'hospital_a', NULL, 'x')",
        "SELECT watertight.seal_in_row(0, 1, 'hospital_a', NULL, '\\x00'::bytea)",
        "SELECT watertight.seal_in_row(0, 1, 'hospital_a', NULL, '{}'::jsonb)",
        "SELECT watertight.open_in_row(0, 1, 'hospital_b', NULL, note) FROM stolen",
        "SELECT watertight.open_in_row(0, 1, 'hospital_b', NULL, ssn) FROM stolen",
        "SELECT watertight.open_in_row(0, 1, 'hospital_b', NULL, facts) FROM stolen",
    ];
    // Also after a statement that had a ticket, and failed.
    db.keeper().script(
        "CREATE FUNCTION fails(id integer) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN id; END $$;
         CREATE INDEX ON people (fails(id));
         CREATE OR REPLACE FUNCTION fails(id integer) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 1 / (id - id); END $$",
    );
    for mut session in [db.app(), db.app().with_token(&db.token(A)), db.keeper(), db.admin()] {
        session.refused("SELECT watertight.encrypt_column('people', 'name')", "22012|42501");
        let _ = session.attempt("DO $$ BEGIN PERFORM watertight.encrypt_column('people', 'nothing'); EXCEPTION WHEN OTHERS THEN NULL; END $$");
        for call in calls {
            session.refused(call, "42501").never_says("CANARY");
        }
    }
}

#[test]
fn a3_a_check_on_another_sealed_column_learns_nothing_of_it() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    let mut keeper = db.keeper();
    keeper.script(
        "CREATE FUNCTION spy(secret text) RETURNS boolean LANGUAGE plpgsql AS $$
         BEGIN RAISE NOTICE 'secret: %', secret; RETURN true; END $$;
         ALTER TABLE people ADD CONSTRAINT spying CHECK (name IS NULL OR spy(ssn)) NOT VALID",
    );
    let mut admin = db.admin();
    for mut session in [db.admin(), db.admin().with_token(&db.token(B))] {
        session.run("SELECT watertight.encrypt_column('people', 'name')");
        admin.run("SELECT watertight.decrypt_column('people', 'name')");
    }
    // One that is checked.
    keeper.script("ALTER TABLE people DROP CONSTRAINT spying; CREATE TABLE two (a text, b watertight.encrypted_text,
            tenant_id uuid NOT NULL DEFAULT watertight.tenant_id(), CONSTRAINT spying CHECK (a IS NULL OR spy(b)));
        SELECT watertight.protect('two'); GRANT ALL ON two TO app");
    db.app().with_token(&db.token(A)).run("INSERT INTO two VALUES ('a', 'CANARY-A')");
    for mut session in [db.admin(), db.admin().with_token(&db.token(A))] {
        session
            .refused("SELECT watertight.encrypt_column('two', 'a')", "0A000")
            .says("in ALTER TABLE")
            .never_says("CANARY");
        assert!(session.notices().iter().all(|notice| !notice.contains("CANARY")));
    }
}

#[test]
fn b7_alter_table_by_hand_neither_seals_nor_opens() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    let mut admin = db.admin();
    db.keeper().script("CREATE DOMAIN sealed AS watertight.encrypted_text; CREATE DOMAIN sealed_x AS watertight.encrypted_text DEFAULT 'x'::text");
    let before = admin.column("SELECT p::text FROM people AS p ORDER BY id");
    for mut owner in [db.keeper(), db.keeper().with_token(&db.token(A)), db.admin().with_token(&db.token(A))]
    {
        for change in [
            "ALTER COLUMN name TYPE watertight.encrypted_text",
            "ALTER COLUMN name TYPE watertight.searchable_text",
            "ALTER COLUMN plain TYPE watertight.searchable_text",
            "ALTER COLUMN name TYPE sealed",
            "ALTER COLUMN name TYPE watertight.encrypted_text USING watertight.encrypted_text(name)",
            "ALTER COLUMN name TYPE watertight.encrypted_bytea USING name::bytea",
            "ALTER COLUMN name TYPE watertight.encrypted_jsonb USING to_jsonb(name)",
            "ALTER COLUMN name TYPE bytea USING watertight.encrypt(name, 'x')",
            "ADD COLUMN more watertight.encrypted_text DEFAULT 'x'::text",
            "ADD COLUMN more sealed_x",
            "ALTER COLUMN note TYPE text",
            "ALTER COLUMN note TYPE varchar",
            "ALTER COLUMN note TYPE name",
            "ALTER COLUMN note TYPE watertight.searchable_text USING note::text",
            "ALTER COLUMN ssn TYPE varchar(200)",
            "ALTER COLUMN ssn TYPE text USING watertight.text(ssn)",
            "ALTER COLUMN facts TYPE jsonb",
            "ALTER COLUMN facts TYPE text",
            "ADD CHECK (length(note) > 0)",
        ] {
            owner
                .refused(&format!("ALTER TABLE people {change}"), "0A000")
                .says("in ALTER TABLE")
                .never_says("CANARY");
        }
        // Errors still show what they are about, and what is not about values works.
        owner.script("ALTER TABLE people ADD COLUMN later watertight.encrypted_text; ALTER TABLE people DROP COLUMN later;
            ALTER TABLE people ALTER COLUMN note SET DEFAULT 'x'::text; ALTER TABLE people ALTER COLUMN note DROP DEFAULT;
            ALTER TABLE people ADD CONSTRAINT long CHECK (length(note) > 0) NOT VALID; ALTER TABLE people DROP CONSTRAINT long;
            ALTER TABLE people ADD UNIQUE (tenant_id, ssn); ALTER TABLE people DROP CONSTRAINT people_tenant_id_ssn_key");
    }
    assert_eq!(admin.column("SELECT p::text FROM people AS p ORDER BY id"), before);
    // After one that was refused, in the same transaction.
    let mut a = db.keeper().with_token(&db.token(A));
    a.script("DO $$ BEGIN ALTER TABLE people ALTER COLUMN note TYPE text; EXCEPTION WHEN feature_not_supported THEN
            PERFORM 1 FROM people WHERE note::text = 'CANARY-hospital_a'; IF NOT FOUND THEN RAISE 'not found'; END IF; END $$");
    a.script("CREATE TABLE copies AS SELECT id, note, note::text AS opened, name::watertight.encrypted_text AS name FROM people");
    assert_eq!(a.one("SELECT opened || name::text FROM copies"), format!("CANARY-{A}name"));
    a.refused("ALTER TABLE copies ADD UNIQUE (note)", "42704");
    let mut b = db.app().with_token(&db.token(B));
    assert_eq!(b.one("SELECT note FROM people"), format!("CANARY-{B}"));
}

#[test]
fn duplicates_are_still_shown_in_alter_table() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    let mut a = db.admin().with_token(&db.token(A));
    a.script(
        "CREATE TABLE twice (ssn watertight.searchable_text); INSERT INTO twice VALUES ('same'), ('same')",
    );
    a.refused("ALTER TABLE twice ADD UNIQUE (ssn)", "23505");
}

#[test]
fn columns_that_are_needed_without_a_key_are_not_encrypted() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    let (mut keeper, mut admin) = (db.keeper(), db.admin());
    admin
        .refused("SELECT watertight.encrypt_column('people', 'made_by')", "0A000")
        .says("cannot be encrypted");
    keeper.script("CREATE TABLE named (tenant text NOT NULL DEFAULT watertight.tenant(), n text); SELECT watertight.protect('named', tenant_column => 'tenant')");
    admin
        .refused("SELECT watertight.encrypt_column('named', 'tenant', true)", "0A000")
        .says("cannot be encrypted");
    let mut a = db.a(Mode::Simple);
    a.run("INSERT INTO people (id, name) VALUES (3, 'x')");
    assert_eq!(a.one("SELECT made_by FROM people WHERE id = 3"), "alice");
}

#[test]
fn a_check_that_needs_the_value_is_refused_before_the_dump_is_useless() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    let (mut keeper, mut admin) = (db.keeper(), db.admin());
    keeper.script("ALTER TABLE people ADD CONSTRAINT sexes CHECK (sex IN ('m', 'f')), ADD CONSTRAINT either CHECK (name IS NOT NULL OR id > 0)");
    let failure =
        admin.refused("SELECT watertight.encrypt_column('people', 'sex')", "0A000").says("CHECK constraint");
    assert!(failure.everything.contains("sexes"), "{}", failure.everything);
    admin.run("SELECT watertight.encrypt_column('people', 'name')");
    keeper.script(
        "ALTER TABLE people DROP CONSTRAINT sexes, ADD CONSTRAINT sexes CHECK (sex IN ('m', 'f')) NOT VALID",
    );
    admin.run("SELECT watertight.encrypt_column('people', 'sex')");
    let mut a = db.a(Mode::Simple);
    assert_eq!(a.one("SELECT sex FROM people"), "f");
    a.refused("INSERT INTO people (id, sex) VALUES (9, 'x')", "23514");
    // One that only a partition has.
    keeper.script(
        "CREATE TABLE parts (id integer, tenant_id uuid NOT NULL DEFAULT watertight.tenant_id(), name text) PARTITION BY HASH (id);
         CREATE TABLE part PARTITION OF parts (CONSTRAINT short CHECK (length(name) < 9)) FOR VALUES WITH (MODULUS 1, REMAINDER 0);
         SELECT watertight.protect('parts')",
    );
    admin.refused("SELECT watertight.encrypt_column('parts', 'name')", "0A000").says("CHECK constraint");
}

#[test]
fn rows_of_ephemeral_compartments_are_refused_at_once() {
    let (house, _) = House::with_file();
    house.set("compartments", "on");
    house.cluster.restart();
    house.wait_for("present");
    let db = Database::without_tables(&house.cluster);
    let mut keeper = db.keeper();
    keeper.script(
        "CREATE TABLE notes (id serial, body text, tenant_id uuid NOT NULL DEFAULT watertight.tenant_id(),
             compartment_id uuid NOT NULL DEFAULT watertight.compartment_id());
         SELECT watertight.protect('notes', compartment_column => 'compartment_id');
         GRANT ALL ON notes, notes_id_seq TO app",
    );
    let mut inside = db.app();
    let token = inside.one(&format!("SELECT watertight.login('{}', ephemeral => true)", db.token(A)));
    inside.set_token(&token);
    inside.run("INSERT INTO notes (body) VALUES ('x')");
    db.a(Mode::Simple).run("INSERT INTO notes (body) VALUES ('global')");
    let began = Instant::now();
    let mut admin = db.admin();
    admin.refused("SELECT watertight.encrypt_column('notes', 'body')", "55006").says("ephemeral compartment");
    assert!(began.elapsed().as_secs() < 8, "{:?}", began.elapsed());
    inside.run("SELECT watertight.logout()");
    watertight_tests::eventually("the rows are gone", || {
        db.admin().number("SELECT count(*) FROM notes") == 1
    });
    admin.run("SELECT watertight.encrypt_column('notes', 'body')");
    assert_eq!(db.a(Mode::Simple).one("SELECT body FROM notes"), "global");
}

#[test]
fn b11_an_update_does_not_carry_sealed_values_into_another_compartment() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    let mut keeper = db.keeper();
    let columns = "tenant_id uuid NOT NULL DEFAULT watertight.tenant_id(), room uuid NOT NULL DEFAULT watertight.compartment_id()";
    keeper.script(&format!(
        "CREATE TABLE codes (code watertight.searchable_text PRIMARY KEY, {columns});
         SELECT watertight.protect('codes', compartment_column => 'room');
         CREATE TABLE uses (code watertight.searchable_text, {columns});
         SELECT watertight.protect('uses', compartment_column => 'room')"
    ));
    let add = "ALTER TABLE uses ADD FOREIGN KEY (code) REFERENCES codes ON DELETE CASCADE NOT VALID";
    keeper
        .refused(&add.replace("NOT VALID", "ON UPDATE CASCADE NOT VALID"), "2BP01")
        .says("could copy encrypted values");
    keeper.run(add);
    keeper.script(&format!(
        "CREATE TABLE texts (code text PRIMARY KEY, {columns});
         SELECT watertight.protect('texts', compartment_column => 'room');
         ALTER TABLE uses DROP COLUMN code, ADD COLUMN code text;
         ALTER TABLE uses ADD FOREIGN KEY (code) REFERENCES texts ON UPDATE CASCADE ON DELETE CASCADE NOT VALID"
    ));
}
