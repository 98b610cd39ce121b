//! The pauses of the platform's senders, one for each channel: nobody's message goes out while one
//! lasts.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

use super::super::Channel;
use crate::Result;

/// Why a sender waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum PauseClass {
    /// The provider limits the sender.
    RateLimited,
    /// The provider rejects our credentials: an operator has to act.
    Misconfigured,
}

/// A pause as operators see it. It stays after its end until a message has gone out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SenderPause {
    pub channel: String,
    pub until: DateTime<Utc>,
    pub class: String,
    /// The provider's code.
    pub code: Option<String>,
    pub reason: String,
    /// The first failure since the last message that went out.
    pub since: DateTime<Utc>,
}

/// Pauses the sender of a channel; a longer pause stays.
pub async fn pause_sender(
    conn: &mut PgConnection,
    channel: Channel,
    until: DateTime<Utc>,
    (class, code, reason): (PauseClass, Option<&str>, &str),
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into sender_pauses as p (channel, until, class, code, reason, since, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)
         on conflict (channel) do update set until = greatest(p.until, excluded.until),
           class = excluded.class, code = excluded.code, reason = excluded.reason,
           updated_at = excluded.updated_at",
        channel.as_str(),
        until,
        class as PauseClass,
        code,
        reason,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns until when the sender of a channel waits; `None` where it may send now.
pub async fn find_pause_end(
    conn: &mut PgConnection,
    channel: Channel,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!(
        "select until from sender_pauses where channel = $1 and until > $2",
        channel.as_str(),
        now,
    )
    .fetch_optional(conn)
    .await?)
}

/// Lists the senders that wait, or haven't sent since they waited.
pub async fn list_sender_pauses(conn: &mut PgConnection) -> Result<Vec<SenderPause>> {
    Ok(sqlx::query_as!(
        SenderPause,
        "select channel, until, class, code, reason, since from sender_pauses order by channel",
    )
    .fetch_all(conn)
    .await?)
}
