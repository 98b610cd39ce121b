//! What users do to an alert: acknowledge, snooze and resolve.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, UserId};
use serde_json::json;
use sqlx::PgConnection;

use super::super::AlertId;
use super::super::transition::Resolution;
use super::timeline::{AlertEventKind, NewEvent, record_events};
use crate::{Error, Result};

/// Acknowledges an alert, which also ends its snooze.
///
/// # Errors
/// `NotFound`, `Conflict(alert_resolved)`.
pub async fn acknowledge_alert(
    conn: &mut PgConnection,
    company: CompanyId,
    alert: AlertId,
    user: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<()> {
    let updated = sqlx::query!(
        "update alerts set state = 'acknowledged', acknowledged_at = $2, acknowledged_by = $3,
           snoozed_until = null, updated_at = $2
         where id = $1 and resolved_at is null",
        alert.0,
        now,
        user.map(|u| u.0),
    )
    .execute(&mut *conn)
    .await?;
    require_updated(conn, alert, updated.rows_affected()).await?;
    let event = NewEvent {
        alert,
        event: AlertEventKind::Acknowledged,
        details: json!({}),
    };
    record_events(conn, company, &[event], user, now).await
}

/// Withholds the alert's notifications until `until`.
///
/// # Errors
/// `NotFound`, `Conflict(alert_resolved)`, `Invalid` where `until` isn't in the future.
pub async fn snooze_alert(
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
    let updated = sqlx::query!(
        "update alerts set state = 'snoozed', snoozed_until = $2, updated_at = $3
         where id = $1 and resolved_at is null",
        alert.0,
        until,
        now,
    )
    .execute(&mut *conn)
    .await?;
    require_updated(conn, alert, updated.rows_affected()).await?;
    let event = NewEvent {
        alert,
        event: AlertEventKind::Snoozed,
        details: json!({ "until": until }),
    };
    record_events(conn, company, &[event], user, now).await
}

/// Resolves an alert by hand. The next evaluation opens another if the condition still holds.
///
/// # Errors
/// `NotFound`, `Conflict(alert_resolved)`.
pub async fn resolve_alert(
    conn: &mut PgConnection,
    company: CompanyId,
    alert: AlertId,
    user: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<()> {
    let updated = sqlx::query!(
        "update alerts set state = 'resolved', resolved_at = $2, resolved_by = $3,
           snoozed_until = null, products = 0, updated_at = $2
         where id = $1 and resolved_at is null",
        alert.0,
        now,
        user.map(|u| u.0),
    )
    .execute(&mut *conn)
    .await?;
    require_updated(conn, alert, updated.rows_affected()).await?;
    sqlx::query!(
        "update alert_items set resolved_at = $2 where alert_id = $1 and resolved_at is null",
        alert.0,
        now,
    )
    .execute(&mut *conn)
    .await?;
    let event = NewEvent {
        alert,
        event: AlertEventKind::Resolved,
        details: json!({ "reason": Resolution::ByHand.as_str() }),
    };
    record_events(conn, company, &[event], user, now).await
}

/// Ends the snoozes that are due: each alert returns to the state it had before.
pub async fn end_due_snoozes(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update alerts set
           state = case when acknowledged_at is null then 'open' else 'acknowledged' end,
           snoozed_until = null
         where state = 'snoozed' and snoozed_until <= $1",
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn require_updated(conn: &mut PgConnection, alert: AlertId, rows: u64) -> Result<()> {
    if rows > 0 {
        return Ok(());
    }
    let exists = sqlx::query_scalar!(
        r#"select exists (select 1 from alerts where id = $1) as "exists!""#,
        alert.0
    )
    .fetch_one(conn)
    .await?;
    if exists {
        Err(Error::conflict(
            "alert_resolved",
            "the alert is already resolved",
        ))
    } else {
        Err(Error::NotFound("alert"))
    }
}
