//! Webhook events, unchanged. All functions need the engine's role.

use chrono::{DateTime, Utc};
use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::super::Subject;
use crate::{Error, Result};

/// An event of Stripe's with a verified signature.
#[derive(Debug, Clone)]
pub struct NewEvent<'a> {
    pub id: &'a str,
    pub kind: &'a str,
    /// The raw bytes, which the signature covers.
    pub body: &'a [u8],
    pub created_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    New,
    /// Stored before, with its job.
    Duplicate,
}

/// The processing state of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum EventState {
    Received,
    /// A company's job applies it.
    Routed,
    /// Its kind is not one that we use.
    Ignored,
    /// The event belongs to no company of ours.
    Unmatched,
}

/// Stores an event once. Where it fails, Stripe must receive a failure, so that it sends again.
pub async fn store_event(
    conn: &mut PgConnection,
    event: &NewEvent<'_>,
    now: DateTime<Utc>,
) -> Result<Received> {
    let stored = sqlx::query!(
        "insert into webhook_events (provider, id, kind, body, created_at, received_at)
         values ('stripe', $1, $2, $3, $4, $5)
         on conflict do nothing",
        event.id,
        event.kind,
        event.body,
        event.created_at,
        now,
    )
    .execute(conn)
    .await?;
    Ok(if stored.rows_affected() == 1 {
        Received::New
    } else {
        Received::Duplicate
    })
}

/// Loads the raw body of a stored event.
pub async fn load_event_body(conn: &mut PgConnection, id: &str) -> Result<Vec<u8>> {
    sqlx::query_scalar!(
        "select body from webhook_events where provider = 'stripe' and id = $1",
        id
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("event"))
}

pub async fn record_event_state(
    conn: &mut PgConnection,
    id: &str,
    state: EventState,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update webhook_events set state = $2, settled_at = $3
         where provider = 'stripe' and id = $1",
        id,
        state as EventState,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the company of an event's subject.
pub async fn find_event_company(
    conn: &mut PgConnection,
    subject: &Subject,
) -> Result<Option<CompanyId>> {
    let company = sqlx::query_scalar!(
        r#"select billing_company($1, $2, $3) as "company: CompanyId""#,
        subject.subscription,
        subject.customer,
        subject.company.map(|company| company.0),
    )
    .fetch_one(conn)
    .await?;
    Ok(company)
}
