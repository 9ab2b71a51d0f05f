//! Two clinics, and the truth as a superuser sees it.

use crate::clinic;
use crate::tenant::TenantPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, Error, PgConnection, PgPool, Postgres, Transaction};
use std::path::Path;
use tokio::sync::OnceCell;

pub const CLINICS: [&str; 2] = ["north", "south"];

pub fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name}: run this by run.sh"))
}

pub fn token(clinic: &str) -> String {
    env(&format!("WT_TOKEN_{}", clinic.to_uppercase()))
}

pub fn other(clinic: &str) -> &'static str {
    if clinic == "north" { "south" } else { "north" }
}

/// A token with other claims than the fixture's.
pub fn sign(options: &[&str]) -> String {
    let mut command = std::process::Command::new(env("WT_MINT"));
    let output =
        command.args(["sign", "--key", &env("WT_KEY"), "--iss", &env("WT_ISSUER")]).args(options).output();
    String::from_utf8(output.unwrap().stdout).unwrap().trim().to_owned()
}

async fn admin_connection() -> PgConnection {
    PgConnection::connect(&env("WT_ADMIN_URL")).await.unwrap()
}

/// Runs SQL as superuser, whom row security does not bind.
pub async fn admin(sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin_connection().await).await.unwrap();
}

/// One number, as superuser; `north()` and `south()` stand for the tenants' ids.
pub async fn truth(sql: &str) -> i64 {
    let id = |name: &str| format!("'{}'::uuid", env(name));
    let sql = sql.replace("north()", &id("WT_NORTH")).replace("south()", &id("WT_SOUTH"));
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut admin_connection().await).await.unwrap()
}

/// The application's own migrations, an administrator's step, and a later migration.
async fn migrate() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let migrations = sqlx::migrate::Migrator::new(root.join("migrations")).await.unwrap();
    let mut owner = PgConnection::connect(&env("WT_OWNER_URL")).await.unwrap();
    migrations.run_to(1, &mut owner).await.unwrap();
    admin(&std::fs::read_to_string(root.join("../common/protect.sql")).unwrap()).await;
    migrations.run(&mut owner).await.unwrap();
}

/// An application with one connection, after both clinics have written the same ids and nearly the same names.
pub struct App {
    pub pool: PgPool,
}

impl App {
    pub async fn open() -> App {
        static MIGRATED: OnceCell<()> = OnceCell::const_new();
        MIGRATED.get_or_init(migrate).await;
        admin("TRUNCATE doctors, labels, visits, visit_labels, patients RESTART IDENTITY").await;
        let app = App { pool: PgPoolOptions::new().max_connections(1).connect_lazy_with(app_options()) };
        for clinic in CLINICS {
            let mut db = app.begin(clinic).await;
            fill(&mut db, clinic).await.unwrap();
            db.commit().await.unwrap();
        }
        app
    }

    pub fn acting_with(&self, token: &str) -> TenantPool {
        TenantPool::new(&self.pool, token)
    }

    pub async fn begin(&self, clinic: &str) -> Transaction<'static, Postgres> {
        self.acting_with(&token(clinic)).begin().await.unwrap()
    }
}

pub fn app_options() -> PgConnectOptions {
    env("WT_APP_URL").parse().unwrap()
}

async fn fill(db: &mut PgConnection, who: &str) -> sqlx::Result<()> {
    let lab = clinic::add_label(db, "lab").await?;
    let mut doctors = Vec::new();
    for n in 0..3 {
        doctors.push(clinic::add_doctor(db, &format!("{n}@{who}.example"), &format!("Dr {who} {n}")).await?);
    }
    for id in 123..=125 {
        clinic::add_patient(db, id, &format!("{who} patient {id}")).await?;
        for (n, cost) in (0_usize..3).zip([10, 20, 30]) {
            let visit = clinic::add_visit(db, id, Some(doctors[n]), &format!("{who} {n}"), cost).await?;
            if n > 0 {
                clinic::label_visit(db, visit, lab).await?;
            }
        }
    }
    Ok(())
}

/// The statement was refused with this SQLSTATE, and the message says so.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(result: Result<T, Error>, sqlstate: &str, message: &str) {
    let error = result.expect_err("it must be refused");
    let database = error.as_database_error().unwrap_or_else(|| panic!("{error:?}"));
    assert_eq!(database.code().as_deref(), Some(sqlstate), "{error}");
    assert!(database.message().contains(message), "{error}");
}

#[track_caller]
pub fn no_context<T: std::fmt::Debug>(result: Result<T, Error>) {
    refused(result, "28000", "no tenant context");
}
