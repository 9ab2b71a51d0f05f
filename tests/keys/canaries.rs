//! What was written through the types is nowhere in the clear: not in files, not in what the server says of itself.
//!
//! Not covered, because it is in the clear: what a statement has made of an opened value, such as a sort or hash of `name::text` that
//! does not fit into memory and goes to a temporary file.

use watertight_tests::database::{A, B};
use watertight_tests::tools::{Tools, must};
use watertight_tests::{Database, Mode, Session};

use crate::house::House;
use crate::param::Raw;
use crate::search::files_with;

pub const TABLE: &str = "CREATE TABLE people (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id uuid NOT NULL DEFAULT watertight.tenant_id(),
        name watertight.encrypted_text, ssn watertight.searchable_text, photo watertight.encrypted_bytea,
        facts watertight.encrypted_jsonb, n integer NOT NULL DEFAULT 0 CHECK (n < 10), UNIQUE (tenant_id, ssn));
    CREATE INDEX people_ssn ON people USING hash (ssn);
    GRANT ALL ON people TO app";
const INSERT: &str = "INSERT INTO people (name, ssn, photo, facts) VALUES ($1, $2, $3, $4)";
const UPSERT: &str =
    "INSERT INTO people (name, ssn, photo, facts) VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, ssn)
    DO UPDATE SET (name, ssn, photo, facts) = (EXCLUDED.name, EXCLUDED.ssn, EXCLUDED.photo, EXCLUDED.facts)";
/// In every value that is written.
const CANARY: &str = "KANARIENVOGEL-53c8d1";
/// What must be found, or the search proves nothing.
const CONTROL: &str = "KONTROLLE-90b2e7aa";

fn json(text: &str) -> String {
    format!("{{\"a\": [\"{text}\"]}}")
}

/// One row by a statement with parameters of our types, and once more with parameters that are said to be plain ones. Values that no
/// index has are the text so many times.
fn write(session: &mut Session, sql: &str, text: &str, times: usize) {
    let long = format!("{text} ").repeat(times);
    let facts = json(&long);
    let ours = [&long, text, &long, &facts].map(|text| Raw(text.as_bytes()));
    session.query(sql, &[&ours[0], &ours[1], &ours[2], &ours[3]]).expect("parameters of our types");
    let ssn = format!("{text}, plain");
    let plain = sql.replace("($1, $2, $3, $4)", "($1::text, $2::varchar, $3::bytea, $4::text::jsonb)");
    session.query(&plain, &[&long, &ssn, &long.as_bytes(), &facts]).expect("plain parameters");
}

fn write_every_way(db: &Database<'_>) {
    let mut app = db.a(Mode::Extended);
    write(&mut app, INSERT, &format!("{CANARY} inserted"), 1);
    write(&mut app, UPSERT, &format!("{CANARY} inserted"), 1);
    write(&mut app, INSERT, &format!("{CANARY} long"), 400);
    let found = [format!("{CANARY} inserted"), format!("{CANARY} inserted, plain")];
    for search in ["ssn = $1::text", "ssn = ANY (ARRAY[$1::text])", "ssn::text LIKE $1::text"] {
        for text in &found {
            let rows = app.query(&format!("SELECT name FROM people WHERE {search}"), &[text]);
            assert_eq!(rows.expect("a search").len(), 1, "{search}");
        }
    }
    let changed = format!("{CANARY} updated");
    let update = "UPDATE people SET name = $1, facts = $2 WHERE ssn = $3 RETURNING name, facts";
    let params = [changed.clone(), json(&changed), found[0].clone()];
    let params: Vec<_> = params.iter().map(|text| Raw(text.as_bytes())).collect();
    let rows = app.query(update, &[&params[0], &params[1], &params[2]]).expect("an update");
    assert_eq!(rows, [[Some(changed.clone()), Some(json(&changed))]]);
    app.run("CREATE TABLE lab.copied AS SELECT name, ssn, photo, facts FROM people");
    app.run("CREATE TEMPORARY TABLE copied AS SELECT name, ssn, photo, facts FROM people");
    app.run("CREATE TABLE lab.selected (LIKE people)");
    app.run("INSERT INTO lab.selected SELECT * FROM people");
    app.run("ANALYZE lab.copied, lab.selected");
    // PostgreSQL has no COPY FROM under row security; who bypasses it can have a context all the same.
    let mut admin = db.admin().with_token(&db.token(A));
    let line = format!("{CANARY} copied\t{CANARY} copied\t{CANARY} copied\t{}\n", json(CANARY));
    assert_eq!(admin.copy_in("COPY people (name, ssn, photo, facts) FROM STDIN", &line).expect("COPY"), 1);
    admin.run("ANALYZE people");
    assert_eq!(app.number("SELECT count(*) FROM people WHERE name LIKE 'KANARIENVOGEL-53c8d1%'"), 5);
}

