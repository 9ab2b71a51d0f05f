//! A file or a command that provides the master key, or does not.

use std::time::{Duration, Instant};

use crate::house::{House, key};
use watertight_tests::eventually;

const ROTATE: &str = "SELECT watertight.rotate_master_key()";

#[test]
fn without_a_provider_everything_else_works() {
    let house = House::new();
    house.tenants(1);
    let mut admin = house.admin();
    assert_eq!(house.state(), "absent");
    assert_eq!(admin.number("SELECT count(*) FROM watertight.keys"), 0);
    admin.refused(ROTATE, "55000").says("there is no master key").hints();
    assert_eq!(admin.one("SELECT watertight.rotate_data_key('tenant_1')"), "0");
}

#[test]
fn a_file_that_cannot_be_used_is_refused_and_says_why() {
    let house = House::new();
    let mut admin = house.admin();
    let master = house.path("master");
    house.set("master_key_file", &master);
    let why = house.failure(|| house.reload());
    assert_eq!(why, format!("File {master} cannot be read: no such file."));
    admin.refused(ROTATE, "55000").says("the master key could not be loaded").hints();
    let secret = key();
    let good = format!("1 {secret}\n");
    for (text, mode, expected) in [
        (good.as_str(), "644", "may access file"),
        (&good, "640", "(its mode is 0640, and must be 0600 or 0400)"),
        (&good, "604", "its mode is 0604"),
        ("", "600", "there is no key in it"),
        (&secret[1..], "600", "line 1"),
        (&format!("x {secret}"), "600", "the version in line 1"),
        (&format!("1 {secret}\n1 {}", key()), "600", "stands there twice"),
        (&"a".repeat(100_000), "600", "longer than"),
    ] {
        house.write("master", text, mode);
        let why = house.failure(|| house.reload());
        assert!(why.contains(expected) && why.contains(&master) && !why.contains(".."), "{why}");
        assert!(!why.contains(&secret[1..20]), "{why}");
        assert_eq!(house.state(), "failed");
    }
    house.write("master", &good, "200");
    if house.shell("id -u") != "0\n" {
        let why = house.failure(|| house.reload());
        assert!(why.contains("cannot be read"), "{why}");
    }
    house.shell(&format!("rm -f {master}; mkdir {master}"));
    let why = house.failure(|| house.reload());
    assert!(why.contains("not a regular file") || why.contains("cannot be read"), "{why}");
    house.shell(&format!("rmdir {master}; mkfifo -m 600 {master}"));
    // A pipe that nobody writes to must not stop the keeper, nor the server.
    let why = house.failure(|| house.reload());
    assert!(why.contains("not a regular file"), "{why}");
    house.shell(&format!("rm {master}"));
    house.write("master", &good, "600");
    house.reload();
    house.wait_for("present");
    house.tenants(1);
    assert!(house.opens("tenant_1"));
    house.never_logged(&[&secret]);
}

#[test]
fn a_failing_provider_is_asked_again_without_a_reload() {
    let house = House::new();
    house.set("master_key_file", &house.path("master"));
    house.failure(|| house.reload());
    house.write("master", &key(), "600");
    house.wait_for("present");
}

#[test]
fn the_server_starts_without_its_key_and_opens_when_it_comes() {
    let (house, _) = House::with_file();
    house.tenants(2);
    house.shell(&format!("mv {0} {0}.away", house.path("master")));
    house.cluster.restart();
    let mut admin = house.admin();
    eventually("the provider has failed", || house.state() == "failed");
    admin.refused("SELECT watertight.rotate_tenant_key('tenant_1')", "55000").says("could not be loaded");
    admin.run("SELECT watertight.create_tenant('other')");
    house.shell(&format!("mv {0}.away {0}", house.path("master")));
    house.reload();
    house.wait_for("present");
    assert!(house.opens("tenant_1") && house.opens("tenant_2"));
}

#[test]
fn a_reload_that_fails_leaves_what_is_there() {
    let (house, _) = House::with_file();
    house.tenants(1);
    house.write("master", "nonsense", "600");
    let why = house.failure(|| house.reload());
    assert!(why.contains("line 1"), "{why}");
    assert_eq!(house.state(), "present");
    assert!(house.opens("tenant_1"));
}

