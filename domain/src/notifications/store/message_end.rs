//! How a message that the provider doesn't have ends, and how it is queued again.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::super::{MessageId, MessageState};
use crate::{Error, Result};

/// A message that couldn't be sent for this long expires.
pub const MESSAGE_LIFETIME: TimeDelta = TimeDelta::hours(6);

/// Ends a queued message that the provider doesn't have.
pub async fn end_message(
    conn: &mut PgConnection,
    message: MessageId,
    state: MessageState,
    code: &str,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update messages set state = $2, error_code = $3, error = $4, ended_at = $5
         where id = $1 and state = 'queued'",
        message.0,
        state.as_str(),
        code,
        reason,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a message that may have been sent. It isn't sent again, and a late callback may still
/// determine its state.
pub async fn mark_undetermined(
    conn: &mut PgConnection,
    message: MessageId,
    code: &str,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    end_message(conn, message, MessageState::Undetermined, code, reason, now).await
}

/// Queues a message that ended without delivery, and returns its former state. Open effects stay,
/// so a message that may have been sent is looked up before it is sent again.
///
/// # Errors
/// `NotFound`, `Conflict` where the provider has the message.
pub async fn requeue_message(
    conn: &mut PgConnection,
    message: MessageId,
    now: DateTime<Utc>,
) -> Result<MessageState> {
    let state = sqlx::query_scalar!(
        r#"select state as "state: MessageState" from messages where id = $1 for update"#,
        message.0,
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(Error::NotFound("message"))?;
    if matches!(
        state,
        MessageState::Sent | MessageState::Delivered | MessageState::Read
    ) {
        return Err(Error::conflict(
            "conflict",
            format!("the message is {}", state.as_str()),
        ));
    }
    sqlx::query!(
        "with
         -- The provider reported that these sent effects failed, so they no longer block another.
         failed as (
           update effects set state = 'absent'
           where message_id = $1 and state in ('sent', 'confirmed'))
         update messages set state = 'queued', provider_id = null, error_code = null, error = null,
           sent_at = null, ended_at = null, expires_at = $2
         where id = $1",
        message.0,
        now + MESSAGE_LIFETIME,
    )
    .execute(conn)
    .await?;
    Ok(state)
}
