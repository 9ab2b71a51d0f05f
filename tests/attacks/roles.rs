//! A, continued: roles, row_security, the extension's own functions and tables, the confused deputy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use watertight_tests::database::B;
use watertight_tests::{COUNT, Database, Mode, Session, for_each_protocol};

fn still_b(session: &mut Session) {
    assert_eq!(session.one("SELECT watertight.tenant()"), B);
    assert_eq!(session.number(COUNT), 10);
}

#[test]
fn a11_changing_the_role_does_not_change_the_tenant() {
    let db = Database::shared();
    let other = db.own_role("");
    let role = db.own_role("");
    db.admin().script(&format!(
        "GRANT {other} TO {role}; GRANT keeper TO {role}; GRANT SELECT ON patients TO {role}, {other}"
    ));
    for_each_protocol(|mode| {
        let mut b = db.attacker_as(&role, mode);
        // Also the tables' owner, whose row security is forced.
        for to in [other.as_str(), "keeper"] {
            b.run(&format!("SET ROLE {to}"));
            still_b(&mut b);
            b.run("RESET ROLE");
            still_b(&mut b);
        }
        let mut b = db.client(&role).mode(mode).watched();
        b.run(&format!("SET ROLE {other}"));
        b.refused(COUNT, "28000");
        b.set_token(&db.token(B));
        still_b(&mut b);
        b.refused("SET SESSION AUTHORIZATION postgres", "42501");
    });
}

#[test]
fn a11_session_authorization_brings_no_other_tenant() {
    let db = Database::shared();
    let mut session = db.admin();
    session.run("SET SESSION AUTHORIZATION app");
    session.refused(COUNT, "28000");
    session.set_token(&db.token(B));
    let mut session = session.watched();
    still_b(&mut session);
}

#[test]
fn a12_row_security_off_is_an_error_not_rows() {
    let db = Database::shared();
    for_each_protocol(|mode| {
        for role in ["app", "keeper"] {
            let mut b = db.attacker_as(role, mode);
            b.run("SET row_security = off");
            b.refused("SELECT * FROM patients", "42501");
            b.refused("UPDATE patients SET age = 1", "42501");
            b.refused("DELETE FROM patients", "42501");
            b.leaks("SELECT * FROM open_patients");
        }
    });
}

#[test]
fn a13_the_registry_is_neither_read_nor_written() {
    let db = Database::shared();
    let tables = db.truth(
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname LIKE 'watertight%' AND c.relkind IN ('r', 'p')",
    );
    assert!(tables.len() >= 5, "{tables:?}");
    for role in ["app", "keeper"] {
        let mut b = db.attacker_as(role, Mode::Simple);
        for table in &tables {
            if table == "watertight.reencryptions" {
                // Owners see their own tables there.
                assert_eq!(b.number("SELECT count(*) FROM watertight.reencryptions"), 0);
            } else {
                b.refused(&format!("SELECT * FROM {table}"), "42501");
            }
            b.refused(&format!("DELETE FROM {table}"), "42501");
            b.refused(&format!("INSERT INTO {table} DEFAULT VALUES"), "42501");
            b.refused(&format!("TRUNCATE {table}"), "42501");
            b.refused(&format!("DO $$ BEGIN LOCK TABLE {table}; END $$"), "42501");
            b.refused(&format!("ALTER TABLE {table} DISABLE TRIGGER ALL"), "42501");
        }
    }
}

#[test]
fn a13_administration_is_not_for_everybody() {
    let db = Database::shared();
    let calls = [
        "watertight.create_tenant('mine')",
        "watertight.suspend_tenant('hospital_a')",
        "watertight.resume_tenant('hospital_a')",
        "watertight.drop_tenant('hospital_a', 'hospital_a')",
        "watertight.trust_issuer('https://evil.example', '{\"keys\": []}'::jsonb)",
        "watertight.distrust_issuer('https://id.example')",
        "watertight.revoke_token('x')",
        "watertight.revoke_user('alice')",
    ];
    for role in ["app", "keeper"] {
        for_each_protocol(|mode| {
            let mut b = db.attacker_as(role, mode);
            for call in calls {
                b.refused(&format!("SELECT {call}"), "42501");
            }
            b.attempt("SELECT watertight.unprotect('patients')").expect_err("protection is taken away");
            still_b(&mut b);
        });
    }
}

#[test]
fn a13_an_administrator_reads_no_issuer_s_secret_key() {
    let db = Database::shared();
    let role = db.own_role("");
    db.admin().script(&format!("GRANT watertight_admin TO {role}"));
    let mut admin = db.client(&role);
    admin.run("SELECT watertight.create_tenant('c')");
    admin.run("SELECT * FROM watertight.tenants");
    admin.refused("SELECT * FROM watertight.issuers", "42501");
    admin.refused("UPDATE watertight.tenants SET status = 'suspended'", "42501");
    admin.refused("COPY watertight.issuers TO STDOUT", "42501");
    admin.attempt("SELECT watertight.trust_issuer(NULL, NULL)").expect_err("no issuer").never_says("\"k\"");
    // Nor does an administrator of tenants see a tenant's rows.
    admin.refused("SELECT * FROM patients", "42501|28000");
}

