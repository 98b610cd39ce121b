//! Meta's limits that hold for more than one ad account.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::super::ConnectionId;
use crate::Result;

/// What a limit holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitBucket {
    /// Every refresh.
    App,
    /// The refreshes with one connection's token.
    Connection(ConnectionId),
}

const APP_BUCKET: &str = "app";

impl LimitBucket {
    fn name(self) -> String {
        match self {
            Self::App => APP_BUCKET.to_owned(),
            Self::Connection(id) => id.to_string(),
        }
    }
}

/// Records that the bucket's refreshes wait; a longer wait stays.
pub async fn record_limit(
    conn: &mut PgConnection,
    bucket: LimitBucket,
    until: DateTime<Utc>,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into ad_limits as l (bucket, until, reason, updated_at) values ($1, $2, $3, $4)
         on conflict (bucket) do update set until = greatest(l.until, excluded.until),
           reason = excluded.reason, updated_at = excluded.updated_at",
        bucket.name(),
        until,
        reason,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns until when the refreshes with a connection's token wait; `None` where they may run.
pub async fn find_limit_end(
    conn: &mut PgConnection,
    connection: ConnectionId,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!(
        "select max(until) from ad_limits where bucket in ($1, $2) and until > $3",
        APP_BUCKET,
        LimitBucket::Connection(connection).name(),
        now,
    )
    .fetch_one(conn)
    .await?)
}
