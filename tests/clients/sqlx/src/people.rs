//! Encrypted columns: what is read is cast to text, because sqlx compares the types of columns with those of the program.

use sqlx::{FromRow, PgConnection, Result, query, query_as, query_scalar};

#[derive(FromRow, Debug, PartialEq)]
pub struct Person {
    pub id: i32,
    pub name: String,
    pub ssn: String,
    pub note: Option<String>,
}

pub async fn add(db: &mut PgConnection, name: &str, ssn: &str, note: Option<&str>) -> Result<i32> {
    query_scalar("INSERT INTO people (name, ssn, note) VALUES ($1, $2, $3) RETURNING id")
        .bind(name)
        .bind(ssn)
        .bind(note)
        .fetch_one(db)
        .await
}

pub async fn by_ssn(db: &mut PgConnection, ssn: &str) -> Result<Option<Person>> {
    query_as("SELECT id, name::text, ssn::text, note::text FROM people WHERE ssn = $1")
        .bind(ssn)
        .fetch_optional(db)
        .await
}

/// Adds a person, or renames the one that has this number already.
pub async fn upsert(db: &mut PgConnection, name: &str, ssn: &str) -> Result<()> {
    query(
        "INSERT INTO people (name, ssn) VALUES ($1, $2) ON CONFLICT (ssn) DO UPDATE SET name = excluded.name",
    )
    .bind(name)
    .bind(ssn)
    .execute(db)
    .await?;
    Ok(())
}
