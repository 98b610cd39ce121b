//! Connections: saving a grant, requiring a new one, ending it.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, UserId};
use sqlx::PgConnection;

use super::super::ConnectionId;
use crate::{Error, Result};

/// Returns the context that a connection's token is sealed with.
pub fn connection_context(company: CompanyId, connected_by: UserId) -> String {
    format!("ad_connections:{company}:{connected_by}")
}

/// Saves a grant. It replaces the same person's earlier one, and its accounts' refreshes continue.
pub async fn save_connection(
    conn: &mut PgConnection,
    company: CompanyId,
    user: UserId,
    sealed_token: &[u8],
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<ConnectionId> {
    let id = sqlx::query_scalar!(
        r#"insert into ad_connections
             (company_id, id, status, sealed_token, expires_at, connected_by, created_at,
              updated_at)
           values ($1, $2, 'ok', $3, $4, $5, $6, $6)
           on conflict on constraint ad_connections_once do update set
             status = 'ok', status_reason = null, sealed_token = excluded.sealed_token,
             expires_at = excluded.expires_at, updated_at = excluded.updated_at
           returning id as "id: ConnectionId""#,
        company.0,
        ConnectionId::new().0,
        sealed_token,
        expires_at,
        user.0,
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(id)
}

/// Stops a connection until somebody signs in again. Returns whether it was active until now, so
/// that the company is notified once.
pub async fn require_reauth(
    conn: &mut PgConnection,
    id: ConnectionId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let stopped = sqlx::query!(
        "update ad_connections set status = 'needs_reauth', status_reason = $2, updated_at = $3
         where id = $1 and status = 'ok'",
        id.0,
        reason,
        now,
    )
    .execute(conn)
    .await?;
    Ok(stopped.rows_affected() == 1)
}

/// Ends a connection and deletes its token; published days stay.
///
/// # Errors
/// `NotFound`, also where the connection has ended before.
pub async fn end_connection(
    conn: &mut PgConnection,
    id: ConnectionId,
    now: DateTime<Utc>,
) -> Result<()> {
    let ended = sqlx::query!(
        "update ad_connections
         set status = 'disconnected', status_reason = null, sealed_token = null, updated_at = $2
         where id = $1 and status <> 'disconnected'",
        id.0,
        now,
    )
    .execute(conn)
    .await?;
    if ended.rows_affected() == 0 {
        return Err(Error::NotFound("connection"));
    }
    Ok(())
}
