//! D: policies that an owner adds beside ours.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use watertight_tests::{COUNT, Database, Mode, Session, for_each_path, for_each_wall};

#[test]
fn d55_a_second_permissive_policy_does_not_widen() {
    for_each_wall(|db| {
        let mut keeper = db.keeper();
        let mut made = 0;
        for table in ["patients", "visits"] {
            for policy in [
                "USING (true) WITH CHECK (true)",
                "FOR SELECT USING (true)",
                "FOR SELECT TO app USING (true)",
                "FOR INSERT TO app WITH CHECK (true)",
                "FOR UPDATE USING (true) WITH CHECK (true)",
                "FOR DELETE USING (true)",
                "AS PERMISSIVE TO PUBLIC USING (id > 0)",
            ] {
                made += 1;
                let _ = keeper.attempt(&format!("CREATE POLICY open{made} ON {table} {policy}"));
            }
        }
        for_each_path(|mode| {
            db.a(mode).leaks("SELECT * FROM patients");
            for role in ["app", "keeper"] {
                let mut b = db.attacker_as(role, mode);
                isolated_writes(db, &mut b);
                db.client(role).mode(mode).watched().refused("SELECT * FROM patients", "28000");
            }
        });
        // A restrictive policy of the owner's own still narrows.
        keeper.run("CREATE POLICY narrow ON patients AS RESTRICTIVE USING (age > 105)");
        assert_eq!(db.attacker(Mode::Simple).number(COUNT), 5);
    });
}

#[test]
fn d55_a_policy_that_looks_like_ours_does_not_widen() {
    for_each_wall(|db| {
        let mut keeper = db.keeper();
        keeper.script(&format!(
            "ALTER TABLE patients ADD other uuid DEFAULT '{}';
         CREATE FUNCTION visible(uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true';
         CREATE FUNCTION writable(uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
            db.b
        ));
        for policy in [
            "USING (watertight.visible(other)) WITH CHECK (watertight.writable(other))",
            "USING (watertight.visible(tenant_id)) WITH CHECK (watertight.writable(other))",
            "USING (watertight.writable(tenant_id)) WITH CHECK (true)",
            "USING (watertight.visible(coalesce(other, tenant_id)))",
            "USING (watertight.visible(tenant_id) OR true) WITH CHECK (watertight.writable(tenant_id) OR true)",
            "USING (public.visible(tenant_id)) WITH CHECK (public.writable(tenant_id))",
            "FOR SELECT USING (watertight.visible(other))",
        ] {
            keeper.run(&format!("CREATE POLICY alike ON patients {policy}"));
            for role in ["app", "keeper"] {
                isolated_writes(db, &mut db.attacker_as(role, Mode::Simple));
            }
            keeper.run("DROP POLICY alike ON patients");
        }
    });
}

fn isolated_writes(db: &Database, b: &mut Session) {
    assert_eq!(b.run("SELECT * FROM patients").len(), 10);
    assert_eq!(b.run("SELECT * FROM visits").len(), 10);
    assert_eq!(b.run("UPDATE patients SET age = 1 WHERE id <= 20 RETURNING *").len(), 0);
    assert_eq!(b.run("DELETE FROM visits WHERE id <= 20 RETURNING *").len(), 0);
    b.refused(&format!("INSERT INTO patients (id, name, tenant_id) VALUES (900, 'x', '{}')", db.a), "42501");
    b.refused(&format!("UPDATE patients SET tenant_id = '{}'", db.a), "42501");
}
