//! Tables with rows of two tenants: A, who searches, and B, who stores what may make a search fail.

use std::collections::BTreeMap;
use std::sync::Mutex;

use watertight_tests::database::A;
use watertight_tests::{Database, Failure, Session};

use crate::cases::{self, Case};
use crate::cluster;

/// A database with all extensions there are and every list of values in a table of its own.
pub struct Store {
    /// Where it is.
    pub db: Database<'static>,
    /// The extensions.
    pub extensions: Vec<&'static str>,
    values: Mutex<BTreeMap<&'static str, Vec<&'static str>>>,
}

/// Sessions of everybody involved.
pub struct Staff {
    /// Owns the tables.
    pub keeper: Session,
    /// Stores rows of both.
    pub admin: Session,
    /// Tenant A, an ordinary role, with the least memory.
    pub app: Session,
}

const EXTENSIONS: [&str; 6] = ["pg_trgm", "hstore", "ltree", "citext", "postgis", "vector"];

impl Store {
    pub fn new() -> Store {
        let db = Database::without_tables(cluster());
        let mut admin = db.admin();
        let there = admin.column("SELECT name FROM pg_available_extensions");
        let (extensions, missing): (Vec<_>, Vec<_>) =
            EXTENSIONS.into_iter().partition(|name| there.iter().any(|one| one == name));
        for name in &extensions {
            admin.script(&format!("SET client_min_messages = error; CREATE EXTENSION {name}"));
        }
        for name in missing {
            println!("skipped: this server has no {name}");
        }
        admin.script(
            "CREATE TYPE wt_enum AS ENUM ('a', 'c', 'e');
             ALTER TYPE wt_enum ADD VALUE 'b' BEFORE 'c'; ALTER TYPE wt_enum ADD VALUE 'd' BEFORE 'e';
             CREATE SCHEMA value_lists; GRANT ALL ON SCHEMA public TO keeper",
        );
        Store { db, extensions, values: Mutex::new(cases::values()) }
    }

    /// The cases that this server can have.
    pub fn cases(&self) -> Vec<Case> {
        let has = |case: &Case| {
            case.since <= self.db.cluster.major()
                && case.extension.is_none_or(|name| self.extensions.contains(&name))
        };
        cases::all().into_iter().filter(has).collect()
    }

    pub fn staff(&self) -> Staff {
        let mut admin = self.db.admin();
        // The first temporary table makes a schema, after which everybody's prepared statements are analysed anew: that
        // repeats the notices of their constants.
        admin.script("SET client_min_messages = error; CREATE TEMP TABLE first (); DROP TABLE first");
        let app = self.db.client_with("app", "-c work_mem=64kB").with_token(&self.db.token(A));
        Staff { keeper: self.db.keeper(), admin, app }
    }

    /// An empty table for a case, protected and with its index. The one of the tenant's column would be chosen instead.
    ///
    /// # Errors
    /// What the server said.
    pub fn create(&self, staff: &mut Staff, case: &Case, table: &str) -> Result<(), Failure> {
        let fill = if case.lossy { 10 } else { 100 };
        let sql = format!(
            "SET client_min_messages = error;
             CREATE UNLOGGED TABLE {table} (id bigint, tenant_id uuid, stored {}) WITH (fillfactor = {fill});
             SELECT watertight.protect('{table}');
             DO $do$ BEGIN EXECUTE (
                 SELECT 'DROP INDEX ' || string_agg(indexrelid::regclass::text, ', ')
                 FROM pg_index WHERE indrelid = '{table}'::regclass);
             END $do$;
             CREATE INDEX {table}_stored ON {table} {};
             GRANT SELECT ON {table} TO app",
            case.kind, case.index
        );
        Ok(staff.keeper.client().batch_execute(&sql)?)
    }

    /// The table with the values of a case, made when it is first asked for.
    pub fn list(&self, admin: &mut Session, case: &Case) -> String {
        let lists = self.values.lock().unwrap(); // One at a time.
        let name = format!("value_lists.\"{} of {}\"", case.lists.join("+"), case.kind);
        if admin.one(&format!("SELECT to_regclass('{name}')")).is_empty() {
            let values = case
                .lists
                .iter()
                .flat_map(|list| lists.get(list).unwrap_or_else(|| panic!("no list of values {list}")));
            // Some values are no values of this type: every one by itself.
            let each = values.enumerate().map(|(n, value)| {
                format!(
                    "BEGIN INSERT INTO {name} VALUES ({}, ({value})::{}); EXCEPTION WHEN OTHERS THEN END;\n",
                    n + 1,
                    case.kind
                )
            });
            let each: String = each.collect();
            admin.script(&format!(
                "CREATE UNLOGGED TABLE {name} (n bigint, v {}); DO $do$ BEGIN {each} END $do$",
                case.kind
            ));
        }
        name
    }

