//! G86: another compartment's schema, by name, by what was planned or opened before, and by the catalogs. Two compartments of one tenant,
//! one role, one connection where it matters. (What one connection in SQL can show is in `pg_test/sql/compartment_fence.sql`.)
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use watertight_tests::database::{A, ISSUER};
use watertight_tests::wire::Wire;
use watertight_tests::{CANARY, Database, Session, for_each_protocol};

const ONE: &str = "wt_00000000000000000000000001";
const TWO: &str = "wt_00000000000000000000000002";

/// Two compartments of A's with schemas of their own, which the clients' role owns; a note in each.
fn rooms() -> Database<'static> {
    let db = Database::shared();
    let (mut admin, name, a) = (db.admin(), &db.name, &db.a);
    admin.script(&format!("ALTER DATABASE {name} SET watertight.compartments = on"));
    for (n, room, schema) in [(1, "one", ONE), (2, "two", TWO)] {
        admin.script(&format!(
            "SET watertight.bypass = on;
             INSERT INTO watertight.all_compartments (id, tenant_id, name, template, owner, owner_issuer)
                 VALUES ('00000000-0000-0000-0000-00000000000{n}', '{a}', '{room}', 'public', 'alice', '{ISSUER}');
             CREATE SCHEMA {schema} AUTHORIZATION app"
        ));
        let note = if n == 1 { format!("{CANARY}-note") } else { "note of two".to_owned() };
        db.app().with_token(&token(&db, room)).script(&format!(
            "CREATE TABLE notes (id int PRIMARY KEY, body text); INSERT INTO notes VALUES (1, '{note}');
             CREATE FUNCTION told() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN '{note}'; END $$;
             CREATE VIEW said AS SELECT '{note}'::text AS body; COMMENT ON TABLE notes IS '{note}'; ANALYZE notes"
        ));
    }
    db
}

fn token(db: &Database, room: &str) -> String {
    db.sign(db.claims(A).claim("compartment", room))
}

fn path(session: &mut Session) -> String {
    session.one("SHOW search_path")
}

#[test]
fn g86_a_statement_prepared_in_one_compartment_is_closed_in_another() {
    let db = rooms();
    let statements = [
        "SELECT body FROM {}notes",
        "SELECT {}told()",
        "SELECT body FROM {}said",
        "UPDATE {}notes SET id = id RETURNING body",
    ];
    for pinned in [false, true] {
        for statement in statements {
            let mut session = db.app();
            session.set_token(&token(&db, "one"));
            if pinned {
                session.run("SET search_path = public");
            }
            let prepared = session.prepare(&statement.replace("{}", &format!("{ONE}.")));
            let rows = session.execute(&prepared, &[]).unwrap();
            assert!(format!("{rows:?}").contains(CANARY), "the control: {statement}");
            let mut session = session.watched();
            session.run("RESET watertight.token");
            assert!(session.execute(&prepared, &[]).is_err(), "{statement}, in Global");
            session.set_token(&token(&db, "two"));
            if pinned {
                session.run("SET search_path = public");
            }
            assert!(session.execute(&prepared, &[]).is_err(), "{statement}, in the other");
        }
    }
}

#[test]
fn g86_a_statement_without_schema_means_each_compartments_own() {
    let db = rooms();
    let mut session = db.app();
    session.set_token(&token(&db, "one"));
    let prepared = session.prepare("SELECT body FROM notes");
    assert!(format!("{:?}", session.execute(&prepared, &[]).unwrap()).contains(CANARY));
    let mut session = session.watched();
    for _ in 0..8 {
        session.set_token(&token(&db, "two"));
        assert!(format!("{:?}", session.execute(&prepared, &[]).unwrap()).contains("note of two"));
        session.run("RESET watertight.token");
        assert!(session.execute(&prepared, &[]).is_err());
    }
}

#[test]
fn g86_a_portal_opened_in_one_compartment_gives_nothing_in_another() {
    let db = rooms();
    let mut wire = Wire::connect(db.cluster, &db.name, "app");
    let (one, two) = (token(&db, "one"), token(&db, "two"));
    let set = |token: &str| format!("SET LOCAL watertight.token = '{token}'");
    for control in [true, false] {
        wire.query("BEGIN");
        wire.query(&set(&one));
        wire.bind_portal("p", "SELECT body FROM notes");
        if !control {
            wire.query(&set(&two));
        }
        assert_eq!(wire.execute_portal("p").contains(CANARY), control);
        wire.query("ROLLBACK");
    }
}

#[test]
fn g86_the_start_up_packet_enters_and_keeps_the_roles_path() {
    let db = rooms();
    db.admin()
        .script(&format!("ALTER ROLE app IN DATABASE {} SET search_path = pg_catalog, public", db.name));
    let options = format!("-c watertight.token={}", token(&db, "one"));
    let mut session = db.client_with("app", &options);
    assert_eq!(path(&mut session), format!("{ONE}, pg_catalog, public"));
    session.run("SET search_path = public");
    session.run("DISCARD ALL");
    assert_eq!(path(&mut session), format!("{ONE}, pg_catalog, public"));
    assert!(session.one("SELECT body FROM notes").contains(CANARY));
    assert_eq!(path(&mut db.app()), "pg_catalog, public");
    // A token that leads nowhere connects, is refused at its first use, and enters nothing.
    let options = format!("-c watertight.token={}", token(&db, "nowhere"));
    assert_eq!(path(&mut db.client_with("app", &options)), "pg_catalog, public");
}

