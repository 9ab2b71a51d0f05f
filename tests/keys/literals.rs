//! Values that come to be in other ways than by being written in a context: planted, probed for, kept in plans for too long.

use watertight_tests::database::{A, B};
use watertight_tests::{Mode, literal};

use crate::attacks::{furnish, sealed};
use crate::house::House;
use crate::param::Raw;

/// Analysing a literal of these domains runs a function, which analyses and plans a query of its own.
const DOMAINS: &str = "
    CREATE FUNCTION short_enough(t text) RETURNS boolean LANGUAGE plpgsql AS
        'BEGIN RETURN (SELECT length(t) < 100); END';
    CREATE DOMAIN short AS watertight.encrypted_text CHECK (short_enough(VALUE));
    CREATE DOMAIN plainshort AS text CHECK (short_enough(VALUE))";

#[test]
fn h90_the_sealed_form_is_for_roles_that_may_write_everybodys_rows() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    let mut admin = db.admin();
    let forms: Vec<(&str, String)> = ["body", "code", "scan", "facts"]
        .map(|column| (column, sealed(&mut admin, column, 1)))
        .into_iter()
        .collect();
    let mut app = db.app();
    app.script("CREATE TEMP TABLE keep AS SELECT body, code, scan, facts FROM vault WITH NO DATA");
    for (column, form) in &forms {
        let form = literal(form);
        let kind = app.one(&format!("SELECT atttypid::regtype FROM pg_attribute WHERE attrelid = 'keep'::regclass AND attname = '{column}'"));
        for way in [
            format!("INSERT INTO keep ({column}) VALUES ({form})"),
            format!("SELECT {form}::{kind}"),
            format!("SELECT ARRAY[{form}]::{kind}[]"),
            format!(
                "SELECT (jsonb_populate_record(NULL::keep, jsonb_build_object('{column}', {form}))).{column}"
            ),
            format!("DO $$ DECLARE v {kind}; BEGIN v := {form}; END $$"),
            format!(
                "DO $$ BEGIN EXECUTE 'INSERT INTO keep ({column}) VALUES ($1)' USING {form}::text; END $$"
            ),
        ] {
            app.refused(&way, if way.contains("USING") { "42501|28000|42804" } else { "42501" });
        }
    }
    let body = &forms[0].1;
    app.refused(&format!("SELECT {}::text::watertight.encrypted_text", literal(body)), "42501").hints();
    app.copy_in("COPY keep (body) FROM STDIN", &format!("{body}\n")).expect_err("COPY").is("42501");
    app.query("INSERT INTO keep (body) VALUES ($1)", &[&Raw(body.as_bytes())]).expect_err("Bind").is("42501");
    // Whose rights a function has decides, as for row security.
    let definer = |owner: &str| {
        format!(
            "CREATE FUNCTION restore_as_{owner}(form text) RETURNS watertight.encrypted_text LANGUAGE sql SECURITY DEFINER
             SET search_path = pg_catalog, pg_temp AS 'SELECT form::watertight.encrypted_text'"
        )
    };
    db.keeper().run(&definer("keeper"));
    admin.run(&definer("admin"));
    let call = |owner: &str| format!("SELECT restore_as_{owner}({})", literal(body));
    admin.refused(&call("keeper"), "42501");
    assert_eq!(app.one(&call("admin")), *body);
    let restorer = db.own_role("BYPASSRLS");
    let mut restorer = db.client(&restorer);
    assert_eq!(restorer.one(&format!("SELECT {}::watertight.encrypted_text", literal(body))), *body);
    // A function that has it in its body can be created: nothing comes of that.
    app.run(&format!("CREATE FUNCTION lab.with_form() RETURNS text LANGUAGE sql AS $$ SELECT {}::watertight.encrypted_text $$", literal(body)));
    app.refused("SELECT lab.with_form()", "42501");
}

