//! The ledger of effects: one row per provider call that may send a message. Repetitions of an
//! e-mail's call, which carry the same key, share the row.
//!
//! `effects_one_live` allows a message one effect that isn't absent, so that nothing is sent while
//! the outcome of an earlier call is open.

use std::time::Duration;

use chrono::{DateTime, Utc};
use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::super::{EffectId, SentAs};
use super::Outgoing;
use crate::Result;

#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub(super) enum EffectState {
    /// Committed before the call: after a crash the call may have happened.
    Intended,
    /// An e-mail that was not sent so far. The job's next attempt repeats the call with its key.
    Waiting,
    /// The call was made and its response lost.
    Unknown,
    /// The provider accepted the call.
    Sent,
    /// The provider's callback named the effect.
    Confirmed,
    /// Not sent: a look-up found nothing, or the provider rejected the call. A rejected effect has
    /// the provider's id if the provider returned one.
    Absent,
}

/// What the provider did is visible this long after a call at the latest. Until then a look-up may
/// miss the message.
pub const SETTLE_DELAY: Duration = Duration::from_secs(60);

/// An effect without a final outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenEffect {
    pub id: EffectId,
    pub intended_at: DateTime<Utc>,
    /// From this time on, a look-up that finds nothing proves that nothing was sent.
    pub settle_at: DateTime<Utc>,
    /// The text that was sent, without the digits of a code.
    pub body: String,
    /// An earlier call may have succeeded.
    pub unconfirmed: bool,
}

impl OpenEffect {
    /// Records the intention to call the provider, to be committed before the call. The index
    /// `effects_one_live` rejects a second live effect.
    pub async fn record_intention(
        conn: &mut PgConnection,
        company: CompanyId,
        message: &Outgoing,
        sent_as: SentAs,
        body: &str,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let effect = Self {
            id: EffectId::new(),
            intended_at: now,
            settle_at: now + SETTLE_DELAY,
            body: message.template.hide_code(body),
            unconfirmed: false,
        };
        sqlx::query!(
            "with
             message as (update messages set sent_as = $9 where id = $3)
             insert into effects (company_id, id, message_id, provider, state, recipient, body,
               intended_at, settle_at)
             values ($1, $2, $3, $4, 'intended', $5, $6, $7, $8)",
            company.0,
            effect.id.0,
            message.id.0,
            message.channel.provider_name(),
            message.recipient,
            effect.body,
            effect.intended_at,
            effect.settle_at,
            sent_as as SentAs,
        )
        .execute(conn)
        .await?;
        Ok(effect)
    }

    /// Records the intention to repeat the call, to be committed before it.
    pub async fn record_repetition(&self, conn: &mut PgConnection) -> Result<()> {
        sqlx::query!(
            "update effects set state = 'intended' where id = $1 and state = 'waiting'",
            self.id.0
        )
        .execute(conn)
        .await?;
        Ok(())
    }
}

/// Records that the provider accepted the message, with the id it returned, if any. An effect that
/// became absent meanwhile stays absent.
pub async fn record_sent(
    conn: &mut PgConnection,
    effect: EffectId,
    provider_id: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "with
         -- A callback may arrive before the response of the call; the states it set are later ones.
         effect as (
           update effects set state = case when state = 'confirmed' then state else 'sent' end,
             provider_id = coalesce(provider_id, $2), settled_at = coalesce(settled_at, $3)
           where id = $1 and state <> 'absent'
           returning company_id, message_id),
         -- The sender works again.
         resumed as (
           delete from sender_pauses p using messages m, effect
           where m.company_id = effect.company_id and m.id = effect.message_id
             and p.channel = m.channel and p.until <= $3)
         -- A message whose job ended meanwhile is undetermined.
         update messages m
         set state = case when m.state in ('queued', 'undetermined') then 'sent' else m.state end,
           provider_id = coalesce(m.provider_id, $2), sent_at = coalesce(m.sent_at, $3)
         from effect where m.company_id = effect.company_id and m.id = effect.message_id",
        effect.0,
        provider_id,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Records that the response of the call was lost. Until `settle_at` a look-up may miss the
/// message.
pub async fn mark_unknown(
    conn: &mut PgConnection,
    effect: EffectId,
    settle_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update effects set state = 'unknown', settle_at = $2
         where id = $1 and state in ('intended', 'unknown')",
        effect.0,
        settle_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Records that the call sent nothing. The job's next attempt repeats it with the same key.
pub async fn mark_waiting(conn: &mut PgConnection, effect: EffectId) -> Result<()> {
    sqlx::query!(
        "update effects set state = 'waiting' where id = $1 and state = 'intended'",
        effect.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Records that nothing was sent: the provider rejected the call, or a look-up found nothing.
/// Another effect may follow.
pub async fn mark_absent(
    conn: &mut PgConnection,
    effect: EffectId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update effects set state = 'absent', settled_at = $2
         where id = $1 and state in ('intended', 'waiting', 'unknown')",
        effect.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns those of Twilio's ids that an effect of any company holds.
pub async fn list_assigned_provider_ids(
    conn: &mut PgConnection,
    ids: &[String],
) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        r#"select assigned_provider_ids('twilio', $1) as "id!""#,
        ids
    )
    .fetch_all(conn)
    .await?)
}
