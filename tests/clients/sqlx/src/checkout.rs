//! A pool whose connections belong, from checkout to return, to the token of the task that checks them out. Statements need no
//! transaction then. Only for direct connections: a pooler in transaction mode has no checkout that we could see.

use sqlx::PgConnection;
use sqlx::postgres::{PgPool, PgPoolOptions};

tokio::task_local! {
    /// Set it around a request: `TOKEN.scope(token, handler).await`.
    pub static TOKEN: String;
}

async fn present_token(connection: &mut PgConnection) -> sqlx::Result<()> {
    let token = TOKEN.try_with(Clone::clone).unwrap_or_default();
    // Without a token the setting is emptied: nobody inherits one.
    sqlx::query("SELECT set_config('watertight.token', $1, false)").bind(token).execute(connection).await?;
    Ok(())
}

async fn give_token_up(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query("RESET watertight.token").execute(connection).await?;
    Ok(())
}

pub async fn connect(options: PgPoolOptions, url: &str) -> sqlx::Result<PgPool> {
    options
        .after_connect(|connection, _| Box::pin(present_token(connection)))
        .before_acquire(|connection, _| Box::pin(async { present_token(connection).await.map(|()| true) }))
        .after_release(|connection, _| Box::pin(async { give_token_up(connection).await.map(|()| true) }))
        .connect_lazy(url)
}
