//! Arrays of sealed values.

use watertight_tests::database::A;
use watertight_tests::{Database, Mode};

use crate::house::House;
use crate::reencryption::{check_indexes, finished};

const LISTS: &str = "CREATE DOMAIN secret AS watertight.encrypted_text; CREATE DOMAIN secrets AS watertight.encrypted_text[];
    CREATE TABLE lists (n integer PRIMARY KEY, words watertight.encrypted_text[], codes watertight.searchable_text[], hidden secrets, sets secret[]);
    CREATE INDEX ON lists (codes); GRANT ALL ON lists TO app";

#[test]
fn elements_of_arrays_are_sealed_again() {
    let (house, _) = House::with_file();
    let db = Database::without_tables(&house.cluster);
    db.keeper().script(LISTS);
    let mut a = db.a(Mode::Simple);
    a.run(
        "INSERT INTO lists SELECT n, ARRAY['a ' || n, NULL, 'b ' || n]::watertight.encrypted_text[],
            ARRAY[['c', 'd'], ['e', 'f ' || n]]::watertight.searchable_text[],
            CASE WHEN n % 2 = 0 THEN ARRAY[]::text[]::secrets WHEN n % 3 = 0 THEN ARRAY[repeat(md5('x'), 3200), 'g']::text[]::secrets END,
            ARRAY['h ' || n]::text[]::secret[] FROM generate_series(1, 200) AS n",
    );
    let said = "SELECT md5(string_agg(concat_ws('|', words::text[], array_dims(codes), codes::text[], hidden::text[], sets::text[]), ',' ORDER BY n))
        FROM lists";
    let before = a.one(said);
    let retired = |column: &str| {
        db.admin().number(&format!(
            "SELECT count(*) FROM lists, unnest({column}) AS v JOIN watertight.keys AS k ON k.id = watertight.key_id(v) WHERE k.state = 'retired'"
        ))
    };
    db.admin().run(&format!("SELECT watertight.rotate_data_key('{A}')"));
    let old = [("words", 400), ("codes", 800), ("hidden", 66), ("sets", 200)];
    for (column, count) in old {
        assert_eq!(retired(column), count, "{column}");
    }
    db.keeper().run("SELECT watertight.reencrypt('lists')");
    finished(&db, "lists");
    for (column, _) in old {
        assert_eq!(retired(column), 0, "{column}");
    }
    assert_eq!(a.one(said), before);
    assert_eq!(
        a.number(
            "SELECT n FROM lists WHERE codes = ARRAY[['c', 'd'], ['e', 'f 7']]::watertight.searchable_text[]"
        ),
        7
    );
    check_indexes(&db, "lists");
}
