//! Idempotency keys: the key's row is written in the transaction of the effect, so whoever comes
//! second waits for the first by the row's own lock, and either sees its outcome or takes its place.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use crate::{Error, Result};

/// How Postgres calls a lock that didn't come in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// One request that carries a key. The same key means the same request only within one company, actor
/// and route.
#[derive(Debug, Clone)]
pub struct IdempotencyClaim<'a> {
    pub company: CompanyId,
    pub actor: Uuid,
    pub method: &'a str,
    pub route: &'a str,
    pub key: &'a str,
    /// SHA-256 of what was asked.
    pub fingerprint: [u8; 32],
}

/// What the first request came to; the body is rendered again from the ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub status: u16,
    pub location: Option<String>,
    pub ids: serde_json::Value,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Claimed {
    /// Nobody had it: go on, and settle before the commit.
    First,
    Replay(Stored),
}

/// Takes a key for this transaction. Waits up to two seconds for another that holds it.
///
/// # Errors
/// `Conflict(in_progress)` after the wait, `Conflict(idempotency_key_reused)` when the key came with
/// another request.
pub async fn claim_key(
    conn: &mut PgConnection,
    claim: &IdempotencyClaim<'_>,
    now: DateTime<Utc>,
) -> Result<Claimed> {
    sqlx::query!("set local lock_timeout = '2s'")
        .execute(&mut *conn)
        .await?;
    let inserted = sqlx::query!(
        "insert into idempotency_keys (company_id, actor_id, method, route, key, fingerprint, created_at)
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
            Error::conflict("in_progress", "a request with this Idempotency-Key is in progress")
        }
        _ => error.into(),
    })?;
    sqlx::query!("set local lock_timeout to default")
        .execute(&mut *conn)
        .await?;
    if inserted.rows_affected() == 1 {
        return Ok(Claimed::First);
    }
    find(conn, claim).await
}

async fn find(conn: &mut PgConnection, claim: &IdempotencyClaim<'_>) -> Result<Claimed> {
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
            "this Idempotency-Key came with another request",
        ));
    }
    Ok(Claimed::Replay(Stored {
        status: row
            .status
            .and_then(|s| u16::try_from(s).ok())
            .unwrap_or(200),
        location: row.location,
        ids: row.ids.unwrap_or_default(),
    }))
}

/// Writes what came of the request under its key.
///
/// # Errors
/// The database's.
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
