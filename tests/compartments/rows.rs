//! What a persistent compartment leaves in shared tables when it is dropped: nothing, in tables of every form, or it is not dropped.

use watertight_tests::database::A;
use watertight_tests::{Cluster, Database, Session, eventually};

use crate::house::{CONF, furnish, login_ephemeral};

/// One table of each form that a compartment's rows may be in. Each has a text `body`.
const FORMS: &str = "
    CREATE TABLE part (id bigint, body text) PARTITION BY HASH (id);
    CREATE TABLE part_0 PARTITION OF part FOR VALUES WITH (modulus 2, remainder 0);
    CREATE TABLE part_1 (id bigint, body text) PARTITION BY RANGE (id);
    ALTER TABLE part ATTACH PARTITION part_1 FOR VALUES WITH (modulus 2, remainder 1);
    CREATE TABLE part_10 PARTITION OF part_1 DEFAULT;
    SELECT watertight.protect('part', compartment_column => 'room');
    CREATE TABLE base (id bigint, body text);
    CREATE TABLE derived (more text) INHERITS (base);
    SELECT watertight.protect('base', compartment_column => 'compartment_id');
    CREATE TABLE folder (id bigint PRIMARY KEY, body text);
    CREATE TABLE page (id bigint PRIMARY KEY, folder bigint NOT NULL REFERENCES folder, body text);
    SELECT watertight.protect(t, compartment_column => 'compartment_id', scope_keys => true)
      FROM unnest('{page,folder}'::regclass[]) AS t;
    CREATE TABLE tree (id bigint PRIMARY KEY, up bigint REFERENCES tree DEFERRABLE INITIALLY DEFERRED, body text);
    SELECT watertight.protect('tree', compartment_column => 'compartment_id', scope_keys => true);
    CREATE TABLE named (tenant text, id bigint, body text);
    SELECT watertight.protect('named', tenant_column => 'tenant', compartment_column => 'compartment_id');
    CREATE TABLE tag (id bigint PRIMARY KEY, body text);
    CREATE TABLE tagging (tag bigint REFERENCES tag ON DELETE CASCADE, body text);
    CREATE TABLE hint (tag bigint REFERENCES tag ON DELETE SET NULL, body text);
    SELECT watertight.protect(t, compartment_column => 'compartment_id') FROM unnest('{tagging,hint,tag}'::regclass[]) AS t;
    GRANT ALL ON ALL TABLES IN SCHEMA public TO app;";

const TABLES: [&str; 9] = ["part", "base", "folder", "page", "tree", "named", "tag", "tagging", "hint"];

/// A row in each, and several where that matters.
const FILL: &str = "
    INSERT INTO part SELECT n, 'x' FROM generate_series(1, 20) AS n;
    INSERT INTO base VALUES (1, 'x'); INSERT INTO derived VALUES (2, 'x', 'y');
    INSERT INTO folder VALUES (1, 'x'), (2, 'x'); INSERT INTO page VALUES (1, 1, 'x'), (2, 2, 'x');
    INSERT INTO tree VALUES (1, 2, 'x'), (2, 1, 'x'), (3, 3, 'x');
    INSERT INTO named (id, body) VALUES (1, 'x')";

/// A compartment, and a session in it.
fn room<'d>(db: &Database<'d>, name: &str) -> Session {
    let token = db.token(A);
    let mut session = db.app().with_token(&token);
    session.run(&format!("SELECT watertight.create_compartment('{name}')"));
    let inside = session.one(&format!("SELECT watertight.login('{token}', '{name}')"));
    session.set_token(&inside);
    session
}

fn drop_room(db: &Database<'_>, name: &str) -> Result<(), watertight_tests::Failure> {
    let sql = format!("SELECT watertight.drop_compartment('{name}', confirm => '{name}', force => true)");
    db.app().with_token(&db.token(A)).attempt(&sql).map(drop)
}