#[test]
fn a_command_that_is_slow_or_fails_holds_nobody_up() {
    let house = House::new();
    let secret = key();
    let mark = house.path("slow");
    let why = |command: &str| {
        house.set("master_key_command", command);
        house.failure(|| house.reload())
    };
    let begun = Instant::now();
    assert!(why(&format!("echo {mark}; sleep 77 & sleep 77")).contains("did not end within 2 s"));
    assert!(begun.elapsed() < Duration::from_secs(15));
    assert_eq!(house.shell("pgrep -cx -f 'sleep 77' || true").trim(), "0", "what it has started is ended");
    assert!(why("exit 3").contains("status 3"));
    assert!(why("kill -9 $$").contains("signal"));
    assert!(why("/nowhere/at-all").contains("status 127 (command not found)"));
    house.write("script", "true", "600");
    assert!(why(&house.path("script")).contains("status 126 (cannot be executed)"));
    assert!(why("yes").contains("too much"));
    assert!(why("true").contains("no key in it"));
    house.write("vault", &format!("2 {secret} extra word\n"), "600");
    assert!(why(&format!("cat {}", house.path("vault"))).contains("line 1"));
    house.write("vault", &format!("2 {secret}\n"), "600");
    house.set("master_key_command", &format!("sleep 1; cat {}", house.path("vault")));
    // Slow from the start on: the server does not wait for it, who needs the key does.
    house.cluster.restart();
    house.wait_for("present");
    assert_eq!(house.versions(), "{2}");
    house.tenants(1);
    assert!(house.opens("tenant_1"));
    house.never_logged(&[&secret]);
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let (house, _) = House::with_file();
    house.tenants(1);
    house.set("master_key_command", "cat /dev/null");
    let why = house.failure(|| house.reload());
    assert!(
        why.contains("Both watertight.master_key_file and watertight.master_key_command are set"),
        "{why}"
    );
    house.admin().refused("SELECT watertight.rotate_tenant_key('tenant_1')", "55000").says("not clear");
    house.set("master_key_command", "");
    house.reload();
    eventually("it is clear again", || house.opens("tenant_1"));
}

#[test]
fn another_key_under_a_known_number_is_refused() {
    let (house, first) = House::with_file();
    house.tenants(1);
    assert!(house.opens("tenant_1"));
    house.write("master", &format!("1 {}\n", key()), "600");
    house.reload();
    let mut admin = house.admin();
    eventually("the wrong key is there", || !house.opens("tenant_1"));
    admin
        .refused("SELECT watertight.rotate_tenant_key('tenant_1')", "55000")
        .says("version 1 of the master key is not the one that is known by this number")
        .hints();
    admin.refused(ROTATE, "55000").says("is not the one that is known by this number");
    let present = "SELECT present FROM watertight.master_key_versions WHERE version = 1";
    assert_eq!(admin.one(present), "f");
    let warned = |text: &str| {
        eventually("the log says so", || {
            house.cluster.log().lines().any(|line| line.contains("WARNING") && line.contains(text))
        });
    };
    warned("version 1 of the master key is not the one that is known by this number");
    // A tenant can be created; it gets its keys when the right key is back.
    admin.run("SELECT watertight.create_tenant('later')");
    assert_eq!(admin.number("SELECT count(*) FROM watertight.keys WHERE tenant = 'later'"), 0);
    house.write("master", &format!("1 {first}\n"), "600");
    house.reload();
    eventually("the right key is back", || house.opens("tenant_1"));
    assert_eq!(admin.one(present), "t");
    house.write("master", &format!("2 {}\n", key()), "600");
    house.reload();
    warned("version 1 of the master key is missing and wraps tenants' keys");
    assert_eq!(admin.one(present), "f");
}

#[test]
fn only_superusers_see_where_keys_come_from() {
    let (house, _) = House::with_file();
    let mut app = house.cluster.session(&house.database, "app");
    for name in
        ["master_key_file", "master_key_command", "key_wrap_command", "key_unwrap_command", "key_name"]
    {
        app.refused(&format!("SHOW watertight.{name}"), "42501");
        app.refused(&format!("SET watertight.{name} = 'x'"), "55P02");
        assert_eq!(
            app.number(&format!(
                "SELECT count(*) FROM pg_settings WHERE name = 'watertight.{name}' AND setting <> ''"
            )),
            0
        );
    }
    for table in ["tenant_keys", "data_keys", "keys", "master_keys", "key_certificates"] {
        app.refused(&format!("SELECT * FROM watertight.{table}"), "42501");
    }
}
