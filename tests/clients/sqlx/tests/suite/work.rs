//! What an application does all day.

use futures_util::TryStreamExt;
use sqlx::{QueryBuilder, query, query_as, query_scalar};
use watertight_sqlx_tests::clinic::{self, Patient};
use watertight_sqlx_tests::fixture::*;

#[tokio::test]
async fn rows_are_given_to_the_tenant_that_wrote_them() {
    let _app = App::open().await;
    for (table, each) in [("patients", 3), ("doctors", 3), ("visits", 9), ("labels", 1), ("visit_labels", 6)]
    {
        for tenant in ["north()", "south()"] {
            assert_eq!(
                truth(&format!("SELECT count(*) FROM {table} WHERE tenant_id = {tenant}")).await,
                each
            );
        }
    }
}

#[tokio::test]
async fn each_sees_only_its_own() {
    let app = App::open().await;
    for who in CLINICS {
        let mut db = app.begin(who).await;
        let names: Vec<_> = clinic::patients(&mut db).await.unwrap().into_iter().map(|p| p.name).collect();
        assert_eq!(names, [123, 124, 125].map(|id| format!("{who} patient {id}")));
    }
}

#[tokio::test]
async fn the_same_primary_key_in_both() {
    let app = App::open().await;
    for who in CLINICS {
        let found = clinic::patient(&mut *app.begin(who).await, 123).await.unwrap();
        assert_eq!(found, Some(Patient { id: 123, name: format!("{who} patient 123") }));
    }
}

#[tokio::test]
async fn update_and_delete_without_where() {
    let app = App::open().await;
    let mut db = app.begin("north").await;
    assert_eq!(
        query("UPDATE visits SET reason = 'mine'").execute(&mut *db).await.unwrap().rows_affected(),
        9
    );
    assert_eq!(query("DELETE FROM visit_labels").execute(&mut *db).await.unwrap().rows_affected(), 6);
    assert_eq!(query("DELETE FROM patients").execute(&mut *db).await.unwrap().rows_affected(), 3);
    db.commit().await.unwrap();
    assert_eq!(truth("SELECT count(*) FROM visits WHERE tenant_id = south() AND reason <> 'mine'").await, 9);
    assert_eq!(truth("SELECT count(*) FROM visits WHERE tenant_id = north()").await, 0);
    assert_eq!(truth("SELECT count(*) FROM visit_labels WHERE tenant_id = south()").await, 6);
}

#[tokio::test]
async fn the_other_ones_keys_lead_nowhere() {
    let app = App::open().await;
    let first = truth("SELECT min(id)::bigint FROM visits WHERE tenant_id = south()").await;
    let keys: Vec<i32> = (0..9).map(|n| i32::try_from(first).unwrap() + n).collect();
    let mut db = app.begin("north").await;
    let found: Vec<String> = query_scalar("SELECT reason FROM visits WHERE id = ANY ($1)")
        .bind(&keys)
        .fetch_all(&mut *db)
        .await
        .unwrap();
    assert!(found.is_empty());
    for sql in
        ["UPDATE visits SET reason = 'x' WHERE id = ANY ($1)", "DELETE FROM visits WHERE id = ANY ($1)"]
    {
        assert_eq!(query(sql).bind(&keys).execute(&mut *db).await.unwrap().rows_affected(), 0);
    }
}

#[tokio::test]
async fn joins() {
    let app = App::open().await;
    for who in CLINICS {
        let seen = clinic::everything_seen(&mut *app.begin(who).await).await.unwrap();
        assert_eq!(seen.len(), 9);
        for row in seen {
            let text = format!("{} {} {}", row.patient, row.reason, row.doctor.unwrap());
            assert_eq!((text.matches(who).count(), text.contains(other(who))), (3, false));
        }
        let crossed: i64 = query_scalar("SELECT count(*) FROM patients a, patients b, doctors c")
            .fetch_one(&mut *app.begin(who).await)
            .await
            .unwrap();
        assert_eq!(crossed, 27);
    }
}

#[tokio::test]
async fn aggregates() {
    let app = App::open().await;
    for who in CLINICS {
        let mut db = app.begin(who).await;
        assert_eq!(clinic::turnover(&mut db).await.unwrap(), (9, 180));
        let groups: Vec<(i32, i64)> = query_as(
            "WITH costly AS (SELECT patient_id FROM visits WHERE cost > 10)
             SELECT patient_id, count(*) FROM costly GROUP BY 1 HAVING count(*) > 1 ORDER BY 1",
        )
        .fetch_all(&mut *db)
        .await
        .unwrap();
        assert_eq!(groups, [(123, 2), (124, 2), (125, 2)]);
    }
}