fn count(db: &Database<'_>) -> Vec<i64> {
    let mut admin = db.admin();
    TABLES.iter().map(|table| admin.number(&format!("SELECT count(*) FROM {table}"))).collect()
}

#[test]
fn dropping_takes_the_rows_of_one_compartment_from_tables_of_every_form() {
    let cluster = Cluster::start(CONF);
    let db = furnish(&cluster);
    db.keeper().script(FORMS);
    let tags = |from: i64| {
        format!(
            "INSERT INTO tag VALUES ({from}, 'x'); INSERT INTO tagging VALUES ({from}, 'x'); INSERT INTO hint VALUES ({from}, 'x')"
        )
    };
    room(&db, "stays").script(&format!("{FILL}; {}", tags(1)));
    db.app().with_token(&db.token(A)).script(&format!("{FILL}; {}", tags(2)));
    let before = count(&db);
    room(&db, "goes").script(&format!("{FILL}; {}", tags(3)));
    assert_eq!(count(&db).iter().sum::<i64>() * 2, before.iter().sum::<i64>() * 3, "each has as many");
    drop_room(&db, "goes").expect("dropped");
    assert_eq!(count(&db), before);
    let told = "SELECT rows FROM watertight.ended_compartments WHERE reason = 'dropped'";
    assert_eq!(db.admin().number(told), before.iter().sum::<i64>() / 2);
    // What stayed is whole: each page has its folder, each tree its parent.
    let mut stays = db.app();
    let inside = stays.one(&format!("SELECT watertight.login('{}', 'stays')", db.token(A)));
    stays.set_token(&inside);
    assert_eq!(stays.number("SELECT count(*) FROM page JOIN folder ON folder.id = page.folder"), 2);
    assert_eq!(stays.number("SELECT count(*) FROM hint WHERE tag = 1"), 1);
}

/// A rule that stands in the way: the compartment is whole, and says why; then it can be dropped.
#[test]
fn what_cannot_be_deleted_keeps_the_whole_compartment() {
    let cluster = Cluster::start(CONF);
    let db = furnish(&cluster);
    db.keeper().script(FORMS);
    let mut session = room(&db, "kept");
    session.script(FILL);
    let before = count(&db);
    let rule = "CREATE RULE r AS ON DELETE TO base DO INSTEAD NOTHING";
    db.keeper().run(rule);
    drop_room(&db, "kept").expect_err(rule).is("55000");
    assert_eq!(count(&db), before);
    assert_eq!(db.admin().number("SELECT count(*) FROM watertight.all_compartments WHERE name = 'kept'"), 1);
    db.keeper().run("DROP RULE r ON base");
    drop_room(&db, "kept").expect("dropped");
    assert_eq!(count(&db).iter().sum::<i64>(), 0);
}

/// Triggers of the tables' owner, of every kind, neither run nor stand in the way; those of foreign keys do their work.
#[test]
fn no_trigger_of_an_owner_runs() {
    let cluster = Cluster::start(CONF);
    let db = furnish(&cluster);
    db.keeper().script(FORMS);
    db.keeper().script(
        "CREATE TABLE seen (at text); GRANT INSERT ON seen TO PUBLIC;
         CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN INSERT INTO public.seen VALUES (TG_NAME); RAISE 'never'; END $$;
         CREATE TRIGGER before_row BEFORE DELETE ON tree FOR EACH ROW EXECUTE FUNCTION see();
         CREATE TRIGGER before_all BEFORE DELETE ON tree FOR EACH STATEMENT EXECUTE FUNCTION see();
         CREATE TRIGGER of_partition BEFORE DELETE ON part_0 FOR EACH ROW EXECUTE FUNCTION see();
         CREATE TRIGGER of_all_partitions AFTER DELETE ON part FOR EACH ROW EXECUTE FUNCTION see();
         CREATE TRIGGER after_all AFTER DELETE ON named REFERENCING OLD TABLE AS old FOR EACH STATEMENT EXECUTE FUNCTION see();
         CREATE TRIGGER always AFTER DELETE ON page FOR EACH ROW EXECUTE FUNCTION see();
         ALTER TABLE page ENABLE ALWAYS TRIGGER always;
         CREATE CONSTRAINT TRIGGER deferred AFTER DELETE ON page DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION see()",
    );
    let mut session = room(&db, "watched");
    session.script(FILL);
    session.refused("DELETE FROM tree", "P0001");
    drop_room(&db, "watched").expect("dropped");
    assert_eq!(count(&db).iter().sum::<i64>(), 0);
    assert_eq!(db.admin().number("SELECT count(*) FROM seen"), 0);
}