#[test]
fn h90_a_probe_is_for_the_planner_only() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    db.admin().run("ANALYZE vault");
    let mut a = db.a(Mode::Simple);
    a.script(
        "CREATE FUNCTION lab.probe(t text) RETURNS watertight.searchable_text STABLE LANGUAGE sql AS
             'SELECT watertight.searchable_probe(t)';
         CREATE FUNCTION lab.probe_kept(t text) RETURNS watertight.searchable_text STABLE LANGUAGE sql
             BEGIN ATOMIC SELECT watertight.searchable_probe(t); END;
         CREATE FUNCTION lab.probe_variable(t text) RETURNS watertight.searchable_text STABLE LANGUAGE plpgsql AS
             'DECLARE v watertight.searchable_text; BEGIN v := lab.probe_kept(t); RETURN v; END';
         CREATE VIEW lab.probes AS SELECT watertight.searchable_probe('999') AS code;
         CREATE AGGREGATE lab.probes (text) (SFUNC = textcat, STYPE = text, FINALFUNC = watertight.searchable_probe)",
    );
    for mode in [Mode::Simple, Mode::Extended, Mode::Parallel] {
        let mut a = db.a(mode);
        for value in [
            "watertight.searchable_probe('999')",
            "watertight.searchable_probe('999' COLLATE \"C\")",
            "lab.probe('999')",
            "lab.probe_kept('999')",
            "lab.probe_variable('999')",
            "(SELECT code FROM lab.probes)",
            "(SELECT lab.probes(x) FROM (VALUES ('999')) AS v (x))",
        ] {
            a.refused(&format!("INSERT INTO vault (id, code) VALUES (9, {value})"), "42501")
                .says("not for you");
            a.refused(&format!("UPDATE vault SET code = {value} WHERE id = 1"), "42501");
            // An estimate is no way to it, either.
            a.refused(&format!("SELECT FROM vault WHERE code = {value}"), "42501");
        }
        a.refused("SELECT FROM vault WHERE code = ANY (ARRAY[watertight.searchable_probe('999')])", "42501");
        for (search, rows) in [
            ("code = 'CANARY-A code 1'::text", 1),
            ("'CANARY-A code 1'::text = code", 1),
            ("code <> 'CANARY-A code 1'::text", 1),
            ("code = ANY ('{CANARY-A code 1,nobody}'::text[])", 1),
            ("code IN (SELECT 'CANARY-A code ' || n FROM generate_series(1, 2) AS n)", 2),
        ] {
            assert_eq!(a.number(&format!("SELECT count(*) FROM vault WHERE {search}")), rows, "{search}");
        }
        a.run("PREPARE find(text) AS SELECT id FROM vault WHERE code = $1");
        for plan in ["force_generic_plan", "force_custom_plan"] {
            a.run(&format!("SET plan_cache_mode = {plan}"));
            assert_eq!(a.one("EXECUTE find('CANARY-A code 2')"), "2");
        }
    }
    a.script("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan");
    a.run("PREPARE find(text) AS SELECT id FROM vault WHERE code = $1");
    for explain in ["EXECUTE find('x')", "SELECT id FROM vault WHERE code = 'x'::text"] {
        let plan = a.column(&format!("EXPLAIN {explain}")).join("\n");
        assert!(
            plan.contains("code = watertight.searchable_probe(") && plan.contains("Index Cond"),
            "{plan}"
        );
    }
}

/// Looking at a function's body needs no context. What runs meanwhile does.
#[test]
fn what_runs_while_a_function_is_created_has_no_literals_of_nobody() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    let mut admin = db.admin();
    admin.script(
        "CREATE TABLE noted (note watertight.encrypted_text, many watertight.encrypted_text[]);
         CREATE FUNCTION note() RETURNS event_trigger SECURITY DEFINER LANGUAGE plpgsql AS
             $$ BEGIN INSERT INTO public.noted (note) VALUES ('created'); END $$;
         CREATE FUNCTION note_variable() RETURNS event_trigger SECURITY DEFINER LANGUAGE plpgsql AS
             $$ DECLARE v watertight.encrypted_text; BEGIN v := 'created'; INSERT INTO public.noted (note) VALUES (v); END $$;
         CREATE FUNCTION note_many() RETURNS event_trigger SECURITY DEFINER LANGUAGE plpgsql AS
             $$ BEGIN INSERT INTO public.noted (many) VALUES ('{created,too}'); END $$",
    );
    let create = "CREATE OR REPLACE FUNCTION lab.one() RETURNS bigint LANGUAGE sql AS
        $$ SELECT count(*) FROM public.vault WHERE code IN ('x', 'y') OR ''::watertight.encrypted_text = '' $$";
    for event in ["ddl_command_start", "ddl_command_end"] {
        for function in ["note", "note_variable", "note_many"] {
            admin.run(&format!("CREATE EVENT TRIGGER note ON {event} WHEN TAG IN ('CREATE FUNCTION') EXECUTE FUNCTION {function}()"));
            db.app().refused(create, "28000");
            db.a(Mode::Simple).run(create);
            admin.run("DROP EVENT TRIGGER note");
        }
    }
    db.app().run(create);
    let mut a = db.a(Mode::Simple);
    admin.run("GRANT SELECT ON noted TO app");
    assert_eq!(
        a.number("SELECT count(*) FROM noted WHERE coalesce(note::text, many[1]::text) = 'created'"),
        6
    );
    // A check that a literal calls for writes a line, while the body is looked at, or keeps what it is given.
    admin.script(
        "TRUNCATE noted;
         CREATE FUNCTION noting(t text) RETURNS boolean SECURITY DEFINER LANGUAGE plpgsql AS
             $$ BEGIN INSERT INTO public.noted (note) VALUES ('checked'); RETURN true; END $$;
         CREATE DOMAIN noting AS text CHECK (noting(VALUE));
         CREATE FUNCTION keeping(t watertight.encrypted_text) RETURNS boolean SECURITY DEFINER LANGUAGE plpgsql AS
             $$ BEGIN INSERT INTO public.noted (note) VALUES (t); RETURN true; END $$;
         CREATE DOMAIN keeping AS watertight.encrypted_text CHECK (keeping(VALUE))",
    );
    for literal in ["'{x}'::public.noting[]", "'{x}'::public.keeping[]"] {
        let create = format!(
            "CREATE OR REPLACE FUNCTION lab.two() RETURNS text LANGUAGE sql AS $$ SELECT ({literal})[1]::text $$"
        );
        db.app().refused(&create, "28000");
        a.run(&create);
    }
    let create = "CREATE OR REPLACE FUNCTION lab.two() RETURNS text LANGUAGE sql AS $$ SELECT 'x'::public.keeping::text $$";
    db.app().run(create);
    let values = "SELECT note FROM noted ORDER BY note::text";
    assert!(admin.column(values).iter().all(|form| form.starts_with("watertight:v1:")));
    assert_eq!(a.column(values), ["checked", "x"]);
}

