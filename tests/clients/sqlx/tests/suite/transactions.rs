//! Rollback, savepoints, and statements outside of a transaction.

use sqlx::{Connection, query, query_scalar};
use watertight_sqlx_tests::clinic;
use watertight_sqlx_tests::fixture::*;

#[tokio::test]
async fn rollback_and_drop() {
    let app = App::open().await;
    for who in CLINICS {
        let mut db = app.begin(who).await;
        query("UPDATE visits SET reason = 'never'").execute(&mut *db).await.unwrap();
        db.rollback().await.unwrap();
        let mut db = app.begin(who).await;
        query("UPDATE visits SET reason = 'never'").execute(&mut *db).await.unwrap();
        drop(db);
    }
    assert_eq!(truth("SELECT count(*) FROM visits WHERE reason = 'never'").await, 0);
}

#[tokio::test]
async fn savepoints() {
    let app = App::open().await;
    for who in CLINICS {
        let mut db = app.begin(who).await;
        let mut inner = db.begin().await.unwrap();
        clinic::add_label(&mut inner, "kept").await.unwrap();
        inner.commit().await.unwrap();
        let mut inner = db.begin().await.unwrap();
        let twice = clinic::add_doctor(&mut inner, &format!("0@{who}.example"), "twice").await;
        refused(twice, "23505", "unique");
        inner.rollback().await.unwrap();
        // After ROLLBACK TO the token is still there, and still the same.
        let tenant: String = query_scalar("SELECT watertight.tenant()").fetch_one(&mut *db).await.unwrap();
        assert_eq!(tenant, who);
        let mut inner = db.begin().await.unwrap();
        query("DELETE FROM visit_labels").execute(&mut *inner).await.unwrap();
        inner.rollback().await.unwrap();
        db.commit().await.unwrap();
    }
    assert_eq!(truth("SELECT count(*) FROM labels WHERE name = 'kept'").await, 2);
    assert_eq!(truth("SELECT count(*) FROM visit_labels").await, 12);
}

#[tokio::test]
async fn an_error_leaves_nothing_behind() {
    let app = App::open().await;
    for who in CLINICS {
        let mut db = app.begin(who).await;
        query("SELECT 1/0").execute(&mut *db).await.unwrap_err();
        drop(db);
        no_context(clinic::patients(&mut app.pool.acquire().await.unwrap()).await);
    }
}

#[tokio::test]
async fn outside_of_a_transaction() {
    let app = App::open().await;
    let mut db = app.pool.acquire().await.unwrap();
    let begin = query("SELECT watertight.begin($1)").bind(token("north"));
    begin.execute(&mut *db).await.unwrap();
    no_context(clinic::patients(&mut db).await);
    no_context(clinic::turnover(&mut db).await);
    no_context(clinic::add_label(&mut db, "x").await);
    no_context(query("DELETE FROM visit_labels").execute(&mut *db).await);
    no_context(query("SELECT name FROM patients").fetch_all(&app_pool_without_transaction(&app)).await);
}

fn app_pool_without_transaction(app: &App) -> sqlx::PgPool {
    sqlx::postgres::PgPoolOptions::new()
        .max_connections(1)
        .connect_lazy_with((*app.pool.connect_options()).clone())
}
