//! Idempotency keys: the key's row is written in the transaction of the effect. A second request
//! waits for the first by the row's own lock. It then replays the outcome, or takes the first's
//! place.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use crate::{Error, Result};

/// Postgres's code for a lock timeout.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// A request that carries a key. A key identifies a request only within one company, actor, method
/// and route.
#[derive(Debug, Clone)]
pub struct IdempotencyClaim<'a> {
    pub company: CompanyId,
    pub actor: Uuid,
    pub method: &'a str,
    pub route: &'a str,
    pub key: &'a str,
    /// SHA-256 of the request's content.
    pub fingerprint: [u8; 32],
}

/// The outcome of the first request; its body is rendered again from the ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub status: u16,
    pub location: Option<String>,
    pub ids: serde_json::Value,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Claimed {
    /// The key is new: execute the request, and settle the key before the commit.
    First,
    Replay(Stored),
}

/// Claims a key for this transaction. Waits up to two seconds for another transaction's claim.
///
/// # Errors
/// `Conflict(in_progress)` after the wait, `Conflict(idempotency_key_reused)` where the key belongs
/// to another request.
pub async fn claim_key(
    conn: &mut PgConnection,
    claim: &IdempotencyClaim<'_>,
    now: DateTime<Utc>,
) -> Result<Claimed> {
    sqlx::query!("set local lock_timeout = '2s'")
        .execute(&mut *conn)
        .await?;
    let inserted = sqlx::query!(
        "insert into idempotency_keys (company_id, actor_id, method, route, key, fingerprint,
                                       created_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict do nothing",
        claim.company.0,
        claim.actor,
        claim.method,
        claim.route,
        claim.key,
        claim.fingerprint.as_slice(),
        now,
    )
    .execute(&mut *conn)
    .await
    .map_err(|error| match &error {
        sqlx::Error::Database(cause) if cause.code().as_deref() == Some(LOCK_NOT_AVAILABLE) => {
            Error::conflict(
                "in_progress",
                "a request with this Idempotency-Key is in progress",
            )
        }
        _ => error.into(),
    })?;
    sqlx::query!("set local lock_timeout to default")
        .execute(&mut *conn)
        .await?;
    if inserted.rows_affected() == 1 {
        return Ok(Claimed::First);
    }
    find_outcome(conn, claim).await
}

async fn find_outcome(conn: &mut PgConnection, claim: &IdempotencyClaim<'_>) -> Result<Claimed> {
    let row = sqlx::query!(
        "select fingerprint, status, location, ids from idempotency_keys
         where company_id = $1 and actor_id = $2 and method = $3 and route = $4 and key = $5",
        claim.company.0,
        claim.actor,
        claim.method,
        claim.route,
        claim.key,
    )
    .fetch_one(conn)
    .await?;
    if row.fingerprint != claim.fingerprint {
        return Err(Error::conflict(
            "idempotency_key_reused",
            "this Idempotency-Key belongs to another request",
        ));
    }
    // A committed key without an outcome is a defect of the handler that claimed it.
    let unsettled = || sqlx::Error::Decode("idempotency key without an outcome".into());
    let status = row.status.ok_or_else(unsettled)?;
    Ok(Claimed::Replay(Stored {
        status: u16::try_from(status).map_err(|e| sqlx::Error::Decode(e.into()))?,
        location: row.location,
        ids: row.ids.ok_or_else(unsettled)?,
    }))
}

/// Whether a committed request has an outcome under the key, whatever its fingerprint.
pub async fn is_key_settled(conn: &mut PgConnection, claim: &IdempotencyClaim<'_>) -> Result<bool> {
    let is_settled = sqlx::query_scalar!(
        r#"select exists (
             select from idempotency_keys
             where company_id = $1 and actor_id = $2 and method = $3 and route = $4 and key = $5
               and status is not null) as "is_settled!""#,
        claim.company.0,
        claim.actor,
        claim.method,
        claim.route,
        claim.key,
    )
    .fetch_one(conn)
    .await?;
    Ok(is_settled)
}

/// Records the outcome of the request under its key.
pub async fn settle_key(
    conn: &mut PgConnection,
    claim: &IdempotencyClaim<'_>,
    outcome: &Stored,
) -> Result<()> {
    sqlx::query!(
        "update idempotency_keys set status = $6, location = $7, ids = $8
         where company_id = $1 and actor_id = $2 and method = $3 and route = $4 and key = $5",
        claim.company.0,
        claim.actor,
        claim.method,
        claim.route,
        claim.key,
        outcome.status.cast_signed(),
        outcome.location,
        outcome.ids,
    )
    .execute(conn)
    .await?;
    Ok(())
}
