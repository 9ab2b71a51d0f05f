//! D: every way to write to a protected table.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use watertight_tests::database::A;
use watertight_tests::{Database, Mode, for_each_path, for_each_protocol, for_each_wall};

/// Tenant A's rows, as a superuser sees them: must be the same before and after an attack.
fn victim(db: &Database) -> Vec<String> {
    let rows = db.truth(&format!("SELECT p::text FROM patients p WHERE tenant_id = '{}' ORDER BY id", db.a));
    let visits = db.truth(&format!("SELECT v::text FROM visits v WHERE tenant_id = '{}' ORDER BY id", db.a));
    [rows, visits].concat()
}

/// Runs the attack over every path as the application and as the owner; A's rows must stay what they are.
fn attack(db: &Database, attack: impl Fn(&mut watertight_tests::Session)) {
    let before = victim(db);
    assert_eq!(before.len(), 40, "the control");
    for_each_path(|mode| {
        for role in ["app", "keeper"] {
            let mut b = db.attacker_as(role, mode);
            b.run("BEGIN");
            attack(&mut b);
            b.run("COMMIT");
            assert_eq!(victim(db), before, "as {role} over {mode:?}");
        }
    });
}

/// Runs a statement that must fail and goes on in the same transaction.
fn refused(b: &mut watertight_tests::Session, sql: &str, sqlstates: &str) {
    b.run("SAVEPOINT s");
    b.refused(sql, sqlstates);
    b.run("ROLLBACK TO s");
}

#[test]
fn d35_rows_cannot_be_inserted_for_another_tenant() {
    for_each_wall(|db| {
        let a = &db.a;
        attack(db, |b| {
            for sql in [
                format!("INSERT INTO patients (id, name, tenant_id) VALUES (900, 'forged', '{a}')"),
                format!("INSERT INTO patients (id, name, tenant_id) SELECT 900, 'forged', '{a}'"),
                format!(
                    "INSERT INTO patients (id, name, tenant_id) VALUES (900, 'x', NULL), (901, 'y', '{a}')"
                ),
                format!(
                    "WITH x AS (INSERT INTO patients (id, name, tenant_id) VALUES (900, 'f', '{a}') RETURNING *) TABLE x"
                ),
                "INSERT INTO patients (id, name, tenant_id) VALUES (900, 'x', gen_random_uuid())".into(),
            ] {
                refused(b, &sql, "42501|23502");
            }
            refused(b, "INSERT INTO patients (id, name, tenant_id) VALUES (900, 'x', NULL)", "23502|42501");
            // The control: without a tenant it is B's own.
            let own = "INSERT INTO patients (id, name) VALUES (900, 'mine') RETURNING tenant_id::text";
            assert_eq!(b.one(own), db.b);
            assert_eq!(b.run("DELETE FROM patients WHERE id = 900 RETURNING id").len(), 1);
        });
    });
}

#[test]
fn d36_rows_of_another_tenant_are_neither_updated_nor_deleted() {
    for_each_wall(|db| {
        let a = &db.a;
        attack(db, |b| {
            for sql in [
            "UPDATE patients SET name = 'x', age = 1 WHERE id = 1 RETURNING *".to_owned(),
            format!("UPDATE patients SET name = 'x' WHERE tenant_id = '{a}' RETURNING *"),
            format!(
                "UPDATE patients SET tenant_id = watertight.tenant_id() WHERE tenant_id = '{a}' RETURNING *"
            ),
            "UPDATE patients p SET name = v.reason FROM visits v WHERE v.patient_id = 1 RETURNING p.*".into(),
            "DELETE FROM patients WHERE id <= 20 RETURNING *".into(),
            "DELETE FROM patients p USING visits v WHERE v.patient_id = p.id AND v.id <= 20 RETURNING p.*"
                .into(),
            "WITH d AS (DELETE FROM visits WHERE id <= 20 RETURNING *) TABLE d".into(),
        ] {
            assert_eq!(b.run(&sql).len(), 0, "{sql}");
        }
            for sql in [
                format!("UPDATE patients SET tenant_id = '{a}'"),
                format!("UPDATE patients SET tenant_id = '{a}' WHERE id = 101 RETURNING *"),
                format!("UPDATE patients SET id = 950, tenant_id = '{a}' WHERE id = 101"),
            ] {
                refused(b, &sql, "42501");
            }
            assert_eq!(b.run("UPDATE patients SET age = age RETURNING id").len(), 10, "the control");
        });
    });
}

