//! D36: rows whose check was taken out of the plan, because the statement leaves the tenant column alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use watertight_tests::wire::Wire;
use watertight_tests::{Database, Mode, Session, Walls, shared};

/// Statements that write B's rows and name no tenant: none of them is checked in a table that is as it should be.
const WRITES: [&str; 5] = [
    "UPDATE patients SET age = 7 WHERE id = 101",
    "UPDATE patients p SET ward = v.reason FROM visits v WHERE v.patient_id = p.id",
    "WITH x AS (UPDATE patients SET age = 7 RETURNING *) SELECT * FROM x",
    "INSERT INTO patients (id, name) VALUES (900, 'new')",
    "WITH x AS (INSERT INTO patients (id, name) SELECT 901, 'new' RETURNING id) TABLE x",
];

/// A database whose owner has a trigger function that gives every row to tenant A, and a function that makes the trigger.
fn with_mover(walls: Walls) -> Database<'static> {
    let db = Database::between(shared(), walls);
    db.keeper().script(&format!(
        "CREATE FUNCTION move() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN NEW.tenant_id := '{}'; RETURN NEW; END $$;
         CREATE FUNCTION arm() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
            CREATE TRIGGER move BEFORE INSERT OR UPDATE ON patients FOR EACH ROW EXECUTE FUNCTION move(); RETURN 7; END $$;
         CREATE FUNCTION lie() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN arm(); END $$;
         GRANT CREATE ON SCHEMA public TO app",
        db.a
    ));
    db
}

/// Everything tenant A has.
fn victim(db: &Database) -> Vec<String> {
    db.truth(&format!("SELECT p::text FROM patients p WHERE tenant_id = '{}' ORDER BY id", db.a))
}

/// Runs `attack` as the owner under B's token; A must not get a row more or less.
fn attack(db: &Database, attack: impl FnOnce(&mut Session)) {
    let before = victim(db);
    assert_eq!(before.len(), 20, "the control");
    attack(&mut db.attacker_as("keeper", Mode::Simple));
    assert_eq!(victim(db), before);
}

#[test]
fn d36_a_trigger_cannot_give_the_row_away() {
    for walls in Walls::ALL {
        let db = with_mover(walls);
        attack(&db, |b| {
            b.run("SELECT arm()");
            for sql in WRITES {
                b.refused(sql, "42501");
            }
        });
    }
}

#[test]
fn d36_a_trigger_made_after_the_plan_was_kept_cannot_give_the_row_away() {
    for walls in Walls::ALL {
        for (n, sql) in WRITES.iter().enumerate() {
            let db = with_mover(walls);
            attack(&db, |b| {
                b.script("DELETE FROM visits; SET plan_cache_mode = force_generic_plan");
                let by_protocol = b.prepare(sql);
                b.run(&format!("PREPARE p AS {sql}"));
                for _ in 0..6 {
                    b.run("BEGIN");
                    b.run("EXECUTE p");
                    b.run("ROLLBACK");
                }
                // From the same session or another one.
                if n % 2 == 0 {
                    b.run("SELECT arm()")
                } else {
                    db.keeper().run("SELECT arm()")
                };
                if !sql.contains("visits") {
                    b.refused("EXECUTE p", "42501");
                    b.execute(&by_protocol, &[]).unwrap_err().is("42501");
                }
            });
        }
    }
}

#[test]
fn d36_a_trigger_made_between_planning_and_running_cannot_give_the_row_away() {
    for walls in Walls::ALL {
        let db = with_mover(walls);
        // A function in SQL plans all its queries before it runs the first.
        for sql in WRITES {
            attack(&db, |b| {
                b.script(&format!(
                    "CREATE OR REPLACE FUNCTION trick() RETURNS void LANGUAGE sql AS
                    $f$ SELECT arm(); {sql}; SELECT 1 $f$"
                ));
                b.refused("SELECT trick()", "42501");
            });
        }
        // A function that lies about being immutable runs while the statement is planned.
        for sql in [
            "UPDATE patients SET age = lie() WHERE id = 101",
            "UPDATE patients SET age = 7 WHERE age <> lie()",
            "INSERT INTO patients (id, name, age) VALUES (902, 'new', lie())",
        ] {
            attack(&db, |b| drop(b.refused(sql, "42501").says("planned before a trigger was made").hints()));
        }
        // A rule adds a query that runs before the update and is planned with it.
        attack(&db, |b| {
            if b.attempt("CREATE RULE r AS ON UPDATE TO patients DO ALSO SELECT arm()").is_ok() {
                b.refused(WRITES[0], "42501");
            }
        });
    }
}

#[test]
fn d36_a_trigger_made_while_the_statement_waits_in_a_portal_cannot_give_the_row_away() {
    for walls in Walls::ALL {
        for sql in WRITES {
            let db = with_mover(walls);
            attack(&db, |_| {
                let mut wire = Wire::connect(shared(), &db.name, "keeper");
                let token = db.token(watertight_tests::database::B);
                wire.query(&format!("BEGIN; SET LOCAL watertight.token = '{token}'"));
                wire.bind_portal("p", sql);
                assert!(wire.query("SELECT arm()").contains('7'), "the control");
                let told = wire.execute_portal("p");
                assert!(told.contains("42501"), "{sql}: {told}");
                wire.query("COMMIT");
            });
        }
    }
}

