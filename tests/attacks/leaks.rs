//! E: learning about another tenant's rows without reading them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use watertight_tests::database::{A, B};
use watertight_tests::{
    CANARY, Cluster, Database, Mode, Session, for_each_path, for_each_protocol, for_each_wall,
};

/// Functions and operators that tell whatever they are given, and cost nothing.
const SPIES: &str = "
    CREATE FUNCTION lab.tell(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 IMMUTABLE PARALLEL SAFE AS
        $$ BEGIN RAISE NOTICE 'told: %', $1; RETURN true; END $$;
    CREATE FUNCTION lab.fail(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 STABLE AS
        $$ BEGIN IF $1 LIKE 'CANARY%' THEN RAISE EXCEPTION 'told: %', $1; END IF; RETURN true; END $$;
    CREATE FUNCTION lab.same(text, text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 IMMUTABLE AS
        $$ BEGIN RAISE NOTICE 'compared: % %', $1, $2; RETURN $1 = $2; END $$;
    CREATE OPERATOR lab.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = lab.same,
        RESTRICT = eqsel, JOIN = eqjoinsel, COMMUTATOR = OPERATOR(lab.===));
    CREATE OPERATOR lab.<<< (LEFTARG = text, RIGHTARG = text, FUNCTION = lab.same, RESTRICT = scalarltsel)";

#[test]
fn e57_leaky_functions_are_not_called_with_other_tenants_rows() {
    for_each_wall(|db| {
        db.app().script(SPIES);
        db.app().script(
            "CREATE AGGREGATE lab.collect(text) (SFUNC = textcat, STYPE = text, INITCOND = '');
         CREATE FUNCTION lab.out(text) RETURNS int LANGUAGE plpgsql COST 0.0000001 AS
             $$ BEGIN RAISE NOTICE 'told: %', $1; RETURN 1; END $$",
        );
        let attacks = [
            "SELECT 1 FROM @ WHERE lab.tell(name)",
            "SELECT 1 FROM @ WHERE lab.fail(name)",
            "SELECT 1 FROM @ WHERE name OPERATOR(lab.===) 'x'",
            "SELECT 1 FROM @ WHERE CASE WHEN id < 100 THEN lab.tell(name) ELSE true END",
            "SELECT 1 FROM @ WHERE id < 100 AND lab.tell(name)",
            "SELECT 1 FROM @ p JOIN (VALUES (1)) v(n) ON lab.tell(p.name)",
            "SELECT 1 FROM (SELECT * FROM @ OFFSET 0) p WHERE lab.tell(name)",
            "SELECT 1 FROM @ p WHERE EXISTS (SELECT 1 WHERE lab.tell(p.name))",
            "SELECT count(*) FILTER (WHERE lab.tell(name)) FROM @",
            "SELECT lab.out(name) FROM @",
            "SELECT lab.collect(name) FROM @",
            "SELECT 1 FROM @ ORDER BY lab.out(name) LIMIT 1",
            "SELECT 1 FROM @ GROUP BY lab.out(name)",
            "SELECT 1 FROM @ WHERE id < 100 AND name::int = 1",
            "SELECT 1 FROM @ WHERE id < 100 AND ward::date < now()",
            "SELECT 1 FROM @ WHERE id < 100 AND name::uuid IS NULL",
            "SELECT format('%s', name)::int FROM @ WHERE id < 100",
            "SELECT 1 FROM @ WHERE id < 100 AND xmlparse(DOCUMENT name) IS NULL",
            "SELECT 1 FROM @ TABLESAMPLE SYSTEM (100) WHERE lab.tell(name)",
            "UPDATE @ SET age = age WHERE lab.tell(name)",
            "DELETE FROM @ WHERE lab.tell(name) AND id < 0",
            "UPDATE @ SET age = age WHERE id < 100 RETURNING lab.tell(name)",
        ];
        for_each_path(|mode| {
            let mut b = db.attacker(mode);
            for attack in attacks {
                b.leaks(&attack.replace('@', "open_patients"));
                let _ = b.attempt(&attack.replace('@', "patients"));
                let _ = db.app().mode(mode).watched().attempt(&attack.replace('@', "patients"));
            }
        });
    });
}

#[test]
fn e57_errors_do_not_depend_on_other_tenants_values() {
    for_each_wall(|db| {
        for_each_path(|mode| {
            let mut b = db.attacker(mode);
            // Row 5 of A has age 5: on the unprotected table that is a division by zero, on ours there is no such row.
            for attack in [
                "SELECT 1 FROM @ WHERE 1 / (age - 5) = 0",
                "SELECT sum(1 / (age - 5)) FROM @",
                "SELECT 1 FROM @ WHERE id = 5 AND 1 / (age - 5) = 0",
                "SELECT CASE WHEN age = 5 THEN 1 / (age - 5) END FROM @",
                "SELECT 1 FROM @ WHERE age = 5 AND sqrt(4 - age) > 0 OR 1 / (age - 5) > 1",
            ] {
                let control = b.attempt(&attack.replace('@', "open_patients"));
                control.expect_err("the control").is("22012|2201F");
                b.run(&attack.replace('@', "patients"));
            }
            // LIKE fails on a pattern that ends in an escape, but only where the text before it matches.
            let like = "SELECT 1 FROM @ WHERE name LIKE 'CANARY-A\\'";
            b.attempt(&like.replace('@', "open_patients")).expect_err("the control");
            b.run(&like.replace('@', "patients"));
        });
    });
}

#[test]
fn e58_leaky_operators_are_not_called_with_statistics() {
    for_each_wall(|db| {
        db.app().script(SPIES);
        db.keeper().script(
        "CREATE VIEW above AS SELECT * FROM patients; CREATE VIEW open_above AS SELECT * FROM open_patients;
         CREATE TABLE parts (id bigint, name text, ward text, tenant_id uuid) PARTITION BY HASH (id);
         CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (modulus 1, remainder 0);
         SELECT watertight.protect('parts');
         CREATE STATISTICS stat ON name, ward FROM patients;
         CREATE STATISTICS expr ON (lower(name)), (ward || name) FROM patients;
         GRANT ALL ON above, open_above, parts, parts_0 TO app",
    );
        for tenant in [A, B] {
            let mut session = db.app().with_token(&db.token(tenant));
            session.run("INSERT INTO parts (id, name, ward) SELECT id, name, ward FROM patients");
        }
        db.admin().script("ALTER TABLE patients ALTER name SET STATISTICS 1000; ANALYZE");
        for_each_protocol(|mode| {
            let mut b = db.attacker(mode);
            for operator in ["===", "<<<"] {
                for table in ["patients", "above", "parts", "parts_0"] {
                    // `#` is the table's alias, `@` the operator.
                    for condition in [
                        "#name OPERATOR(lab.@) 'x'",
                        "lower(#name) OPERATOR(lab.@) 'x'",
                        "#ward OPERATOR(lab.@) 'x'",
                        "'x' OPERATOR(lab.@) #name",
                    ] {
                        let condition = condition.replace('@', operator);
                        let (plain, joined) = (condition.replace('#', ""), condition.replace('#', "p."));
                        b.run(&format!("EXPLAIN SELECT * FROM {table} WHERE {plain}"));
                        b.run(&format!("EXPLAIN SELECT * FROM {table} p JOIN {table} q ON {joined}"));
                        let _ = b.attempt(&format!("SELECT * FROM {table} WHERE {plain}"));
                    }
                    b.run(&format!(
                        "EXPLAIN UPDATE {table} SET name = name WHERE name OPERATOR(lab.{operator}) 'x'"
                    ));
                }
                // `=` looks at the most common values, `<` at the histogram.
                let column = if operator == "===" { "ward" } else { "name" };
                b.leaks(&format!(
                    "EXPLAIN SELECT * FROM open_patients WHERE {column} OPERATOR(lab.{operator}) 'x'"
                ));
            }
        });
    });
}

#[test]
fn e59_statistics_views_show_nothing() {
    for_each_wall(|db| {
        db.keeper().script("CREATE STATISTICS stat ON name, ward FROM patients");
        db.admin().script("ALTER TABLE patients ALTER name SET STATISTICS 1000; ANALYZE");
        for_each_protocol(|mode| {
            for role in ["app", "keeper"] {
                let mut b = db.attacker_as(role, mode);
                b.leaks("SELECT * FROM pg_stats WHERE tablename = 'open_patients'");
                assert_eq!(
                    b.run("SELECT * FROM pg_stats WHERE tablename = 'patients'").len(),
                    0,
                    "as {role}"
                );
                b.run("SELECT * FROM pg_stats_ext");
                b.run("SELECT * FROM pg_stats_ext_exprs");
                b.refused("SELECT * FROM pg_statistic", "42501");
                b.refused("SELECT * FROM pg_statistic_ext_data", "42501");
                b.run("SELECT * FROM pg_stat_user_tables");
                b.run("SELECT * FROM pg_statio_user_tables");
            }
        });
    });
}

#[test]
fn e60_plans_show_no_values() {
    for_each_wall(|db| {
        for_each_path(|mode| {
            let mut b = db.attacker(mode);
            for options in
                ["", "VERBOSE", "ANALYZE, VERBOSE, BUFFERS", "ANALYZE, FORMAT json", "SETTINGS, VERBOSE"]
            {
                let options = if options.is_empty() { String::new() } else { format!("({options})") };
                let plan = format!(
                    "{:?}",
                    b.run(&format!("EXPLAIN {options} SELECT * FROM patients WHERE name > 'C'"))
                );
                assert!(!plan.contains(&db.a) && !plan.contains(&db.b), "{plan}");
            }
        });
    });
}

#[test]
fn e61_constraint_errors_do_not_print_other_tenants_values() {
    for_each_wall(|db| {
        let constraints = |table: &str| {
            format!(
                "CREATE EXTENSION IF NOT EXISTS btree_gist;
             CREATE TABLE {table} (id bigint, name text, during int4range, code text, tenant_id uuid,
                 EXCLUDE USING gist (during WITH &&));
             CREATE UNIQUE INDEX ON {table} (lower(left(code, 3)));
             GRANT ALL ON {table} TO app"
            )
        };
        // Attackers know (or guess) part of what is there; the rest must not be printed. `10` is known, `77777` is not.
        let mut admin = db.admin();
        admin.script(&constraints("rooms").replace("CREATE TABLE", "SET ROLE keeper; CREATE TABLE").replace(
            "CREATE EXTENSION IF NOT EXISTS btree_gist;",
            "CREATE EXTENSION IF NOT EXISTS btree_gist; GRANT CREATE ON SCHEMA public TO keeper;",
        ));
        admin.script(&constraints("open_rooms"));
        admin.script("SET ROLE keeper; SELECT watertight.protect('rooms')");
        for table in ["rooms", "open_rooms"] {
            let row = format!(
                "INSERT INTO {table} (id, name, during, code) VALUES (1, '{CANARY}', '[10,77777]', 'abcSECRET')"
            );
            db.a(Mode::Simple).run(&row);
        }
        for_each_protocol(|mode| {
            let mut b = db.attacker(mode);
            let sql = "INSERT INTO @ (id, during) VALUES (2, '[9,11]')";
            let control = b.attempt(&sql.replace('@', "open_rooms")).unwrap_err().is("23P01");
            assert!(control.everything.contains("77778"), "the control: {}", control.everything);
            b.refused(&sql.replace('@', "rooms"), "23P01").never_says("77778");
            b.refused("INSERT INTO rooms (id, code) VALUES (3, 'ABC')", "23505").never_says("SECRET");
            b.refused("INSERT INTO patients (id, name, age) VALUES (901, 'x', -1)", "23514")
                .never_says("Failing row");
            b.refused("INSERT INTO patients (id, name, email) VALUES (902, 'x', 'a1@a.example')", "23505");
            b.refused("INSERT INTO patients (id, name) VALUES (1, 'x')", "23505");
            b.refused("UPDATE patients SET id = 1 WHERE id = 101", "23505");
            b.refused("UPDATE patients SET email = 'a1@a.example' WHERE id = 101", "23505");
            b.refused("INSERT INTO patients (id) VALUES (903)", "23502");
        });
    });
}

#[test]
fn e62_scoped_keys_close_the_existence_oracle() {
    for_each_wall(|db| {
        scoped(db);
        for_each_protocol(|mode| {
            let mut b = db.attacker(mode);
            // A's e-mail address and one nobody has: no difference.
            for (n, email) in [(1, "a1@a.example"), (2, "nobody@nowhere.example")] {
                b.run(&format!("INSERT INTO people (id, email) VALUES ({n}, '{email}')"));
            }
            // A child of A's parent and a child of nobody's: no difference.
            let of = |b: &mut Session, parent| {
                b.refused(&format!("INSERT INTO notes (id, person) VALUES (1, {parent})"), "23503").everything
            };
            let (theirs, nobodys) = (of(&mut b, 555), of(&mut b, 666));
            assert_eq!(theirs.replace("555", "N"), nobodys.replace("666", "N"));
            b.run("INSERT INTO notes (id, person) VALUES (1, 1)");
            b.run("DELETE FROM notes");
            b.run("DELETE FROM people");
        });
    });
}

/// Tables whose keys include the tenant; person 1 and 555 are A's.
fn scoped(db: &Database) {
    db.keeper().script(
        "CREATE TABLE people (id bigint PRIMARY KEY, email text UNIQUE);
         CREATE TABLE notes (id bigint PRIMARY KEY, person bigint REFERENCES people ON DELETE CASCADE ON UPDATE CASCADE);
         SELECT watertight.protect('notes', scope_keys => true);
         SELECT watertight.protect('people', scope_keys => true);
         GRANT ALL ON people, notes TO app",
    );
    let mut a = db.a(Mode::Simple);
    a.run("INSERT INTO people VALUES (1, 'a1@a.example'), (555, 'CANARY-A-mail')");
    a.run("INSERT INTO notes VALUES (1, 1)");
}

#[test]
fn e63_cascades_do_not_cross_tenants() {
    for_each_wall(|db| {
        scoped(db);
        for_each_protocol(|mode| {
            let mut b = db.attacker(mode);
            b.run("INSERT INTO people (id, email) VALUES (1, 'same id')");
            b.run("INSERT INTO notes (id, person) VALUES (7, 1)");
            b.run("UPDATE people SET id = 2 WHERE id = 1");
            b.run("DELETE FROM people");
            assert_eq!(b.number("SELECT count(*) FROM notes"), 0, "the control: it cascades to B's own");
        });
        assert_eq!(db.truth("SELECT id || '/' || person FROM notes"), ["1/1"]);
        assert_eq!(db.truth("SELECT count(*) FROM people"), ["2"]);
    });
}

#[test]
fn e78_interrupted_and_failing_statements_give_no_rows() {
    for_each_wall(|db| {
        for_each_protocol(|mode| {
            let mut b = db.attacker(mode);
            b.run("SET statement_timeout = '50ms'");
            b.refused("SELECT name, pg_sleep(1) FROM patients", "57014");
            b.run("RESET statement_timeout");
            assert_eq!(b.number("SELECT count(*) FROM patients"), 10);
        });
    });
}

#[test]
fn e78_after_a_crash_nobody_has_a_context_and_everything_is_protected() {
    let cluster = Cluster::start(&[]);
    let db = Database::new(&cluster);
    for interrupt in [Cluster::crash, Cluster::kill, Cluster::restart] {
        let mut a = db.a(Mode::Simple);
        a.leaks("SELECT * FROM patients");
        interrupt(&cluster);
        a.attempt("SELECT * FROM patients").expect_err("a session survives the server");
        db.app().watched().refused("SELECT * FROM patients", "28000");
        assert_eq!(db.attacker(Mode::Extended).run("SELECT * FROM patients").len(), 10);
        db.a(Mode::Extended).leaks("SELECT * FROM patients");
    }
}
