//! Addresses that must not be written to, and what people wrote back.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, UserId};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::super::inbound::Wish;
use super::super::{Channel, EffectId, SuppressionId};
use crate::identity::contact::{parse_country, parse_email, parse_phone};
use crate::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum SuppressionReason {
    Stop,
    Unsubscribed,
    HardBounce,
    Complaint,
    Invalid,
    Blocked,
    Manual,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSuppression {
    pub id: SuppressionId,
    pub channel: Channel,
    pub recipient: String,
    pub reason: SuppressionReason,
    pub created_at: DateTime<Utc>,
    pub created_by: Option<UserId>,
}

/// Notes that an address must not be written to. The first reason stays, but the recipient's own wish
/// replaces any other: from then on nobody else can lift it.
///
/// # Errors
/// The database's.
pub async fn suppress(
    conn: &mut PgConnection,
    company: CompanyId,
    channel: Channel,
    recipient: &str,
    reason: SuppressionReason,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into suppressions as s (company_id, id, channel, recipient, reason, created_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict on constraint suppressions_once do update
           set reason = excluded.reason, created_at = excluded.created_at, created_by = null
           where excluded.reason in ('stop', 'unsubscribed', 'complaint')
             and s.reason not in ('stop', 'unsubscribed', 'complaint')",
        company.0,
        SuppressionId::new().0,
        channel.as_str(),
        recipient,
        reason as SuppressionReason,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The same for whoever a message of the company went to; nobody for an effect that isn't there.
///
/// # Errors
/// The database's.
pub async fn suppress_recipient_of(
    conn: &mut PgConnection,
    company: CompanyId,
    effect: EffectId,
    reason: SuppressionReason,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into suppressions as s (company_id, id, channel, recipient, reason, created_at)
         select m.company_id, $2, m.channel, m.recipient, $3, $4
         from effects e join messages m on m.company_id = e.company_id and m.id = e.message_id
         where e.company_id = $1 and e.id = $5
         on conflict on constraint suppressions_once do update
           set reason = excluded.reason, created_at = excluded.created_at, created_by = null
           where excluded.reason in ('stop', 'unsubscribed', 'complaint')
             and s.reason not in ('stop', 'unsubscribed', 'complaint')",
        company.0,
        SuppressionId::new().0,
        reason as SuppressionReason,
        now,
        effect.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Suppresses an address by hand. One that is suppressed already is answered as it is.
///
/// # Errors
/// `Invalid` for what isn't an address of the channel.
pub async fn add_suppression(
    conn: &mut PgConnection,
    company: CompanyId,
    channel: Channel,
    recipient: &str,
    by: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<ListedSuppression> {
    let recipient = match channel {
        Channel::Email => parse_email("recipient", recipient)?,
        Channel::Whatsapp => {
            let code =
                sqlx::query_scalar!("select country from companies where id = $1", company.0);
            let code = code.fetch_one(&mut *conn).await?;
            parse_phone("recipient", recipient, parse_country("country", &code)?)?
        }
    };
    sqlx::query!(
        "insert into suppressions (company_id, id, channel, recipient, reason, created_at, created_by)
         values ($1, $2, $3, $4, 'manual', $5, $6)
         on conflict on constraint suppressions_once do nothing",
        company.0,
        SuppressionId::new().0,
        channel.as_str(),
        recipient,
        now,
        by.map(|user| user.0),
    )
    .execute(&mut *conn)
    .await?;
    let id = sqlx::query_scalar!(
        r#"select id as "id: SuppressionId" from suppressions where channel = $1 and recipient = $2"#,
        channel.as_str(),
        recipient,
    )
    .fetch_one(&mut *conn)
    .await?;
    find_suppression(conn, id).await
}

/// # Errors
/// `NotFound`.
pub async fn find_suppression(
    conn: &mut PgConnection,
    id: SuppressionId,
) -> Result<ListedSuppression> {
    sqlx::query_as!(
        ListedSuppression,
        r#"select id as "id: SuppressionId", channel as "channel: Channel", recipient,
             reason as "reason: SuppressionReason", created_at, created_by as "created_by: UserId"
           from suppressions where id = $1"#,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("suppression"))
}

/// Lets an address be written to again. What the recipient asked for stays: only the recipient
/// takes a STOP, an unsubscription or a complaint back.
///
/// # Errors
/// `NotFound`, `Conflict(asked_by_recipient)`.
pub async fn lift_suppression(conn: &mut PgConnection, id: SuppressionId) -> Result<()> {
    let reason = sqlx::query_scalar!(
        r#"select reason as "reason: SuppressionReason" from suppressions where id = $1 for update"#,
        id.0,
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(Error::NotFound("suppression"))?;
    if matches!(
        reason,
        SuppressionReason::Stop | SuppressionReason::Unsubscribed | SuppressionReason::Complaint
    ) {
        return Err(Error::conflict(
            "asked_by_recipient",
            "the recipient asked for it and alone can take it back",
        ));
    }
    sqlx::query!("delete from suppressions where id = $1", id.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Newest first.
///
/// # Errors
/// The database's.
pub async fn list_suppressions(
    conn: &mut PgConnection,
    before: Option<SuppressionId>,
    limit: i64,
) -> Result<Vec<ListedSuppression>> {
    Ok(sqlx::query_as!(
        ListedSuppression,
        r#"select id as "id: SuppressionId", channel as "channel: Channel", recipient,
             reason as "reason: SuppressionReason", created_at, created_by as "created_by: UserId"
           from suppressions where $1::uuid is null or id < $1 order by id desc limit $2"#,
        before.map(|id| id.0),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// Somebody wrote to the platform's number: opens the 24-hour window of every company that writes to
/// them, and obeys a STOP or a START for all of these. The same message a second time does nothing.
/// Needs no company in the transaction.
///
/// # Errors
/// The database's.
pub async fn record_inbound(
    conn: &mut PgConnection,
    provider_id: &str,
    from: &str,
    wish: Wish,
    now: DateTime<Utc>,
) -> Result<i64> {
    let reached = sqlx::query_scalar!(
        r#"select record_inbound($1, $2, $3, $4) as "companies!""#,
        provider_id,
        from,
        now,
        wish.as_str(),
    );
    Ok(reached.fetch_one(conn).await?)
}