#[test]
fn d37_on_conflict_does_not_reveal_or_touch_other_tenants_rows() {
    for_each_wall(|db| {
        attack(db, |b| {
            // Row 1 is A's. Its existence shows (the key is not scoped by tenant), its contents must not.
            let insert = "INSERT INTO patients (id, name, email) VALUES (1, 'mine', 'a1@a.example')";
            for conflict in ["(id)", "(email)", "ON CONSTRAINT patients_pkey"] {
                let update = format!(
                    "{insert} ON CONFLICT {conflict} DO UPDATE SET name = patients.name || excluded.name"
                );
                refused(b, &format!("{update} RETURNING *"), "42501|23505");
                refused(b, &update, "42501|23505");
                refused(b, &format!("{update} WHERE patients.name LIKE 'CAN%' RETURNING *"), "42501|23505");
                let nothing = format!("{insert} ON CONFLICT {conflict} DO NOTHING RETURNING *");
                b.run("SAVEPOINT s");
                if let Ok(rows) = b.attempt(&nothing) {
                    assert_eq!(rows.len(), 0);
                }
                b.run("ROLLBACK TO s");
            }
            refused(b, insert, "23505");
            // The control: B's own row is updated.
            let own = "INSERT INTO patients (id, name) VALUES (101, 'b-name-101') ON CONFLICT (id)
            DO UPDATE SET name = excluded.name RETURNING id";
            assert_eq!(b.run(own).len(), 1);
        });
    });
}

#[test]
fn d37_with_scoped_keys_there_is_no_conflict_at_all() {
    for_each_wall(|db| {
        db.keeper().script(
            "CREATE TABLE beds (id bigint PRIMARY KEY, label text UNIQUE);
         SELECT watertight.protect('beds', scope_keys => true);
         GRANT ALL ON beds TO app",
        );
        db.a(Mode::Simple).run("INSERT INTO beds VALUES (123, 'CANARY-A-bed')");
        for_each_protocol(|mode| {
            let mut b = db.attacker(mode);
            b.run("INSERT INTO beds VALUES (123, 'CANARY-'||'A-bed')");
            assert_eq!(b.run("SELECT id FROM beds").len(), 1);
            b.run("DELETE FROM beds");
        });
        assert_eq!(db.truth("SELECT count(*) FROM beds"), ["1"]);
    });
}

#[test]
fn d38_merge_touches_only_own_rows() {
    for_each_wall(|db| {
        let source = "USING (SELECT generate_series(1, 110) AS id) s ON s.id = t.id";
        let a = &db.a;
        attack(db, |b| {
            b.run(&format!("MERGE INTO patients t {source} WHEN MATCHED THEN UPDATE SET age = 7"));
            b.run("SAVEPOINT m");
            b.run(&format!("MERGE INTO visits t {source} AND s.id > 105 WHEN MATCHED THEN DELETE"));
            assert_eq!(b.number("SELECT count(*) FROM visits"), 5, "the control");
            b.run("ROLLBACK TO m");
            refused(
                b,
                &format!("MERGE INTO patients t {source} WHEN MATCHED THEN UPDATE SET tenant_id = '{a}'"),
                "42501",
            );
            let insert = format!("INSERT (id, name, tenant_id) VALUES (s.id + 1000, 'forged', '{a}')");
            refused(b, &format!("MERGE INTO patients t {source} WHEN NOT MATCHED THEN {insert}"), "42501");
            // A's keys look free to B, and are not.
            let free = "WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, 'forged')";
            refused(b, &format!("MERGE INTO patients t {source} {free}"), "23505");
            if db.cluster.major() >= 17 {
                b.run("SAVEPOINT m");
                b.run("MERGE INTO visits t USING (SELECT -1 AS id) s ON s.id = t.id WHEN NOT MATCHED BY SOURCE THEN DELETE");
                b.run("ROLLBACK TO m");
                refused(
                    b,
                    &format!(
                        "MERGE INTO patients t USING (SELECT -1 AS id) s ON s.id = t.id
                WHEN NOT MATCHED BY SOURCE THEN UPDATE SET tenant_id = '{a}'"
                    ),
                    "42501",
                );
            }
        });
    });
}