/// What everybody may call. A new function is added here on purpose or is closed to PUBLIC.
const FOR_EVERYBODY: &[&str] = &[
    "add_member",
    "begin",
    "bounded",
    "bytea",
    "claims",
    "compartment",
    "compartment_id",
    "compartment_schema",
    "concatenate",
    "create_compartment",
    "decrypt",
    "decrypt_column",
    "drop_compartment",
    "email",
    "encrypt",
    "encrypt_column",
    "encrypted_bytea",
    "encrypted_bytea_in",
    "encrypted_bytea_out",
    "encrypted_bytea_recv",
    "encrypted_bytea_send",
    "encrypted_jsonb",
    "encrypted_jsonb_in",
    "encrypted_jsonb_out",
    "encrypted_jsonb_recv",
    "encrypted_jsonb_send",
    "encrypted_text",
    "encrypted_text_in",
    "encrypted_text_out",
    "encrypted_text_recv",
    "encrypted_text_send",
    "expires_at",
    "in_sight",
    "json",
    "jsonb",
    "key_id",
    "login",
    "logout",
    "my_compartments",
    "open_in_row",
    "protect",
    "protect_schema",
    "readable_compartments",
    "reencrypt",
    "remove_member",
    "rename_compartment",
    "role",
    "searchable_cmp",
    "searchable_eq",
    "searchable_ge",
    "searchable_gt",
    "searchable_hash",
    "searchable_hash_extended",
    "searchable_le",
    "searchable_lt",
    "searchable_ne",
    "searchable_probe",
    "searchable_text",
    "searchable_text_in",
    "searchable_text_out",
    "searchable_text_recv",
    "searchable_text_send",
    "seal_in_row",
    "seal_searchable_in_row",
    "session_id",
    "switch_compartment",
    "tenant",
    "tenant_id",
    "tenant_key",
    "text",
    "unprotect",
    "user_id",
    "visible",
    "visible_support",
    "whoami",
    "writable",
    "writable_compartment",
];

#[test]
fn a13_everybody_may_call_these_functions_and_no_others() {
    let db = Database::shared();
    let functions = db.truth(
        "SELECT DISTINCT p.proname FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname LIKE 'watertight%' AND has_function_privilege('app', p.oid, 'EXECUTE')
        -- Not callable by a statement, whoever may execute them.
        AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype) ORDER BY 1",
    );
    let extra: Vec<_> = functions.iter().filter(|f| !FOR_EVERYBODY.contains(&f.as_str())).collect();
    assert!(extra.is_empty(), "open to everybody: {extra:?}");
    assert!(functions.iter().any(|f| f == "tenant_id"), "the control: {functions:?}");
}

#[test]
fn a13_functions_with_internal_arguments_cannot_be_called() {
    let db = Database::shared();
    let functions = db.truth(
        "SELECT format('%I.%I(%s)', n.nspname, p.proname,
            (SELECT string_agg('NULL', ', ') FROM unnest(p.proargtypes)))
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname LIKE 'watertight%' AND 'internal'::regtype = ANY (p.proargtypes)",
    );
    let mut b = db.attacker(Mode::Simple);
    for call in functions {
        b.attempt(&format!("SELECT {call}")).expect_err("an internal function is called");
    }
    still_b(&mut b);
}

#[test]
fn a13_triggers_and_c_functions_cannot_be_borrowed() {
    let db = Database::shared();
    let mut b = db.attacker(Mode::Simple);
    b.refused(
        "CREATE FUNCTION lab.mine() RETURNS uuid LANGUAGE c AS '$libdir/watertight', 'tenant_id'",
        "42501",
    );
    let triggers = db.truth(
        "SELECT format('%I.%I()', n.nspname, p.proname) FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname LIKE 'watertight%' AND p.prorettype = 'trigger'::regtype",
    );
    b.run("CREATE TABLE lab.bait (id int)");
    for (n, function) in triggers.iter().enumerate() {
        // Whether refused here or when it fires, it must not disturb anyone.
        let made = b.attempt(&format!(
            "CREATE TRIGGER t{n} BEFORE INSERT ON lab.bait FOR EACH ROW EXECUTE FUNCTION {function}"
        ));
        if made.is_ok() {
            let _ = b.attempt("INSERT INTO lab.bait VALUES (1)");
        }
    }
    still_b(&mut b);
}

#[test]
fn a14_a_token_in_a_security_restricted_operation_is_refused() {
    let db = Database::shared();
    let mut b = db.attacker(Mode::Simple);
    b.script(&format!(
        "CREATE FUNCTION lab.sets(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
           $$ BEGIN PERFORM set_config('watertight.token', '{}', false); RETURN $1; END $$;
         CREATE TABLE lab.trap (n int); INSERT INTO lab.trap VALUES (1);
         CREATE MATERIALIZED VIEW lab.snare AS SELECT lab.sets(n) FROM lab.trap WITH NO DATA",
        db.token(B)
    ));
    // The control: the function works where nobody else is the victim.
    assert_eq!(b.number("SELECT lab.sets(1)"), 1);
    let mut admin = db.admin();
    admin
        .attempt("CREATE INDEX snare ON lab.trap (lab.sets(n))")
        .expect_err("a trap sets the administrator's token");
    admin.attempt("REFRESH MATERIALIZED VIEW lab.snare").expect_err("a trap sets the administrator's token");
    admin.refused("SELECT watertight.tenant()", "28000");
}
