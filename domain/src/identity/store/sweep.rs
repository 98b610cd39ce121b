//! Deletes what has no more use.

use sqlx::PgConnection;

use crate::Result;

/// Ended sessions, spent resets, old windows of tries and idempotency keys older than two days; gives
/// how many rows went. In a transaction of the engine.
///
/// # Errors
/// The database's.
pub async fn sweep(conn: &mut PgConnection) -> Result<i64> {
    Ok(
        sqlx::query_scalar!(r#"select sweep_identity() as "swept!""#)
            .fetch_one(conn)
            .await?,
    )
}