/// Errors that PostgreSQL would like to explain by the values.
fn provoke(db: &Database<'_>) {
    let mut app = db.a(Mode::Extended);
    let text = format!("{CANARY} inserted");
    let mut refused = |sql: &str, params: &[&[u8]], state: &str| {
        let params: Vec<_> = params.iter().map(|bytes| Raw(bytes)).collect();
        let params: Vec<_> = params.iter().map(|raw| raw as &(dyn postgres::types::ToSql + Sync)).collect();
        let failure = app.query(sql, &params).expect_err(sql);
        assert_eq!(failure.sqlstate, state, "{sql}: {}", failure.everything);
        assert!(!failure.everything.contains(CANARY), "{sql}: {}", failure.everything);
    };
    refused("INSERT INTO people (ssn) VALUES ($1)", &[text.as_bytes()], "23505");
    refused("INSERT INTO people (name, n) VALUES ($1, NULL)", &[text.as_bytes()], "23502");
    refused("INSERT INTO people (name, n) VALUES ($1, 17)", &[text.as_bytes()], "23514");
    refused("INSERT INTO people (facts) VALUES ($1)", &[format!("{{\"{CANARY}").as_bytes()], "22P02");
    refused("INSERT INTO people (name) VALUES ($1)", &[format!("{CANARY}\u{0}").as_bytes()], "22021");
    let mut nobody = db.app().mode(Mode::Extended);
    for sql in [INSERT, "SELECT FROM people WHERE ssn = $2 OR name = $1::text OR photo = $3 OR facts = $4"] {
        let ours = Raw(text.as_bytes());
        let failure = nobody.query(sql, &[&ours, &ours, &ours, &ours]).expect_err("no context");
        assert!(!failure.everything.contains(CANARY), "{}", failure.everything);
    }
}

#[test]
fn h91_no_canary_is_anywhere_in_the_clear() {
    let (house, _) = House::with_file_and(&[
        "log_statement = none",
        "shared_preload_libraries = 'watertight,pg_stat_statements'",
        "pg_stat_statements.track_utility = on",
        "wal_level = logical",
    ]);
    let db = Database::without_tables(&house.cluster);
    let mut admin = db.admin();
    admin.script("CREATE EXTENSION pg_stat_statements; CREATE TABLE control (text text)");
    admin.query("INSERT INTO control VALUES ($1)", &[&CONTROL]).expect("the control");
    admin.run("ANALYZE control");
    let mut keeper = db.keeper();
    keeper.script(TABLE);
    keeper.run("SELECT watertight.protect('people')");
    write_every_way(&db);
    provoke(&db);
    keeper.run("ANALYZE people");
    keeper.run("CREATE INDEX ON people (ssn)");
    admin.run("VACUUM people");

    // What the server says to those who may ask for everything.
    for what in [
        "SELECT string_agg(query, ' ') FROM pg_stat_statements",
        "SELECT string_agg(query, ' ') FROM pg_stat_activity",
        "SELECT string_agg(s::text, ' ') FROM pg_statistic AS s",
        "SELECT string_agg(s::text, ' ') FROM pg_stats AS s WHERE tablename IN ('people', 'copied', 'selected', 'control')",
        "SELECT string_agg(p::text, ' ') FROM people AS p",
        "SELECT string_agg(c::text, ' ') FROM lab.copied AS c",
    ] {
        let said = admin.one(what);
        assert!(!said.is_empty(), "{what} says nothing");
        assert!(!said.contains(CANARY), "{what} says {said}");
        let hex: String = CANARY.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!said.contains(&hex), "{what} says it in hex");
    }

    // And what is in files.
    let dump = house.path("dump.sql");
    house.cluster.pg_dump(&db.name, "postgres", &["-f", &dump], "").output();
    let backup = house.path("backup");
    let mut command = Tools::find().command("pg_basebackup");
    let socket = house.cluster.socket().display().to_string();
    command.args(["-h", &socket, "-p", &house.cluster.port().to_string(), "-U", "postgres"]);
    must(command.args(["-c", "fast", "-X", "stream", "--no-sync", "-D", &backup]));
    house.cluster.restart();
    let found = files_with(CONTROL, &[&socket]);
    for place in ["/data/base/", "/data/pg_wal/", "/dump.sql", "/backup/base/"] {
        assert!(found.iter().any(|path| path.contains(place)), "the control is not in {place}: {found:?}");
    }
    assert_eq!(files_with(CANARY, &[&socket]), [""; 0]);
    house.wait_for("present");
    assert_eq!(
        db.a(Mode::Simple).number("SELECT count(*) FROM people WHERE name LIKE 'KANARIENVOGEL-53c8d1%'"),
        5
    );
    assert_eq!(db.app().with_token(&db.token(B)).number("SELECT count(*) FROM people"), 0);
}
