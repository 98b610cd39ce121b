//! The deletion of expired rows.

use sqlx::PgConnection;

use crate::Result;

/// Deletes ended sessions, used refresh tokens, expired resets and registrations, old windows of
/// attempts and idempotency keys older than two days. Returns the number of deleted rows. Needs the
/// engine's role.
pub async fn delete_expired(conn: &mut PgConnection) -> Result<i64> {
    Ok(
        sqlx::query_scalar!(r#"select sweep_identity() as "swept!""#)
            .fetch_one(conn)
            .await?,
    )
}