    /// Rows of A that are harmless: two that a clause finds, and two that none does, as far as there are such. Their ids
    /// are negative.
    pub fn insert_a(&self, staff: &mut Staff, case: &Case, table: &str, list: &str) {
        let conditions: Vec<_> =
            case.clauses.iter().map(|clause| format!("({})::int", clause.condition())).collect();
        let a = &self.db.a;
        staff.admin.script(&format!(
            "DO $do$ DECLARE number bigint; finds int; taken int[] := '{{0,0}}';
             BEGIN
                 FOR number IN SELECT n FROM {list} WHERE coalesce(pg_column_size(v), 0) < 2000 ORDER BY n LOOP
                     BEGIN
                         INSERT INTO {table} SELECT -number, '{a}', v FROM {list} WHERE n = number;
                         SELECT coalesce(greatest({}), 0) INTO finds FROM {table} WHERE id = -number;
                         IF taken[finds + 1] = 2 THEN RAISE 'enough'; END IF;
                         taken[finds + 1] := taken[finds + 1] + 1;
                     EXCEPTION WHEN OTHERS THEN NULL;
                     END;
                 END LOOP;
             END $do$",
            conditions.join(", ")
        ));
    }

    /// Rows of B with all values, each by itself, because the index refuses some. Returns how many were refused.
    pub fn insert_b(&self, staff: &mut Staff, table: &str, list: &str) -> i64 {
        let b = &self.db.b;
        staff.admin.script(&format!(
            "DO $do$ DECLARE number bigint;
             BEGIN
                 FOR number IN SELECT n FROM {list} LOOP
                     BEGIN INSERT INTO {table} SELECT number, '{b}', v FROM {list} WHERE n = number;
                     EXCEPTION WHEN OTHERS THEN NULL;
                     END;
                 END LOOP;
             END $do$"
        ));
        staff.admin.number(&format!(
            "SELECT count(*) FROM {list} WHERE n NOT IN (SELECT id FROM {table} WHERE id > 0)"
        ))
    }

    /// How many of B's rows make a clause fail when it is evaluated on them: the control of what must not happen to A.
    pub fn harmful(&self, staff: &mut Staff, case: &Case, table: &str) -> i64 {
        let conditions: Vec<_> = case.clauses.iter().map(|clause| clause.condition()).collect();
        staff.admin.script(&format!(
            "SET enable_indexscan = off; SET enable_bitmapscan = off;
             DO $do$ DECLARE number bigint; harmful int := 0;
             BEGIN
                 FOR number IN SELECT id FROM {table} WHERE id > 0 LOOP
                     BEGIN PERFORM {} FROM {table} WHERE id = number;
                     EXCEPTION WHEN OTHERS THEN harmful := harmful + 1;
                     END;
                 END LOOP;
                 PERFORM set_config('search.harmful', harmful::text, false);
             END $do$;
             RESET enable_indexscan; RESET enable_bitmapscan",
            conditions.join(", ")
        ));
        staff.admin.number("SHOW search.harmful")
    }

    /// Rows of B with values that may be none of the type, or refused by the index. Returns how many were stored.
    pub fn insert_random(&self, staff: &mut Staff, case: &Case, table: &str, values: &[String]) -> u64 {
        let b = &self.db.b;
        let each = values.iter().enumerate().map(|(number, value)| {
            format!(
                "BEGIN INSERT INTO {table} VALUES ({}, '{b}', ({value})::{}); EXCEPTION WHEN OTHERS THEN END;\n",
                number + 1,
                case.kind
            )
        });
        let each: String = each.collect();
        staff.admin.script(&format!("DO $fuzz$ BEGIN {each} END $fuzz$"));
        let stored = staff.admin.number(&format!("SELECT count(*) FROM {table} WHERE id > 0"));
        u64::try_from(stored).unwrap_or(0)
    }

    /// More of what B has: some short values side by side, as many times as it takes to be about `rows`.
    pub fn multiply_b(&self, staff: &mut Staff, table: &str, rows: usize, values: usize) {
        let b = &self.db.b;
        // A round by itself: an insertion into a GiST index may overflow, depending on its shape.
        staff.admin.script(&format!(
            "CREATE TEMP TABLE few AS
                 SELECT stored FROM {table} WHERE id > 0 AND coalesce(pg_column_size(stored), 0) < 400
                 ORDER BY id LIMIT {values};
             DO $do$ BEGIN
                 FOR round IN 1..{rows} / greatest(1, (SELECT count(*) FROM few)) LOOP
                     BEGIN INSERT INTO {table} SELECT 1000000 + round, '{b}', stored FROM few;
                     EXCEPTION WHEN OTHERS THEN NULL;
                     END;
                 END LOOP;
             END $do$;
             DROP TABLE few"
        ));
    }
}
