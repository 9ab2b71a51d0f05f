//! F: names of the attacker's own in front of the real ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use watertight_mint::{Algorithm, Key, jwks};
use watertight_tests::database::{A, AUDIENCE, B, ISSUER, blank, create_extension};
use watertight_tests::{COUNT, Cluster, Database, Mode, for_each_protocol, literal, shared};

/// Operators and functions named like the ones policies and the extension's functions might use, which find
/// everything equal and tell that they were called. `@` is the schema.
const SHADOWS: &str = "
    CREATE FUNCTION @.same(uuid, uuid) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
    CREATE FUNCTION @.same(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
    CREATE FUNCTION @.same(bigint, bigint) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
    CREATE OPERATOR @.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = @.same);
    CREATE OPERATOR @.= (LEFTARG = text, RIGHTARG = text, FUNCTION = @.same);
    CREATE OPERATOR @.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = @.same);
    CREATE FUNCTION @.uuid_eq(uuid, uuid) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
    CREATE FUNCTION @.now() RETURNS timestamptz LANGUAGE sql AS $$SELECT '1970-01-01'::timestamptz$$;
    CREATE FUNCTION @.tenant_id() RETURNS uuid LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'shadow' USING ERRCODE = 'SHADW'; END $$;
    CREATE FUNCTION @.visible(uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE FUNCTION @.writable(uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE FUNCTION @.set_config(text, text, boolean) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'shadow' USING ERRCODE = 'SHADW'; END $$;
    CREATE FUNCTION @.current_setting(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'shadow' USING ERRCODE = 'SHADW'; END $$;
    CREATE FUNCTION @.format(text, VARIADIC text[]) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'shadow' USING ERRCODE = 'SHADW'; END $$;
    CREATE DOMAIN @.jsonb AS text; CREATE DOMAIN @.regclass AS text; CREATE DOMAIN @.name AS text";

#[test]
fn f79_temporary_tables_in_front_of_the_registry_are_not_read() {
    let db = Database::shared();
    let mine = Key::generate(Algorithm::EdDsa, "k1");
    for_each_protocol(|mode| {
        let mut b = db.attacker(mode);
        let keys = literal(&jwks(&[&mine]).to_string());
        for sql in [
            "CREATE TEMP TABLE issuers (issuer text, jwks jsonb, audience text, claims jsonb, tenants uuid[],
                max_lifetime interval, leeway interval, created_at timestamptz, updated_at timestamptz)"
                .to_owned(),
            format!("INSERT INTO issuers VALUES ('{ISSUER}', {keys}, '{AUDIENCE}', '{{}}')"),
            "CREATE TEMP TABLE tenants (id uuid, name text, key bigint, status text)".into(),
            format!("INSERT INTO tenants VALUES ('{}', '{B}', 1, 'active')", db.a),
            "CREATE TEMP TABLE protected_tables (relation regclass)".into(),
            "CREATE TEMP TABLE revoked_tokens (jti text)".into(),
            "SET search_path = pg_temp, watertight, public, pg_catalog".into(),
        ] {
            b.run(&sql);
        }
        b.refused(&format!("SET watertight.token = '{}'", mine.sign(&db.claims(A).build())), "28000");
        assert_eq!(b.one("SELECT watertight.tenant_id()"), db.b);
        assert_eq!(b.number(COUNT), 10);
        b.set_token(&db.token(B));
        assert_eq!(b.number(COUNT), 10);
    });
}

#[test]
fn f80_operators_and_functions_in_front_of_pg_catalog_are_not_used() {
    let db = Database::shared();
    db.app().script(&SHADOWS.replace('@', "lab"));
    for_each_protocol(|mode| {
        let mut b = db.app().mode(mode);
        b.run("SET search_path = lab, public, pg_catalog");
        b.set_token(&db.token(B));
        let mut b = b.watched();
        // The control: in the client's own statement they are used.
        assert_eq!(b.number("SELECT count(*) FROM open_patients WHERE tenant_id = gen_random_uuid()"), 30);
        assert_eq!(b.run("SELECT * FROM patients").len(), 10);
        assert_eq!(b.run("SELECT * FROM patients WHERE tenant_id = gen_random_uuid()").len(), 10);
        b.refused(
            &format!("INSERT INTO patients (id, name, tenant_id) VALUES (900, 'x', '{}')", db.a),
            "42501",
        );
        b.run("BEGIN");
        b.run(&format!("SELECT watertight.begin('{}')", db.token(B)));
        assert_eq!(b.run("SELECT * FROM patients").len(), 10);
        b.run("SELECT * FROM watertight.whoami()");
        b.run("INSERT INTO patients (id, name) VALUES (950, 'mine')");
        assert_eq!(b.one("SELECT tenant_id FROM patients WHERE id = 950"), db.b);
        b.run("ROLLBACK");
        b.run("RESET watertight.token");
        b.refused("SELECT * FROM patients", "28000");
    });
}

#[test]
fn f80_administration_does_not_use_the_caller_s_names() {
    let db = Database::shared();
    let mut keeper = db.keeper();
    keeper.script("CREATE SCHEMA trap; GRANT USAGE ON SCHEMA trap TO PUBLIC");
    keeper.script(&SHADOWS.replace('@', "trap"));
    keeper.script("SET search_path = trap, public, pg_catalog; CREATE TABLE public.wards (id bigint PRIMARY KEY, name text)");
    keeper.run("SELECT watertight.protect('public.wards')");
    assert_eq!(
        db.truth("SELECT pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polrelid = 'wards'::regclass"),
        ["watertight.visible(tenant_id)"]
    );
    let mut admin = db.admin();
    admin.run("SET search_path = trap, public, pg_catalog");
    let id = admin.one("SELECT watertight.create_tenant('hospital_t')");
    assert_eq!(db.truth("SELECT count(*) FROM watertight.tenants WHERE created_at > '2000-01-01'"), ["3"]);
    admin.run("SELECT watertight.suspend_tenant('hospital_t')");
    admin.run("SELECT watertight.resume_tenant('hospital_t')");
    admin.run("SELECT watertight.revoke_token('x')");
    admin.run("SELECT watertight.revoke_user('x')");
    // With the shadows' `=` this would drop every tenant's rows.
    let mut t = db.client("keeper").with_token(&db.token("hospital_t"));
    t.run("INSERT INTO wards (id, name) VALUES (1, 't')");
    db.a(Mode::Simple).refused("INSERT INTO wards (id, name) VALUES (2, 'a')", "42501");
    admin.run("SELECT * FROM watertight.drop_tenant('hospital_t', 'hospital_t')");
    assert_eq!(db.truth("SELECT count(*) FROM patients"), ["30"]);
    assert_eq!(db.truth(&format!("SELECT count(*) FROM wards WHERE tenant_id = '{id}'")), ["0"]);
}

#[test]
fn f80_hostile_table_and_column_names_are_quoted() {
    let db = Database::shared();
    let mut keeper = db.keeper();
    let evil = "x\"; DROP TABLE patients CASCADE; --";
    let quoted = format!("\"{}\"", evil.replace('"', "\"\""));
    keeper.script(&format!(
        "CREATE SCHEMA {quoted}; GRANT USAGE ON SCHEMA {quoted} TO app;
         CREATE TABLE {quoted}.{quoted} (id bigint PRIMARY KEY, {quoted} uuid, name text);
         GRANT ALL ON {quoted}.{quoted} TO app"
    ));
    let name = literal(&format!("{quoted}.{quoted}"));
    let column = literal(evil);
    keeper.run(&format!("SELECT watertight.protect({name}, tenant_column => {column}, dry_run => true)"));
    keeper.run(&format!("SELECT watertight.protect({name}, tenant_column => {column})"));
    db.a(Mode::Simple).run(&format!("INSERT INTO {quoted}.{quoted} (id, name) VALUES (1, 'CANARY-A')"));
    assert_eq!(db.attacker(Mode::Simple).run(&format!("SELECT * FROM {quoted}.{quoted}")).len(), 0);
    db.a(Mode::Simple).leaks(&format!("SELECT * FROM {quoted}.{quoted}"));
    assert_eq!(db.truth("SELECT count(*) FROM patients"), ["30"]);
    db.admin().run("SELECT watertight.create_tenant('x''; DROP TABLE patients; --')");
    assert_eq!(db.truth("SELECT count(*) FROM patients"), ["30"]);
}

#[test]
fn f82_objects_prepared_before_the_extension_are_not_taken_over() {
    let cluster = shared();
    for prepared in [
        "CREATE FUNCTION watertight.tenant_id() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
        "CREATE FUNCTION watertight.visible(uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        "CREATE FUNCTION watertight.other() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE watertight.issuers (issuer text, jwks jsonb)",
        "CREATE VIEW watertight.tenants AS SELECT 1 AS id",
        "CREATE TYPE watertight.token AS (x int)",
        "CREATE OPERATOR watertight.=== (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = uuid_eq)",
        "SELECT 1",
    ] {
        let name = blank(cluster);
        cluster.session(&name, "keeper").script(&format!("CREATE SCHEMA watertight; {prepared}"));
        let made = cluster.admin(&name).attempt("CREATE EXTENSION watertight");
        made.expect_err(prepared);
        assert_eq!(
            cluster.admin(&name).number("SELECT count(*) FROM pg_extension WHERE extname = 'watertight'"),
            0
        );
        cluster.admin("postgres").run(&format!("DROP DATABASE {name}"));
    }
    // The control: without any of it.
    let name = blank(cluster);
    create_extension(&mut cluster.admin(&name));
    cluster.admin("postgres").run(&format!("DROP DATABASE {name}"));
}

#[test]
fn f82_the_script_does_not_use_names_of_public() {
    let cluster = Cluster::start(&[]);
    let name = blank(&cluster);
    let mut keeper = cluster.session(&name, "keeper");
    keeper.script(&SHADOWS.replace('@', "public"));
    keeper.script(
        "CREATE FUNCTION public.pg_extension_config_dump(regclass, text) RETURNS void LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'shadow' USING ERRCODE = 'SHADW'; END $$",
    );
    let mut admin = cluster.admin(&name);
    admin.run("SET search_path = public, pg_catalog");
    create_extension(&mut admin);
    // Nothing of the extension depends on anything in public.
    admin.run("SET search_path = pg_catalog");
    let stray = admin.column(
        "SELECT pg_describe_object(d.classid, d.objid, 0) FROM pg_depend d JOIN pg_proc p ON p.oid = d.refobjid
         AND d.refclassid = 'pg_proc'::regclass WHERE p.pronamespace = 'public'::regnamespace
         AND pg_describe_object(d.classid, d.objid, 0) LIKE '%watertight%'",
    );
    assert!(stray.is_empty(), "{stray:?}");
}
