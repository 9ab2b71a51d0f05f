//! Tokens that are missing, wrong, or no longer good.

use std::time::Duration;
use watertight_sqlx_tests::clinic;
use watertight_sqlx_tests::fixture::*;

#[tokio::test]
async fn missing() {
    let app = App::open().await;
    no_context(clinic::patients(&mut app.pool.begin().await.unwrap()).await);
    no_context(clinic::turnover(&mut app.pool.begin().await.unwrap()).await);
    no_context(clinic::add_label(&mut app.pool.begin().await.unwrap(), "x").await);
}

#[tokio::test]
async fn forged_expired_and_rubbish() {
    let app = App::open().await;
    let cut = token("north")[..100].to_owned();
    let refusals = [
        (env("WT_TOKEN_FORGED"), "signature"),
        (env("WT_TOKEN_EXPIRED"), "expired"),
        (cut, ""),
        (String::new(), ""),
        ("null".to_owned(), ""),
    ];
    for (bad, message) in refusals {
        refused(app.acting_with(&bad).begin().await.map(|_| ()), "28000", message);
        // The connection is as good as new.
        for who in CLINICS {
            assert_eq!(clinic::patients(&mut *app.begin(who).await).await.unwrap().len(), 3);
        }
    }
}

#[tokio::test]
async fn of_an_unknown_tenant() {
    let app = App::open().await;
    let result = match app.acting_with(&env("WT_TOKEN_NOBODY")).begin().await {
        Ok(mut db) => clinic::patients(&mut db).await.map(|_| ()),
        Err(error) => Err(error),
    };
    refused(result, "28000", "tenant that does not exist");
}

#[tokio::test]
async fn expires_between_two_statements() {
    let app = App::open().await;
    let mut db = app.acting_with(&sign(&["--tenant", "north", "--exp-in", "2"])).begin().await.unwrap();
    assert_eq!(clinic::patients(&mut db).await.unwrap().len(), 3);
    tokio::time::sleep(Duration::from_secs(3)).await;
    refused(clinic::patients(&mut db).await, "28000", "expired");
}

#[tokio::test]
async fn revoked_between_two_statements() {
    let app = App::open().await;
    let mut db = app.acting_with(&sign(&["--tenant", "north", "--jti", "t-4"])).begin().await.unwrap();
    assert_eq!(clinic::patients(&mut db).await.unwrap().len(), 3);
    admin("SELECT watertight.revoke_token('t-4')").await;
    refused(clinic::patients(&mut db).await, "28000", "revoked");
}

#[tokio::test]
async fn suspended_and_resumed() {
    let app = App::open().await;
    let mut db = app.begin("north").await;
    admin("SELECT watertight.suspend_tenant('north')").await;
    refused(clinic::patients(&mut db).await, "28000", "suspended");
    drop(db);
    assert_eq!(clinic::patients(&mut *app.begin("south").await).await.unwrap().len(), 3);
    admin("SELECT watertight.resume_tenant('north')").await;
    assert_eq!(clinic::patients(&mut *app.begin("north").await).await.unwrap().len(), 3);
}