/// A row elsewhere that references one of an ephemeral compartment does not keep it: such a foreign key is refused, or gives way.
#[test]
fn a_reference_from_elsewhere_keeps_nothing() {
    let cluster = Cluster::start(CONF);
    let db = furnish(&cluster);
    let mut keeper = db.keeper();
    keeper.script(
        "CREATE TABLE tag (id bigint PRIMARY KEY, body text);
         CREATE TABLE tagging (tag bigint REFERENCES tag, body text);
         SELECT watertight.protect('tagging', compartment_column => 'compartment_id')",
    );
    let protect = "SELECT watertight.protect('tag', compartment_column => 'compartment_id')";
    keeper.refused(protect, "2BP01").hints().says("could keep rows");
    keeper.refused(&protect.replace("_id')", "_id', dry_run => true)"), "2BP01");
    keeper.script("ALTER TABLE tagging DROP CONSTRAINT tagging_tag_fkey");
    keeper.run(protect);
    // Later ones, in every way that there is.
    for sql in [
        "ALTER TABLE tagging ADD FOREIGN KEY (tag) REFERENCES tag NOT VALID",
        "ALTER TABLE tagging ADD FOREIGN KEY (tag) REFERENCES tag ON DELETE SET DEFAULT NOT VALID",
        "CREATE TABLE late (tag bigint REFERENCES tag)",
        "CREATE TABLE late (tag bigint REFERENCES tag ON DELETE CASCADE)",
        "CREATE TABLE late (tag bigint NOT NULL REFERENCES tag ON DELETE SET NULL)",
    ] {
        keeper.refused(sql, "2BP01").hints();
    }
    keeper.script(
        "CREATE TABLE hint (tag bigint REFERENCES tag ON DELETE SET NULL, body text);
         ALTER TABLE tagging ADD FOREIGN KEY (tag) REFERENCES tag ON DELETE CASCADE NOT VALID;
         GRANT ALL ON tag, tagging, hint TO app",
    );
    keeper.refused("ALTER TABLE hint ALTER tag SET NOT NULL", "2BP01");
    db.admin().script("GRANT watertight_admin TO keeper");
    keeper.refused("SELECT watertight.unprotect('tagging')", "2BP01").hints();
    db.admin().script("REVOKE watertight_admin FROM keeper");

    let mut session = db.app();
    let token = login_ephemeral(&db, &mut session, "");
    session.set_token(&token);
    session.run("INSERT INTO tag VALUES (1, 'secret')");
    // Another compartment guesses the key.
    let mut other = room(&db, "elsewhere");
    other.script("INSERT INTO tagging VALUES (1, 'pin'); INSERT INTO hint VALUES (1, 'pin')");
    session.run("SELECT watertight.logout()");
    eventually("it is destroyed", || db.admin().number("SELECT count(*) FROM tag") == 0);
    assert_eq!(other.number("SELECT count(*) FROM tagging"), 0);
    assert_eq!(other.one("SELECT tag IS NULL FROM hint"), "t");
    assert_eq!(db.admin().number("SELECT count(*) FROM watertight.worker_status WHERE failing"), 0);
}
