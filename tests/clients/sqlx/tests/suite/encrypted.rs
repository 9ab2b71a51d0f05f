//! Encrypted columns. The queries are those of plain columns, but for the casts of what is read.

use sqlx::{query, query_scalar};
use watertight_sqlx_tests::fixture::*;
use watertight_sqlx_tests::people::{self, Person};

const SSN: &str = "123-45-6789";

#[tokio::test]
async fn encrypted_columns_as_if_they_were_plain() {
    let app = App::open().await;
    admin("TRUNCATE people RESTART IDENTITY").await;
    for who in CLINICS {
        let mut db = app.begin(who).await;
        let id =
            people::add(&mut db, &format!("{who} person"), SSN, Some(&format!("{who} note"))).await.unwrap();
        for n in 0..20 {
            people::add(&mut db, &format!("{who} {n}"), &n.to_string(), None).await.unwrap();
        }
        let person = people::by_ssn(&mut db, SSN).await.unwrap();
        let wanted =
            Person { id, name: format!("{who} person"), ssn: SSN.into(), note: Some(format!("{who} note")) };
        assert_eq!(person, Some(wanted));
        let count: i64 = query_scalar("SELECT count(*) FROM people WHERE ssn = ANY ($1) AND ssn <> $2")
            .bind(vec!["3".to_owned(), "4".to_owned(), SSN.to_owned()])
            .bind(SSN)
            .fetch_one(&mut *db)
            .await
            .unwrap();
        assert_eq!(count, 2);
        let like: i64 = query_scalar("SELECT count(*) FROM people WHERE name LIKE $1")
            .bind(format!("{who} p%"))
            .fetch_one(&mut *db)
            .await
            .unwrap();
        assert_eq!(like, 1);
        let changed = query("UPDATE people SET note = $1 WHERE ssn = $2").bind("changed").bind(SSN);
        assert_eq!(changed.execute(&mut *db).await.unwrap().rows_affected(), 1);
        for n in 0..2 {
            people::upsert(&mut db, &format!("{who} upserted {n}"), SSN).await.unwrap();
            let person = people::by_ssn(&mut db, SSN).await.unwrap().unwrap();
            let now = (person.id, person.name, person.note.as_deref());
            assert_eq!(now, (id, format!("{who} upserted {n}"), Some("changed")));
        }
        db.commit().await.unwrap();
    }
    let sealed = "SELECT count(*) FROM people WHERE name::text LIKE 'watertight:v1:%' AND ssn::text LIKE 'watertight:v1:%'";
    assert_eq!(truth(sealed).await, 42);
    // One connection, and one prepared statement for both.
    for _ in 0..12 {
        for who in CLINICS {
            let person = people::by_ssn(&mut *app.begin(who).await, SSN).await.unwrap().unwrap();
            assert_eq!(person.name, format!("{who} upserted 1"));
        }
    }
}

#[tokio::test]
async fn a_column_that_is_not_cast_says_so() {
    let app = App::open().await;
    admin("TRUNCATE people RESTART IDENTITY").await;
    let mut db = app.begin("north").await;
    people::add(&mut db, "north", SSN, None).await.unwrap();
    let read = query_scalar::<_, String>("SELECT name FROM people").fetch_one(&mut *db).await;
    assert!(read.unwrap_err().to_string().contains("encrypted_text"));
}
