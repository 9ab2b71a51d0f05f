//! A pool as one request sees it: its transactions belong to the token of the request.

use sqlx::{PgPool, Postgres, Transaction};

/// What a request handler gets in place of the pool.
#[derive(Clone)]
pub struct TenantPool {
    pool: PgPool,
    token: String,
}

impl TenantPool {
    pub fn new(pool: &PgPool, token: impl Into<String>) -> TenantPool {
        TenantPool { pool: pool.clone(), token: token.into() }
    }

    pub async fn begin(&self) -> sqlx::Result<Transaction<'static, Postgres>> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("SELECT watertight.begin($1)").bind(&self.token).execute(&mut *transaction).await?;
        Ok(transaction)
    }
}