#[test]
fn d51_a_literal_is_noted_although_others_were_analysed_on_the_way() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    db.keeper().script(DOMAINS);
    let mut session = db.app();
    let (a, b) = (db.token(A), db.token(B));
    session.set_token(&b);
    session.run("INSERT INTO vault (id, code) VALUES (11, 'CANARY-A code 1')");
    for (n, (statement, of_a, of_b)) in [
        ("INSERT INTO vault (id, body) VALUES (%, ('{lit}'::short[])[1]) RETURNING body", "lit", "lit"),
        ("INSERT INTO vault (id, body) VALUES (%, 'lit'::short) RETURNING body", "lit", "lit"),
        (
            "SELECT id FROM vault WHERE code = 'CANARY-A code 1' AND ('{zz}'::plainshort[])[1] = 'zz' -- %",
            "1",
            "11",
        ),
        (
            "SELECT id FROM vault WHERE ('{zz}'::plainshort[])[1] = 'zz' AND code = 'CANARY-A code 1' -- %",
            "1",
            "11",
        ),
        ("SELECT id FROM vault WHERE code = 'CANARY-A code 1' AND short_enough('x') -- %", "1", "11"),
    ]
    .into_iter()
    .enumerate()
    {
        let statement = statement.replace('%', &(40 + n).to_string());
        let rollback = |session: &mut watertight_tests::Session, token: &str, expected: &str| {
            session.set_token(token);
            session.run("BEGIN");
            assert_eq!(session.one("EXECUTE q"), expected, "{statement}");
            session.run("ROLLBACK");
        };
        // Prepared by A, for B; and in the same transaction, after something else was sealed.
        session.set_token(&a);
        session.run(&format!("PREPARE q AS {statement}"));
        rollback(&mut session, &a, of_a);
        rollback(&mut session, &b, of_b);
        session.run("DEALLOCATE q");
        session.set_token(&a);
        session.run("BEGIN");
        session.run("SELECT count(*) FROM vault WHERE code = 'other'");
        session.run(&format!("PREPARE q AS {statement}"));
        session.run("COMMIT");
        rollback(&mut session, &b, of_b);
        rollback(&mut session, &a, of_a);
        session.run("DEALLOCATE q");
    }
}

