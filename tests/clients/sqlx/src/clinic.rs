//! A clinic as any sqlx application would write it.

use sqlx::{FromRow, PgConnection, Result, query, query_as, query_scalar};

#[derive(FromRow, Debug, PartialEq)]
pub struct Patient {
    pub id: i32,
    pub name: String,
}

#[derive(FromRow, Debug)]
pub struct Seen {
    pub patient: String,
    pub reason: String,
    pub doctor: Option<String>,
}

pub async fn add_patient(db: &mut PgConnection, id: i32, name: &str) -> Result<()> {
    query("INSERT INTO patients (id, name) VALUES ($1, $2)").bind(id).bind(name).execute(db).await?;
    Ok(())
}

pub async fn patient(db: &mut PgConnection, id: i32) -> Result<Option<Patient>> {
    query_as("SELECT id, name FROM patients WHERE id = $1").bind(id).fetch_optional(db).await
}

pub async fn patients(db: &mut PgConnection) -> Result<Vec<Patient>> {
    query_as("SELECT id, name FROM patients ORDER BY id").fetch_all(db).await
}

pub async fn add_doctor(db: &mut PgConnection, email: &str, name: &str) -> Result<i32> {
    query_scalar("INSERT INTO doctors (email, name) VALUES ($1, $2) RETURNING id")
        .bind(email)
        .bind(name)
        .fetch_one(db)
        .await
}

/// Adds a doctor, or renames the one that has this address already.
pub async fn upsert_doctor(db: &mut PgConnection, email: &str, name: &str) -> Result<i32> {
    query_scalar(
        "INSERT INTO doctors (email, name) VALUES ($1, $2)
         ON CONFLICT (email) DO UPDATE SET name = excluded.name, logins = doctors.logins + 1 RETURNING logins",
    )
    .bind(email)
    .bind(name)
    .fetch_one(db)
    .await
}

pub async fn add_visit(
    db: &mut PgConnection,
    patient: i32,
    doctor: Option<i32>,
    reason: &str,
    cost: i64,
) -> Result<i32> {
    query_scalar(
        "INSERT INTO visits (patient_id, doctor_id, reason, cost) VALUES ($1, $2, $3, $4) RETURNING id",
    )
    .bind(patient)
    .bind(doctor)
    .bind(reason)
    .bind(cost)
    .fetch_one(db)
    .await
}

pub async fn label_visit(db: &mut PgConnection, visit: i32, label: i32) -> Result<()> {
    query("INSERT INTO visit_labels (visit_id, label_id) VALUES ($1, $2)")
        .bind(visit)
        .bind(label)
        .execute(db)
        .await?;
    Ok(())
}

pub async fn add_label(db: &mut PgConnection, name: &str) -> Result<i32> {
    query_scalar("INSERT INTO labels (name) VALUES ($1) RETURNING id").bind(name).fetch_one(db).await
}

pub async fn everything_seen(db: &mut PgConnection) -> Result<Vec<Seen>> {
    query_as(
        "SELECT p.name AS patient, v.reason, d.name AS doctor
         FROM patients p JOIN visits v ON v.patient_id = p.id LEFT JOIN doctors d ON d.id = v.doctor_id",
    )
    .fetch_all(db)
    .await
}

/// Number and total cost of all visits.
pub async fn turnover(db: &mut PgConnection) -> Result<(i64, i64)> {
    query_as("SELECT count(*), coalesce(sum(cost), 0)::bigint FROM visits").fetch_one(db).await
}