#[test]
fn d39_returning_old_and_new_shows_only_own_rows() {
    for_each_wall(|db| {
        attack(db, |b| {
            assert_eq!(b.run("UPDATE patients SET age = 3 RETURNING *").len(), 10);
            assert_eq!(b.run("DELETE FROM visits RETURNING *").len(), 10);
            b.run("INSERT INTO visits (id, patient_id, reason) SELECT id, id, 'again' FROM patients RETURNING *");
            if db.cluster.major() >= 18 {
                assert_eq!(b.run("UPDATE patients SET age = 4 RETURNING old, new").len(), 10);
            }
        });
    });
}

#[test]
fn d42_whole_table_commands_are_refused() {
    for_each_wall(|db| {
        db.admin().script("GRANT TRUNCATE ON visits TO app");
        let before = victim(db);
        for_each_protocol(|mode| {
            let mut b = db.attacker(mode);
            for sql in [
                "TRUNCATE patients",
                "TRUNCATE patients CASCADE",
                "CLUSTER patients USING patients_pkey",
                "REINDEX TABLE patients",
                "DROP TABLE patients",
                "ALTER TABLE patients ADD COLUMN x int",
                "COMMENT ON TABLE patients IS 'x'",
                "GRANT ALL ON patients TO PUBLIC",
            ] {
                b.attempt(sql).err().map_or_else(
                    || assert!(sql.starts_with("GRANT"), "{sql}"),
                    |failure| drop(failure.is("42501")),
                );
            }
            // With the right to TRUNCATE and as the owner: row security does not apply to it, so it is refused.
            b.refused("TRUNCATE visits", "42501|0A000|55000");
            let mut keeper = db.attacker_as("keeper", mode);
            keeper.refused("TRUNCATE visits", "42501|0A000|55000");
            keeper.refused("TRUNCATE open_patients, visits", "42501|0A000|55000");
            // Maintenance tells nothing.
            for sql in [
                "VACUUM patients",
                "ANALYZE patients",
                "VACUUM (VERBOSE) patients",
                "ANALYZE VERBOSE patients",
            ] {
                let _ = b.attempt(sql);
                let _ = keeper.attempt(sql);
            }
        });
        assert_eq!(victim(db), before);
    });
}

#[test]
fn d56_rows_without_a_tenant_cannot_be() {
    for_each_wall(|db| {
        for_each_protocol(|mode| {
            for role in ["app", "keeper", "postgres"] {
                let mut session = db.client(role).with_token(&db.token(A)).mode(mode);
                let sql = "INSERT INTO patients (id, name, tenant_id) VALUES (900, 'x', NULL)";
                session.refused(sql, "23502|42501");
                session.refused("UPDATE patients SET tenant_id = NULL", "23502|42501");
            }
            let mut b = db.attacker(mode);
            assert_ne!(b.one("SELECT watertight.visible(NULL::uuid)"), "t");
            assert_ne!(b.one("SELECT watertight.writable(NULL::uuid)"), "t");
        });
    });
}