/// What a utility statement has inside is looked at, and one that has nothing inside is none.
#[test]
fn d51_literals_in_utility_statements_follow_the_tenant() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    db.keeper().script(
        "CREATE FUNCTION by_call() RETURNS bigint LANGUAGE plpgsql AS
             $$ DECLARE told bigint; BEGIN CALL public.count_code('CANARY-A code 1', told); RETURN told; END $$;
         CREATE PROCEDURE count_code(wanted watertight.searchable_text, INOUT told bigint) LANGUAGE plpgsql AS
             $$ BEGIN SELECT id INTO told FROM public.vault WHERE code = wanted; END $$;
         CREATE FUNCTION by_explain() RETURNS text LANGUAGE plpgsql AS
             $$ DECLARE line text; told text; BEGIN
                 FOR line IN EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)
                     SELECT FROM public.vault WHERE code = 'CANARY-A code 1' LOOP
                     told := coalesce(told, line);
                 END LOOP;
                 RETURN substring(told FROM 'rows=([0-9.]+)')::numeric::int; END $$",
    );
    let mut session = db.app();
    let (a, b) = (db.token(A), db.token(B));
    for (token, id, rows) in [(&a, "1", "1"), (&b, "", "0"), (&a, "1", "1")] {
        session.set_token(token);
        assert_eq!(session.one("SELECT by_call()"), id);
        assert_eq!(session.one("SELECT by_explain()"), rows);
    }
}

#[test]
fn h91_a_prepared_literal_does_not_outlive_its_key() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    let mut admin = db.admin();
    // A key that never came to be.
    let mut owner = db.admin().with_token(&db.token(A));
    for (id, begin, end) in [(20, "BEGIN", "ROLLBACK"), (21, "BEGIN; SAVEPOINT s", "ROLLBACK TO s; COMMIT")] {
        owner.script(begin);
        owner.run(&format!("SELECT watertight.rotate_data_key('{A}')"));
        owner.run(&format!("PREPARE add AS INSERT INTO vault (id, body) VALUES ({id}, 'lit')"));
        owner.script(end);
        owner.run("EXECUTE add");
        assert_eq!(owner.one(&format!("SELECT body FROM vault WHERE id = {id}")), "lit");
        owner.run("DEALLOCATE add");
    }
    // Another tenant of the same name, while a connection keeps its token.
    let connect = || db.client_with("app", &format!("-c watertight.token={}", db.token(A)));
    let (mut a, mut by_protocol) = (connect(), connect());
    let insert = |id: i32| format!("INSERT INTO vault (id, body) VALUES ({id}, 'lit') RETURNING body");
    a.run(&format!("PREPARE add AS {}", insert(30)));
    let prepared = by_protocol.prepare(&insert(31));
    a.run("CREATE FUNCTION lab.add() RETURNS text LANGUAGE plpgsql AS $$
        DECLARE told text; BEGIN INSERT INTO vault (id, body) VALUES (32, 'lit') RETURNING body INTO told; RETURN told; END $$");
    a.run("BEGIN");
    assert_eq!(a.one("SELECT lab.add()"), "lit");
    a.run("ROLLBACK");
    admin.run(&format!("SELECT watertight.drop_tenant('{A}', '{A}')"));
    admin.run(&format!("SELECT watertight.create_tenant('{A}')"));
    assert_eq!(a.one("EXECUTE add"), "lit");
    assert_eq!(a.one("SELECT lab.add()"), "lit");
    assert_eq!(by_protocol.execute(&prepared, &[]).expect("another key"), [[Some("lit".to_owned())]]);
    assert_eq!(a.column("SELECT body FROM vault ORDER BY id"), ["lit", "lit", "lit"]);
    // One that was shredded.
    a.run("DELETE FROM vault");
    admin.run(&format!("SELECT watertight.shred_tenant('{A}', '{A}')"));
    a.refused("EXECUTE add", "55000").says("destroyed");
    a.refused("SELECT lab.add()", "55000");
    by_protocol.execute(&prepared, &[]).expect_err("no key").is("55000");
    assert_eq!(a.number("SELECT count(*) FROM vault"), 0);
}

/// A dump that has such a value could not be restored, so it is the dump that fails.
#[test]
fn what_is_no_sealed_value_is_not_put_out() {
    let (house, _) = House::with_file();
    let db = furnish(&house);
    let mut admin = db.admin();
    admin.run("CREATE CAST (bytea AS watertight.encrypted_text) WITHOUT FUNCTION");
    for bytes in ["", "00", "0102", "050000000000000001", &"00".repeat(60)] {
        admin.run(&format!(
            "UPDATE vault SET body = '\\x{bytes}'::bytea::watertight.encrypted_text WHERE id = 1"
        ));
        for read in ["SELECT body FROM vault", "SELECT body::text FROM vault", "COPY vault TO '/dev/null'"] {
            admin.refused(read, "XX001").says("not a sealed value");
        }
        db.a(Mode::Extended).refused("SELECT body FROM vault", "22P02");
    }
    admin.run("DELETE FROM vault WHERE id = 1");
    assert_eq!(admin.column("SELECT body FROM vault").len(), 2);
}
