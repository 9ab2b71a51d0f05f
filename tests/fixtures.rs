//! The fixtures themselves, on a server without the extension.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::time::Duration;

use watertight_tests::{CANARY, Cluster, Mode, for_each_path};

#[test]
fn a_cluster_survives_restart_crash_and_kill() {
    let cluster = Cluster::plain(&["log_statement = all"]);
    let mut admin = cluster.admin("postgres");
    admin.run("CREATE TABLE kept AS SELECT 42 AS n");
    drop(admin);
    for interrupt in [Cluster::restart, Cluster::crash, Cluster::kill] {
        interrupt(&cluster);
        assert_eq!(cluster.admin("postgres").one("SELECT n FROM kept"), "42");
    }
    assert!(cluster.log().contains("CREATE TABLE kept"));
    cluster.append_conf(&["work_mem = '7MB'"]);
    cluster.reload();
    assert_eq!(cluster.session("postgres", "app").one("SHOW work_mem"), "7MB");
}

#[test]
fn a_standby_follows_and_can_be_promoted() {
    let cluster = Cluster::plain(&[]);
    let standby = cluster.standby();
    cluster.admin("postgres").run("CREATE TABLE sent AS SELECT 1 AS n");
    cluster.wait_for(&standby);
    let mut there = standby.admin("postgres");
    assert_eq!(there.number("SELECT n FROM sent"), 1);
    there.refused("INSERT INTO sent VALUES (2)", "25006");
    standby.promote();
    there.run("INSERT INTO sent VALUES (2)");
}

#[test]
fn every_protocol_gives_the_same_texts() {
    let cluster = Cluster::plain(&[]);
    let uuid = "0190b0a0-0000-7000-8000-0123456789ab";
    for_each_path(|mode| {
        let mut session = cluster.session("postgres", "app").mode(mode);
        let sql = format!("SELECT 1, 2::bigint, 'x'::text, true, NULL::text, '{uuid}'::uuid, '{{}}'::jsonb");
        let row: Vec<_> = session.run(&sql).remove(0);
        let row: Vec<_> = row.iter().map(|cell| cell.as_deref().unwrap_or("-")).collect();
        assert_eq!(row, ["1", "2", "x", "t", "-", uuid, "{}"]);
        session.refused("SELECT 1/0", "22012").says("division");
    });
}

#[test]
fn a_watched_session_notices_rows_errors_and_notices() {
    let cluster = Cluster::plain(&[]);
    for told in [
        format!("SELECT '{CANARY}-1'"),
        format!("SELECT '{CANARY}-1'::integer"),
        format!("DO $$ BEGIN RAISE NOTICE '{CANARY}-1'; END $$"),
        format!("SELECT ARRAY['{CANARY}-1']"),
        format!("SELECT ROW('{CANARY}-1')"),
    ] {
        for mode in [Mode::Simple, Mode::Extended] {
            let session = cluster.session("postgres", "app").mode(mode);
            let attempt = std::panic::AssertUnwindSafe((session.watched(), told.clone()));
            let caught = std::panic::catch_unwind(move || {
                let std::panic::AssertUnwindSafe((mut session, told)) = { attempt };
                let _ = session.attempt(&told);
            });
            assert!(caught.is_err(), "{told} went unnoticed over {mode:?}");
        }
    }
    cluster.session("postgres", "app").leaks(&format!("SELECT '{CANARY}-1'::integer"));
}

#[test]
fn copy_notifications_and_programs_work() {
    let cluster = Cluster::plain(&[]);
    let mut admin = cluster.admin("postgres");
    admin.run("CREATE TABLE t (n int)");
    assert_eq!(admin.copy_in("COPY t FROM STDIN", "1\n2\n").unwrap(), 2);
    assert_eq!(admin.copy_out("COPY t TO STDOUT").unwrap(), "1\n2\n");
    admin.copy_out("COPY nothing TO STDOUT").unwrap_err().is("42P01");
    admin.copy_out("COPY (SELECT 1/n - 1/(n-2) FROM t) TO STDOUT").unwrap_err().is("22012");
    admin.run("LISTEN ch");
    cluster.admin("postgres").run("NOTIFY ch, 'hello'");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(admin.notifications(), ["ch hello"]);
    assert_eq!(cluster.psql("postgres", "postgres", "SELECT count(*) FROM t").output().trim(), "2");
    assert!(!cluster.psql("postgres", "app", "SELECT * FROM t").success);
    assert!(cluster.pg_dump("postgres", "postgres", &["-t", "t"], "").output().contains("CREATE TABLE"));
}

#[test]
fn nothing_is_left_when_a_cluster_is_dropped() {
    let cluster = Cluster::plain(&[]);
    let base = cluster.socket().to_owned();
    assert!(base.exists());
    drop(cluster);
    assert!(!base.exists());
}
