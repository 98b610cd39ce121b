//! Delivery statuses: what a provider reports about a message after the call. They are applied by
//! rank, so that late, repeated and reordered callbacks lead to the same state. A status also
//! determines the effect whose response was lost.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::super::{EffectId, MessageId, MessageState, SentAs};
use super::close_contact_window;
use super::effect::EffectState;
use crate::Result;

/// A message fails for good after the provider accepted it this often.
const MAX_ACCEPTED_EFFECTS: i64 = 4;

/// A provider's report on one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryStatus {
    pub state: MessageState,
    pub provider_id: String,
    pub error_code: Option<String>,
    pub failure: DeliveryFailure,
}

/// Whether a failed message may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryFailure {
    /// No failure, or one that another attempt doesn't change.
    Final,
    /// The channel rejected free text. The approved template may be accepted.
    WindowClosed,
    /// Worth another attempt after this time.
    Temporary(TimeDelta),
}

/// What a delivery status changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// Nothing: the status is late, repeated, or not of this company.
    Ignored,
    Recorded,
    /// The message is queued again, to be sent at this time.
    Resend(MessageId, DateTime<Utc>),
}

/// An effect with its message.
struct EffectRow {
    id: MessageId,
    state: MessageState,
    recipient: String,
    sent_as: Option<SentAs>,
    expires_at: Option<DateTime<Utc>>,
    provider_id: Option<String>,
    effect_state: EffectState,
    /// Another effect of the message is live.
    superseded: bool,
    /// Effects of the message that the provider accepted.
    accepted: i64,
}

/// Records a delivery status. It changes nothing where the effect isn't the company's, has another
/// provider id, or was rejected. Where another effect is live, only a delivery counts.
pub async fn record_delivery_status(
    conn: &mut PgConnection,
    effect: EffectId,
    status: &DeliveryStatus,
    now: DateTime<Utc>,
) -> Result<DeliveryOutcome> {
    let Some(row) = lock_effect(conn, effect).await? else {
        return Ok(DeliveryOutcome::Ignored);
    };
    if !row.accepts_status(status) {
        return Ok(DeliveryOutcome::Ignored);
    }
    if let Some(at) = row.resend_at(status.failure, now) {
        requeue_failed(conn, row.id, effect, &status.provider_id, now).await?;
        if status.failure == DeliveryFailure::WindowClosed {
            close_contact_window(conn, &row.recipient).await?;
        }
        return Ok(DeliveryOutcome::Resend(row.id, at));
    }
    confirm_effect(conn, effect, &status.provider_id, now).await?;
    if !row.state.is_replaced_by(status.state) {
        return Ok(DeliveryOutcome::Ignored);
    }
    sqlx::query!(
        "update messages set state = $2, provider_id = coalesce(provider_id, $3),
           error_code = coalesce($4, error_code), sent_at = coalesce(sent_at, $5),
           delivered_at = case when $2 in ('delivered', 'read') then coalesce(delivered_at, $5)
             else delivered_at end,
           read_at = case when $2 = 'read' then $5 else read_at end,
           ended_at = case when $2 in ('failed', 'undelivered', 'expired') then $5 end
         where id = $1",
        row.id.0,
        status.state.as_str(),
        status.provider_id,
        status.error_code,
        now,
    )
    .execute(conn)
    .await?;
    Ok(DeliveryOutcome::Recorded)
}

async fn lock_effect(conn: &mut PgConnection, effect: EffectId) -> Result<Option<EffectRow>> {
    Ok(sqlx::query_as!(
        EffectRow,
        r#"select m.id as "id: MessageId", m.state as "state: MessageState", m.recipient,
             m.sent_as as "sent_as: SentAs", m.expires_at, e.provider_id,
             e.state as "effect_state: EffectState",
             exists (select 1 from effects o where o.company_id = e.company_id
               and o.message_id = e.message_id and o.id <> e.id
               and o.state <> 'absent') as "superseded!",
             (select count(*) from effects o where o.company_id = e.company_id
               and o.message_id = e.message_id
               and (o.id = e.id or o.provider_id is not null)) as "accepted!"
           from effects e join messages m on m.company_id = e.company_id and m.id = e.message_id
           where e.id = $1 for update"#,
        effect.0,
    )
    .fetch_optional(conn)
    .await?)
}

impl EffectRow {
    fn accepts_status(&self, status: &DeliveryStatus) -> bool {
        let provider_id = self.provider_id.as_ref();
        let other_id = provider_id.is_some_and(|id| *id != status.provider_id);
        let rejected = self.effect_state == EffectState::Absent && provider_id.is_some();
        let delivered = matches!(status.state, MessageState::Delivered | MessageState::Read);
        !other_id && !rejected && (!self.superseded || delivered)
    }

    /// Returns when to send the message again; `None` = not at all.
    fn resend_at(&self, failure: DeliveryFailure, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let at = match failure {
            DeliveryFailure::Final => return None,
            DeliveryFailure::WindowClosed if self.sent_as != Some(SentAs::Text) => return None,
            DeliveryFailure::WindowClosed => now,
            DeliveryFailure::Temporary(wait) => now + wait,
        };
        let undelivered = matches!(self.state, MessageState::Queued | MessageState::Sent)
            && self.effect_state != EffectState::Absent;
        let in_time = self.expires_at.is_none_or(|end| at < end);
        (undelivered && in_time && self.accepted < MAX_ACCEPTED_EFFECTS).then_some(at)
    }
}

/// Records that the provider has the message, unless another effect of it is live, which
/// `effects_one_live` would reject.
async fn confirm_effect(
    conn: &mut PgConnection,
    effect: EffectId,
    provider_id: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update effects e set state = 'confirmed', provider_id = $2,
           settled_at = coalesce(settled_at, $3)
         where id = $1 and state <> 'confirmed'
           and not exists (select 1 from effects o where o.company_id = e.company_id
             and o.message_id = e.message_id and o.id <> e.id and o.state <> 'absent')",
        effect.0,
        provider_id,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn requeue_failed(
    conn: &mut PgConnection,
    message: MessageId,
    effect: EffectId,
    provider_id: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "with
         -- The failed effect no longer blocks another one; its provider id marks it as rejected.
         failed as (
           update effects set state = 'absent', provider_id = $3,
             settled_at = coalesce(settled_at, $4)
           where id = $2)
         update messages set state = 'queued', provider_id = null, sent_at = null where id = $1",
        message.0,
        effect.0,
        provider_id,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
