//! E74 to E76: ways around the executor: files, replication, dumps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use watertight_tests::database::{A, B};
use watertight_tests::{CANARY, Database, for_each_protocol};

#[test]
fn e74_files_and_pages_are_not_for_ordinary_roles() {
    let db = Database::shared();
    db.admin().script(
        "CREATE EXTENSION pageinspect; CREATE EXTENSION pg_buffercache; 
        CREATE EXTENSION pg_visibility; CREATE EXTENSION amcheck; CREATE EXTENSION pgstattuple",
    );
    for_each_protocol(|mode| {
        for role in ["app", "keeper"] {
            let mut b = db.attacker_as(role, mode);
            for call in [
                "pg_read_file('PG_VERSION')",
                "pg_read_binary_file('PG_VERSION')",
                "pg_ls_dir('.')",
                "pg_ls_tmpdir()",
                "pg_ls_waldir()",
                "pg_stat_file('PG_VERSION')",
                "lo_import('/etc/passwd')",
                "pg_current_logfile()",
                "get_raw_page('patients', 0)",
                "bt_index_check('patients_pkey')",
                "pgstattuple('patients')",
                "pg_visibility('patients')",
            ] {
                b.refused(&format!("SELECT {call}"), "42501");
            }
        }
    });
    let page = db.truth("SELECT encode(get_raw_page('patients', 0), 'escape')").concat();
    assert!(page.contains(CANARY), "the control: the page holds A's rows");
}

#[test]
fn e75_replication_is_not_for_ordinary_roles() {
    let db = Database::shared();
    for_each_protocol(|mode| {
        let mut b = db.attacker(mode);
        for sql in [
            "CREATE PUBLICATION p FOR TABLE patients",
            "CREATE PUBLICATION p FOR ALL TABLES",
            "CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false)",
            "SELECT pg_create_logical_replication_slot('s', 'test_decoding')",
            "SELECT pg_create_physical_replication_slot('s')",
            "SELECT * FROM pg_logical_slot_peek_changes('s', NULL, NULL)",
            "SELECT pg_switch_wal()",
        ] {
            b.refused(sql, "42501");
        }
    });
}

#[test]
fn e76_a_dump_by_a_tenant_holds_only_its_rows() {
    let db = Database::shared();
    let dump = |options: &str, args: &[&str]| db.cluster.pg_dump(&db.name, "app", args, options);
    let tables = ["-a", "-t", "patients", "-t", "visits"];
    // pg_dump switches row security off, which is an error for everybody it applies to.
    let refused = dump(&format!("-c watertight.token={}", db.token(B)), &tables);
    assert!(!refused.success && !refused.out.contains(CANARY), "{}", refused.out);
    let own = dump(
        &format!("-c watertight.token={}", db.token(B)),
        &[&["--enable-row-security"], &tables[..]].concat(),
    );
    let own = own.output();
    assert!(own.contains("b-name-101") && !own.contains(CANARY), "{own}");
    let nobody = dump("", &[&["--enable-row-security"], &tables[..]].concat());
    assert!(!nobody.success && !nobody.out.contains(CANARY));
    let a = dump(
        &format!("-c watertight.token={}", db.token(A)),
        &[&["--enable-row-security"], &tables[..]].concat(),
    );
    assert!(a.output().contains(CANARY), "the control");
}

#[test]
fn e77_work_without_a_client_has_no_context() {
    let db = Database::shared();
    // What a job would run: a function of the owner, in a session without a token.
    db.keeper()
        .script("CREATE FUNCTION job() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM patients'");
    let said = db.cluster.psql(&db.name, "keeper", "SELECT job();");
    assert!(!said.success && said.err.contains("ERROR"), "{}", said.out);
    // Maintenance of an index with an expression runs without a token and must not need one.
    db.keeper().script("CREATE INDEX ON patients (lower(name))");
    db.admin().run("VACUUM ANALYZE patients");
    db.admin().run("REINDEX TABLE patients");
}