#[test]
fn d36_a_childs_trigger_cannot_give_the_row_away() {
    for walls in Walls::ALL {
        let db = with_mover(walls);
        let moved = "BEFORE UPDATE ON kid FOR EACH ROW EXECUTE FUNCTION move()";
        attack(&db, |b| {
            b.run("PREPARE p AS UPDATE patients SET age = 7");
            for _ in 0..7 {
                b.run("EXECUTE p");
            }
            b.script(&format!(
                "CREATE TABLE kid () INHERITS (patients); INSERT INTO kid (id, name) VALUES (950, 'kid');
             CREATE TRIGGER t {moved}"
            ));
            b.refused("EXECUTE p", "42501");
            b.refused("UPDATE patients SET age = 7", "42501");
            b.refused("UPDATE kid SET age = 7", "42501");
            b.run("UPDATE ONLY patients SET age = 7");
        });
    }
}

#[test]
fn d36_a_partitions_trigger_cannot_give_the_row_away() {
    for walls in Walls::ALL {
        let db = with_mover(walls);
        db.keeper().script(
            "CREATE TABLE parts (id int, n int, tenant_id uuid) PARTITION BY LIST (n);
         CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
         CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2);
         SELECT watertight.protect('parts');
         CREATE TRIGGER t BEFORE UPDATE ON parts_1 FOR EACH ROW EXECUTE FUNCTION move();
         CREATE TRIGGER t BEFORE INSERT ON parts_2 FOR EACH ROW EXECUTE FUNCTION move()",
        );
        attack(&db, |b| {
            b.run("INSERT INTO parts VALUES (1, 1)");
            b.refused("INSERT INTO parts VALUES (1, 2)", "42501");
            b.refused("INSERT INTO parts_2 VALUES (1, 2)", "42501");
            b.refused("UPDATE parts SET id = 2", "42501");
            b.refused("UPDATE parts_1 SET id = 2", "42501");
            b.run("DROP TRIGGER t ON parts_1");
            b.run("UPDATE parts_1 SET id = 2");
            b.refused("UPDATE parts SET n = 2", "42501");
        });
        assert_eq!(db.truth(&format!("SELECT count(*) FROM parts WHERE tenant_id = '{}'", db.a)), ["0"]);
    }
}

#[test]
fn d36_another_column_is_checked_although_nobody_assigns_it() {
    for walls in Walls::ALL {
        let db = with_mover(walls);
        // In capitals: the tenant's own column, whatever is between A and B.
        let tenant = if walls == Walls::Tenants { "" } else { "TENANT_ID, " };
        // It is written under a policy that it was not read under, or follows from what is assigned.
        for policy in [
            "USING (true) WITH CHECK (watertight.writable(@other))",
            "USING (true) WITH CHECK (watertight.visible(@other))",
            "USING (watertight.visible(@follows)) WITH CHECK (watertight.writable(@follows))",
        ] {
            let policy = policy.replace('@', tenant);
            attack(&db, |b| {
                b.script(&format!(
                    "BEGIN;
                 ALTER TABLE patients ADD other uuid DEFAULT gen_random_uuid(),
                    ADD follows uuid GENERATED ALWAYS AS (CASE WHEN age <> 7 THEN tenant_id END) STORED;
                 CREATE POLICY narrow ON patients AS RESTRICTIVE {policy};
                 SAVEPOINT s"
                ));
                b.refused("UPDATE patients SET age = 7", "42501");
                b.run("ROLLBACK");
            });
        }
    }
}

#[test]
fn d36_a_view_with_check_option_still_checks() {
    for walls in Walls::ALL {
        let db = with_mover(walls);
        attack(&db, |b| {
            b.script(
                "CREATE VIEW young AS SELECT * FROM patients WHERE age < 200 WITH CHECK OPTION;
             CREATE VIEW fenced WITH (security_barrier) AS SELECT id, age FROM patients",
            );
            b.refused("UPDATE young SET age = 300 WHERE id = 101", "44000");
            b.run("UPDATE young SET age = 30 WHERE id = 101");
            assert_eq!(b.run("UPDATE fenced SET age = 31 RETURNING id").len(), 10);
            b.refused(&format!("UPDATE young SET tenant_id = '{}'", db.a), "42501");
        });
    }
}

#[test]
fn d36_a_row_that_another_session_has_just_given_away_is_not_written() {
    for walls in Walls::ALL {
        let db = with_mover(walls);
        db.admin().run("ALTER TABLE patients DISABLE TRIGGER ALL");
        let mut other = db.admin();
        other.script(&format!("BEGIN; UPDATE patients SET tenant_id = '{}' WHERE id = 101", db.a));
        let mut b = db.app().with_token(&db.token(watertight_tests::database::B));
        let waits = std::thread::spawn(move || {
            b.run("UPDATE patients SET age = 77 WHERE id = 101 RETURNING id").len()
        });
        let blocked =
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%age = 77%'
        AND query NOT LIKE '%pg_stat%' AND datname = current_database()";
        while db.admin().number(blocked) == 0 {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        other.run("COMMIT");
        assert_eq!(waits.join().unwrap(), 0);
        assert_eq!(db.truth("SELECT count(*) FROM patients WHERE age = 77"), ["0"]);
    }
}
