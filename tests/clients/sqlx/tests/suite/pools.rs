//! Pools that serve both clinics.

use sqlx::postgres::PgPoolOptions;
use sqlx::{PgPool, query_as, query_scalar};
use std::time::Duration;
use watertight_sqlx_tests::checkout::{self, TOKEN};
use watertight_sqlx_tests::clinic;
use watertight_sqlx_tests::fixture::*;
use watertight_sqlx_tests::tenant::TenantPool;

/// How many of these rows are not this clinic's.
fn strangers(rows: &[(String, i32)], who: &str) -> usize {
    rows.iter().filter(|(name, _)| !name.starts_with(who)).count()
}

const NAMES: &str = "SELECT name, pg_backend_pid() FROM patients";

#[tokio::test]
async fn one_connection_for_both_a_thousand_times() {
    let app = App::open().await;
    let (mut seen, mut crossed, mut refusals) = (0, 0, 0);
    let mut backends = std::collections::BTreeSet::new();
    for _ in 0..500 {
        for who in CLINICS {
            let mut db = app.begin(who).await;
            let rows: Vec<(String, i32)> = query_as(NAMES).fetch_all(&mut *db).await.unwrap();
            db.commit().await.unwrap();
            seen += rows.len();
            crossed += strangers(&rows, who);
            backends.extend(rows.iter().map(|(_, pid)| *pid));
        }
        match clinic::patients(&mut app.pool.begin().await.unwrap()).await {
            Ok(rows) => crossed += rows.len(),
            Err(_) => refusals += 1,
        }
    }
    println!(
        "{seen} rows read over {} connection, {refusals} refused, {crossed} of another tenant",
        backends.len()
    );
    assert_eq!((seen, crossed, refusals, backends.len()), (3000, 0, 500, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_on_two_connections() {
    let _app = App::open().await;
    let pool = PgPoolOptions::new()
        .max_connections(2)
        .acquire_timeout(Duration::from_secs(60))
        .connect_lazy_with(app_options());
    let tasks: Vec<_> = (0..100).map(|n| tokio::spawn(crowd_member(pool.clone(), CLINICS[n % 2]))).collect();
    let (mut seen, mut crossed) = (0, 0);
    for task in tasks {
        let (more, strange) = task.await.unwrap();
        seen += more;
        crossed += strange;
    }
    println!("{seen} rows read by 100 tasks over 2 connections, {crossed} of another tenant");
    assert_eq!((seen, crossed), (3000, 0));
    assert_eq!(truth("SELECT count(DISTINCT logins) FROM doctors WHERE logins = 500").await, 1);
}

async fn crowd_member(pool: PgPool, who: &str) -> (usize, usize) {
    let tenant = TenantPool::new(&pool, token(who));
    let (mut seen, mut crossed) = (0, 0);
    for _ in 0..10 {
        let mut db = tenant.begin().await.unwrap();
        let rows: Vec<(String, i32)> = query_as(NAMES).fetch_all(&mut *db).await.unwrap();
        sqlx::query("UPDATE doctors SET logins = logins + 1").execute(&mut *db).await.unwrap();
        db.commit().await.unwrap();
        seen += rows.len();
        crossed += strangers(&rows, who);
    }
    (seen, crossed)
}

#[tokio::test]
async fn a_cancelled_request_leaves_nothing_behind() {
    let app = App::open().await;
    for who in CLINICS {
        let work = async {
            let mut db = app.begin(who).await;
            sqlx::query("SELECT pg_sleep(1), name FROM patients").fetch_all(&mut *db).await
        };
        tokio::time::timeout(Duration::from_millis(200), work).await.unwrap_err();
        no_context(clinic::patients(&mut app.pool.acquire().await.unwrap()).await);
        let rows = clinic::patients(&mut *app.begin(other(who)).await).await.unwrap();
        assert!(rows.iter().all(|row| row.name.starts_with(other(who))));
    }
}

#[tokio::test]
async fn tokens_at_checkout() {
    let _app = App::open().await;
    let pool = checkout::connect(PgPoolOptions::new().max_connections(1), &env("WT_APP_URL")).await.unwrap();
    // A connection that is new, and made for somebody without a token.
    no_context(query_as::<_, (String, i32)>(NAMES).fetch_all(&pool).await);
    let (mut seen, mut crossed) = (0, 0);
    for _ in 0..300 {
        for who in CLINICS {
            // No transaction: every statement checks a connection out.
            let rows: Vec<(String, i32)> =
                TOKEN.scope(token(who), query_as(NAMES).fetch_all(&pool)).await.unwrap();
            seen += rows.len();
            crossed += strangers(&rows, who);
        }
        no_context(query_as::<_, (String, i32)>(NAMES).fetch_all(&pool).await);
    }
    println!("{seen} rows read over one connection, {crossed} of another tenant");
    assert_eq!((seen, crossed), (1800, 0));
}

#[tokio::test]
async fn tokens_at_checkout_of_a_new_connection() {
    let _app = App::open().await;
    for who in CLINICS {
        let pool =
            checkout::connect(PgPoolOptions::new().max_connections(1), &env("WT_APP_URL")).await.unwrap();
        let tenant: String = TOKEN
            .scope(token(who), query_scalar("SELECT watertight.tenant()").fetch_one(&pool))
            .await
            .unwrap();
        assert_eq!(tenant, who);
        no_context(query_as::<_, (String, i32)>(NAMES).fetch_all(&pool).await);
    }
}

#[tokio::test]
async fn bad_tokens_at_checkout() {
    let _app = App::open().await;
    let options = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(2));
    let pool = checkout::connect(options, &env("WT_APP_URL")).await.unwrap();
    for bad in ["WT_TOKEN_FORGED", "WT_TOKEN_EXPIRED"] {
        TOKEN.scope(env(bad), query_as::<_, (String, i32)>(NAMES).fetch_all(&pool)).await.unwrap_err();
        for who in CLINICS {
            let rows: Vec<(String, i32)> =
                TOKEN.scope(token(who), query_as(NAMES).fetch_all(&pool)).await.unwrap();
            assert_eq!((rows.len(), strangers(&rows, who)), (3, 0));
        }
    }
}