#[tokio::test]
async fn bulk_inserts() {
    let app = App::open().await;
    for who in CLINICS {
        let mut db = app.begin(who).await;
        let mut insert = QueryBuilder::new("INSERT INTO doctors (email, name) ");
        insert.push_values(0..1000, |mut row, n| {
            row.push_bind(format!("b{n}@{who}")).push_bind(who);
        });
        assert_eq!(insert.build().execute(&mut *db).await.unwrap().rows_affected(), 1000);
        let emails: Vec<String> = (0..1000).map(|n| format!("u{n}@{who}")).collect();
        let unnest = query("INSERT INTO doctors (email, name) SELECT e, $2 FROM unnest($1::text[]) e");
        assert_eq!(unnest.bind(&emails).bind(who).execute(&mut *db).await.unwrap().rows_affected(), 1000);
        db.commit().await.unwrap();
    }
    assert_eq!(truth("SELECT count(*) FROM doctors WHERE tenant_id = north()").await, 2003);
    assert_eq!(truth("SELECT count(*) FROM doctors WHERE tenant_id = south()").await, 2003);
}

#[tokio::test]
async fn copy() {
    let app = App::open().await;
    for who in CLINICS {
        let mut db = app.begin(who).await;
        let out = db.copy_out_raw("COPY patients (name) TO STDOUT").await.unwrap();
        let bytes: Vec<_> = out.try_collect::<Vec<_>>().await.unwrap().concat();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!((text.matches(who).count(), text.contains(other(who))), (3, false));
    }
    let mut db = app.begin("north").await;
    let result = db.copy_in_raw("COPY labels (name) FROM STDIN").await.map(|_| ());
    refused(result, "0A000", "COPY FROM not supported with row-level security");
}

#[tokio::test]
async fn upserts() {
    let app = App::open().await;
    for logins in 0..2 {
        for who in CLINICS {
            let mut db = app.begin(who).await;
            assert_eq!(clinic::upsert_doctor(&mut db, &format!("new@{who}"), who).await.unwrap(), logins);
            db.commit().await.unwrap();
        }
    }
    let mut db = app.begin("north").await;
    refused(clinic::upsert_doctor(&mut db, "0@south.example", "stolen").await, "42501", "row-level security");
    drop(db);
    assert_eq!(truth("SELECT count(*) FROM doctors WHERE name = 'stolen'").await, 0);
}

#[tokio::test]
async fn sql_that_names_the_other_tenant() {
    let app = App::open().await;
    let south: sqlx::types::Uuid = env("WT_SOUTH").parse().unwrap();
    let found: Vec<(String,)> = query_as("SELECT name FROM patients WHERE tenant_id = $1")
        .bind(south)
        .fetch_all(&mut *app.begin("north").await)
        .await
        .unwrap();
    assert!(found.is_empty());
    for sql in
        ["INSERT INTO labels (name, tenant_id) VALUES ('planted', $1)", "UPDATE labels SET tenant_id = $1"]
    {
        let result = query(sql).bind(south).execute(&mut *app.begin("north").await).await;
        refused(result, "42501", "row-level security");
    }
}

#[tokio::test]
async fn the_other_ones_patient_cannot_be_referred_to() {
    let app = App::open().await;
    let mut db = app.begin("south").await;
    clinic::add_patient(&mut db, 777, "only south").await.unwrap();
    db.commit().await.unwrap();
    let result = clinic::add_visit(&mut *app.begin("north").await, 777, None, "spying", 0).await;
    refused(result, "23503", "foreign key");
}

#[tokio::test]
async fn pages_and_streams() {
    let app = App::open().await;
    for who in CLINICS {
        let mut db = app.begin(who).await;
        let mut seen = Vec::new();
        for page in 0..5_i64 {
            let rows: Vec<(String,)> =
                query_as("SELECT reason FROM visits ORDER BY cost DESC, id LIMIT 2 OFFSET $1")
                    .bind(page * 2)
                    .fetch_all(&mut *db)
                    .await
                    .unwrap();
            seen.extend(rows);
        }
        let mut stream = query_as("SELECT reason FROM visits").fetch(&mut *db);
        while let Some(row) = stream.try_next().await.unwrap() {
            seen.push(row);
        }
        drop(stream);
        query("DECLARE c CURSOR FOR SELECT reason FROM visits").execute(&mut *db).await.unwrap();
        seen.extend(query_as("FETCH ALL FROM c").fetch_all(&mut *db).await.unwrap());
        assert_eq!(seen.len(), 27);
        assert!(seen.iter().all(|(reason,): &(String,)| reason.starts_with(who)));
    }
}

#[tokio::test]
async fn a_later_migration_ran() {
    let app = App::open().await;
    for who in CLINICS {
        let notes: Vec<(String,)> =
            query_as("SELECT DISTINCT note FROM visits").fetch_all(&mut *app.begin(who).await).await.unwrap();
        assert_eq!(notes, [("none".to_owned(),)]);
    }
}
