//! What people do to an alert: acknowledge it, put it to sleep, end it.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, UserId, Uuid};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::super::AlertId;
use crate::{Error, Result};

/// Somebody takes care of it.
///
/// # Errors
/// `NotFound`, `Conflict(alert_resolved)`.
pub async fn acknowledge(
    conn: &mut PgConnection,
    company: CompanyId,
    alert: AlertId,
    user: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<()> {
    let done = sqlx::query!(
        "update alerts set state = 'acknowledged', acknowledged_at = $2, acknowledged_by = $3, snoozed_until = null,
           updated_at = $2
         where id = $1 and resolved_at is null",
        alert.0,
        now,
        user.map(|u| u.0),
    )
    .execute(&mut *conn)
    .await?;
    changed(conn, alert, done.rows_affected()).await?;
    note(conn, company, alert, "acknowledged", json!({}), user, now).await
}

/// Nobody is told of its changes until then.
///
/// # Errors
/// `NotFound`, `Conflict(alert_resolved)`, `Invalid` for a time that is past.
pub async fn snooze(
    conn: &mut PgConnection,
    company: CompanyId,
    alert: AlertId,
    until: DateTime<Utc>,
    user: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<()> {
    if until <= now {
        return Err(Error::invalid(
            "until",
            "in_the_past",
            "must be in the future",
        ));
    }
    let done = sqlx::query!(
        "update alerts set state = 'snoozed', snoozed_until = $2, updated_at = $3
         where id = $1 and resolved_at is null",
        alert.0,
        until,
        now,
    )
    .execute(&mut *conn)
    .await?;
    changed(conn, alert, done.rows_affected()).await?;
    note(
        conn,
        company,
        alert,
        "snoozed",
        json!({ "until": until }),
        user,
        now,
    )
    .await
}

/// Ends it by hand; where its cause is still there, the next evaluation opens another.
///
/// # Errors
/// `NotFound`, `Conflict(alert_resolved)`.
pub async fn resolve(
    conn: &mut PgConnection,
    company: CompanyId,
    alert: AlertId,
    user: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<()> {
    let done = sqlx::query!(
        "update alerts set state = 'resolved', resolved_at = $2, resolved_by = $3, snoozed_until = null, products = 0,
           updated_at = $2
         where id = $1 and resolved_at is null",
        alert.0,
        now,
        user.map(|u| u.0),
    )
    .execute(&mut *conn)
    .await?;
    changed(conn, alert, done.rows_affected()).await?;
    sqlx::query!(
        "update alert_items set resolved_at = $2 where alert_id = $1 and resolved_at is null",
        alert.0,
        now,
    )
    .execute(&mut *conn)
    .await?;
    note(
        conn,
        company,
        alert,
        "resolved",
        json!({ "reason": "by_hand" }),
        user,
        now,
    )
    .await
}

/// Reopens the alerts whose sleep is over.
///
/// # Errors
/// The database's.
pub async fn wake_snoozed(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update alerts set state = case when acknowledged_at is null then 'open' else 'acknowledged' end,
           snoozed_until = null
         where state = 'snoozed' and snoozed_until <= $1",
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn changed(conn: &mut PgConnection, alert: AlertId, rows: u64) -> Result<()> {
    if rows > 0 {
        return Ok(());
    }
    let known = sqlx::query_scalar!(
        "select exists (select 1 from alerts where id = $1)",
        alert.0
    );
    match known.fetch_one(conn).await? {
        Some(true) => Err(Error::conflict(
            "alert_resolved",
            "the alert is resolved already",
        )),
        _ => Err(Error::NotFound("alert")),
    }
}

async fn note(
    conn: &mut PgConnection,
    company: CompanyId,
    alert: AlertId,
    event: &str,
    details: Value,
    user: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into alert_events (company_id, id, alert_id, at, event, details, actor_id)
         values ($1, $2, $3, $4, $5, $6, $7)",
        company.0,
        Uuid::now_v7(),
        alert.0,
        now,
        event,
        details,
        user.map(|u| u.0),
    )
    .execute(conn)
    .await?;
    Ok(())
}
