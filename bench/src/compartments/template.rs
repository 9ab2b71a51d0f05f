//! The tables that a compartment of its own schema begins with, as a migration tool would write them.

/// How many tables.
pub const TABLES: usize = 20;
/// The first of them.
pub const FIRST: &str = "t01";

/// A schema with all its tables, in one piece: six columns with an identity, a foreign key to the table before, two indexes
/// besides the primary key, a comment and a grant each. `kind` is nothing, or `UNLOGGED`.
pub fn ddl(schema: &str, app: &str, kind: &str) -> String {
    let tables = (1..=TABLES).map(|n| {
        let table = format!("{schema}.t{n:02}");
        let before = format!("{schema}.t{:02}", n.max(2) - 1);
        format!(
            "CREATE {kind} TABLE {table} (
                 id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                 parent_id bigint REFERENCES {before},
                 name text NOT NULL,
                 amount bigint NOT NULL DEFAULT 0,
                 done boolean NOT NULL DEFAULT false,
                 created_at timestamptz NOT NULL DEFAULT now()
             );
             CREATE INDEX ON {table} (parent_id);
             CREATE INDEX ON {table} (created_at);
             COMMENT ON TABLE {table} IS 'What there is to know about number {n}';
             GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {app};"
        )
    });
    format!("CREATE SCHEMA {schema}; GRANT USAGE ON SCHEMA {schema} TO {app};{}", tables.collect::<String>())
}

/// What is in a schema, as text: two that were made from the same template say the same.
pub fn census(schema: &str) -> String {
    format!(
        "WITH r AS (SELECT c.* FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
                     WHERE n.nspname = '{schema}'),
              t AS (SELECT * FROM r WHERE relkind = 'r')
         SELECT format('%s tables, %s indexes, %s sequences, %s columns, %s defaults, %s identities, %s primary keys, %s foreign keys, %s comments, %s granted',
             (SELECT count(*) FROM t),
             (SELECT count(*) FROM r WHERE relkind = 'i'),
             (SELECT count(*) FROM r WHERE relkind = 'S'),
             (SELECT count(*) FROM pg_attribute AS a JOIN t ON a.attrelid = t.oid WHERE attnum > 0),
             (SELECT count(*) FROM pg_attrdef AS d JOIN t ON d.adrelid = t.oid),
             (SELECT count(*) FROM pg_attribute AS a JOIN t ON a.attrelid = t.oid WHERE attidentity <> ''),
             (SELECT count(*) FROM pg_constraint AS k JOIN t ON k.conrelid = t.oid WHERE contype = 'p'),
             (SELECT count(*) FROM pg_constraint AS k JOIN t ON k.conrelid = t.oid JOIN t AS f ON k.confrelid = f.oid),
             (SELECT count(*) FROM pg_description AS d JOIN t ON d.objoid = t.oid AND d.objsubid = 0),
             (SELECT count(*) FROM t, aclexplode(relacl) AS a WHERE a.grantee <> t.relowner))"
    )
}
