//! Suppressed addresses: no message is sent to them.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, UserId};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

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

/// A suppression as lists show it: with the stored words, which a newer release may have added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSuppression {
    pub id: SuppressionId,
    pub channel: String,
    pub recipient: String,
    pub reason: String,
    pub created_at: DateTime<Utc>,
    pub created_by: Option<UserId>,
}

impl SuppressionReason {
    /// Whether the recipient opted out. Then nobody else may lift the suppression.
    pub fn is_opt_out(self) -> bool {
        match self {
            Self::Stop | Self::Unsubscribed | Self::Complaint => true,
            Self::HardBounce | Self::Invalid | Self::Blocked | Self::Manual => false,
        }
    }
}

/// Whether nothing is sent to an address.
pub(crate) async fn is_suppressed(
    conn: &mut PgConnection,
    channel: Channel,
    recipient: &str,
) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from suppressions where company_id = current_company_id()
             and channel = $1 and recipient = $2) as "suppressed!""#,
        channel.as_str(),
        recipient,
    )
    .fetch_one(conn)
    .await?)
}

/// Suppresses an address. The first reason stays, except that the recipient's opt-out replaces any
/// other reason.
pub async fn suppress_recipient(
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

/// Suppresses the recipient of an effect, as [`suppress_recipient`] does. Changes nothing where the
/// effect isn't the company's, or has another id at the provider.
pub async fn suppress_effect_recipient(
    conn: &mut PgConnection,
    company: CompanyId,
    effect: EffectId,
    provider_id: &str,
    reason: SuppressionReason,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into suppressions as s (company_id, id, channel, recipient, reason, created_at)
         select m.company_id, $2, m.channel, m.recipient, $3, $4
         from effects e join messages m on m.company_id = e.company_id and m.id = e.message_id
         where e.company_id = $1 and e.id = $5 and coalesce(e.provider_id, $6) = $6
         on conflict on constraint suppressions_once do update
           set reason = excluded.reason, created_at = excluded.created_at, created_by = null
           where excluded.reason in ('stop', 'unsubscribed', 'complaint')
             and s.reason not in ('stop', 'unsubscribed', 'complaint')",
        company.0,
        SuppressionId::new().0,
        reason as SuppressionReason,
        now,
        effect.0,
        provider_id,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lifts the suppression of an effect's recipient as invalid, because a delivery proves that the
/// address exists.
pub async fn lift_invalid_recipient(
    conn: &mut PgConnection,
    effect: EffectId,
    provider_id: &str,
) -> Result<()> {
    sqlx::query!(
        "delete from suppressions s
         using effects e join messages m on m.company_id = e.company_id and m.id = e.message_id
         where e.id = $1 and coalesce(e.provider_id, $2) = $2 and s.company_id = m.company_id
           and s.channel = m.channel and s.recipient = m.recipient and s.reason = 'invalid'",
        effect.0,
        provider_id,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Suppresses an address by hand. Returns the existing suppression if there is one.
///
/// # Errors
/// `Invalid` where the recipient isn't an address of the channel.
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
        "insert into suppressions (company_id, id, channel, recipient, reason, created_at,
           created_by)
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
        r#"select id as "id: SuppressionId"
           from suppressions where channel = $1 and recipient = $2"#,
        channel.as_str(),
        recipient,
    )
    .fetch_one(&mut *conn)
    .await?;
    require_suppression(conn, id).await
}

pub async fn require_suppression(
    conn: &mut PgConnection,
    id: SuppressionId,
) -> Result<ListedSuppression> {
    sqlx::query_as!(
        ListedSuppression,
        r#"select id as "id: SuppressionId", channel, recipient, reason, created_at,
             created_by as "created_by: UserId"
           from suppressions where id = $1"#,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("suppression"))
}

/// Lifts a suppression. Only the recipient can revoke an opt-out.
///
/// # Errors
/// `NotFound`, `Conflict(asked_by_recipient)`.
pub async fn lift_suppression(conn: &mut PgConnection, id: SuppressionId) -> Result<()> {
    let reason = sqlx::query_scalar!(
        r#"select reason as "reason: SuppressionReason"
           from suppressions where id = $1 for update"#,
        id.0,
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(Error::NotFound("suppression"))?;
    if reason.is_opt_out() {
        return Err(Error::conflict(
            "asked_by_recipient",
            "only the recipient can revoke an opt-out",
        ));
    }
    sqlx::query!("delete from suppressions where id = $1", id.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Returns the newest first.
pub async fn list_suppressions(
    conn: &mut PgConnection,
    before: Option<SuppressionId>,
    limit: i64,
) -> Result<Vec<ListedSuppression>> {
    Ok(sqlx::query_as!(
        ListedSuppression,
        r#"select id as "id: SuppressionId", channel, recipient, reason, created_at,
             created_by as "created_by: UserId"
           from suppressions where $1::uuid is null or id < $1
           order by id desc limit $2"#,
        before.map(|id| id.0),
        limit,
    )
    .fetch_all(conn)
    .await?)
}
