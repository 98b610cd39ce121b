//! Inbound messages and the 24-hour window that they open for free text.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::super::inbound::InboundKeyword;
use crate::Result;
use crate::identity::list_number_forms;

/// How long WhatsApp accepts free text after an inbound message.
const WINDOW: TimeDelta = TimeDelta::hours(24);

pub(super) fn is_window_open(last_inbound_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    last_inbound_at.is_some_and(|at| now - at < WINDOW)
}

/// Records an inbound message to the platform's number: opens the window of every company that
/// writes to the sender, and applies the keyword to all of them. Whatever the message, the number
/// is no longer suppressed as invalid. A replay of the message changes nothing. Returns the number
/// of companies. The transaction needs no company.
pub async fn record_inbound(
    conn: &mut PgConnection,
    provider_id: &str,
    from: &str,
    keyword: InboundKeyword,
    now: DateTime<Utc>,
) -> Result<i64> {
    let companies = sqlx::query_scalar!(
        r#"select record_inbound($1, $2, $3, $4) as "companies!""#,
        provider_id,
        &list_number_forms(from),
        now,
        keyword.as_str(),
    );
    Ok(companies.fetch_one(conn).await?)
}

/// Deletes a window that the provider reported as closed.
pub async fn close_contact_window(conn: &mut PgConnection, recipient: &str) -> Result<()> {
    sqlx::query!(
        "delete from contact_windows where recipient = $1",
        recipient
    )
    .execute(conn)
    .await?;
    Ok(())
}