#[test]
fn g86_the_path_follows_the_token_in_every_way_of_setting_it() {
    let db = rooms();
    let one = token(&db, "one");
    for_each_protocol(|mode| {
        let ways = [
            format!("SET LOCAL watertight.token = '{one}'"),
            format!("SELECT set_config('watertight.token', '{one}', true) IS NULL"),
            format!("SELECT FROM watertight.begin('{one}')"),
            format!("DO $$ BEGIN PERFORM watertight.begin('{one}'); END $$"),
            format!("DO $$ DECLARE x text; BEGIN x := set_config('watertight.token', '{one}', true); END $$"),
            format!("DO $$ BEGIN EXECUTE 'SET LOCAL watertight.token = ''{one}'''; END $$"),
        ];
        for way in ways {
            let mut session = db.app().mode(mode);
            session.run("BEGIN");
            session.run("SAVEPOINT s");
            session.run(&way);
            assert!(path(&mut session).starts_with(ONE), "{way}");
            assert!(session.one("SELECT body FROM notes").contains(CANARY), "{way}");
            session.run("ROLLBACK TO s");
            assert!(!path(&mut session).contains(ONE), "{way}, rolled back");
            session.run(&way);
            session.run("COMMIT");
            assert!(!path(&mut session).contains(ONE), "{way}, committed");
        }
    });
}

#[test]
fn g86_a_right_that_ends_inside_a_transaction_closes_the_schema_at_the_next_statement() {
    let db = rooms();
    let attempts = [
        "SELECT * FROM notes",
        "COPY notes TO STDOUT",
        "SELECT told()",
        "CREATE TABLE planted (id int)",
        "DROP TABLE notes",
        "LOCK TABLE notes",
    ];
    for attempt in attempts {
        let mut session = db.app();
        session.run("BEGIN");
        session.run(&format!("SET LOCAL watertight.token = '{}'", token(&db, "one")));
        assert!(session.one("SELECT body FROM notes").contains(CANARY));
        db.admin().script("UPDATE watertight.all_compartments SET owner = 'bob' WHERE name = 'one'");
        let mut session = session.watched();
        let refused = if attempt.starts_with("COPY") {
            session.copy_out(attempt).is_err()
        } else {
            session.attempt(attempt).is_err()
        };
        assert!(refused, "{attempt}");
        db.admin().script("UPDATE watertight.all_compartments SET owner = 'alice' WHERE name = 'one'");
    }
    let planted = db.truth("SELECT 1 FROM pg_class WHERE relname = 'planted'");
    assert!(planted.is_empty(), "made after the end");
}

#[test]
fn e59_e68_catalogs_and_statistics_tell_nothing_of_another_compartment() {
    let db = rooms();
    let questions = [
        "SELECT most_common_vals::text, histogram_bounds::text FROM pg_stats WHERE tablename = 'notes'",
        "SELECT description FROM pg_description",
        "SELECT pg_get_viewdef(c.oid) FROM pg_class c WHERE relname = 'said'",
        "SELECT view_definition FROM information_schema.views",
        "SELECT prosrc FROM pg_proc",
        "SELECT routine_definition FROM information_schema.routines",
        "SELECT obj_description(c.oid, 'pg_class') FROM pg_class c",
        "SELECT definition FROM pg_views",
        "SELECT ev_action::text FROM pg_rewrite",
        "WITH v AS (SELECT * FROM pg_proc) SELECT prosrc FROM v",
        "SELECT (SELECT string_agg(prosrc, '') FROM pg_proc)",
        "SELECT x FROM pg_namespace n, LATERAL (SELECT prosrc AS x FROM pg_proc p WHERE p.pronamespace = n.oid) AS l",
        "SELECT 'CANARY' || '-A' WHERE database_to_xml(true, true, '')::text LIKE '%-note%'",
    ];
    for_each_protocol(|mode| {
        for question in questions {
            for room in ["two", "global"] {
                let mut session = db.app().mode(mode).with_token(&token(&db, room)).watched();
                let _ = session.attempt(question);
                let schemas = format!("SELECT count(*) FROM ({question}) AS q WHERE q::text LIKE '%{ONE}%'");
                assert!(session.attempt(&schemas).is_err() || session.number(&schemas) == 0, "{question}");
            }
        }
        let mut inside = db.app().mode(mode).with_token(&token(&db, "one"));
        inside.leaks("SELECT prosrc FROM pg_proc");
        inside.leaks("SELECT definition FROM pg_views");
    });
}

#[test]
fn g86_superusers_are_fenced_unless_they_say_otherwise() {
    let db = rooms();
    let mut admin = db.admin().watched();
    admin.refused(&format!("SELECT * FROM {ONE}.notes"), "3F000");
    admin.refused(&format!("COPY {ONE}.notes TO STDOUT"), "3F000");
    admin.refused(&format!("DROP SCHEMA {ONE} CASCADE"), "3F000");
    let mut admin = db.admin();
    admin.run("SET watertight.bypass = on");
    admin.leaks(&format!("SELECT * FROM {ONE}.notes"));
}
