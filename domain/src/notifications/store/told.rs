//! What providers tell afterwards: applied by rank, so that late, repeated and disordered calls end
//! in the same state, and settling what a lost answer left open.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::super::{EffectId, MessageId, MessageState};
use crate::Result;

/// So often a provider may take a message and fail with it before that is its end.
const MAX_TAKEN: i64 = 4;

/// One word of a provider on one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub state: MessageState,
    pub provider_id: String,
    pub error_code: Option<String>,
    pub failure: Failure,
}

/// What may be done about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Nothing; or there is none.
    Final,
    /// Free text wasn't let through: the approved template may be.
    WindowClosed,
    /// It passes: worth another try after this long.
    Passing(TimeDelta),
}

/// What a word changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// Nothing: late, repeated, or not of this company.
    Nothing,
    Moved,
    /// The message waits again, to go out from then on.
    SendAgain(MessageId, DateTime<Utc>),
}

struct Subject {
    id: MessageId,
    state: MessageState,
    recipient: String,
    sent_as: Option<String>,
    expires_at: Option<DateTime<Utc>>,
    provider_id: Option<String>,
    effect: String,
    /// Another try is live.
    superseded: bool,
    /// Tries that the provider took.
    taken: i64,
}

/// Applies it. An effect that isn't the company's, that has another id at the provider, or that ended
/// by a refusal changes nothing; where another try is live, only a proof of delivery counts.
///
/// # Errors
/// The database's.
pub async fn apply_told(
    conn: &mut PgConnection,
    effect: EffectId,
    told: &Told,
    now: DateTime<Utc>,
) -> Result<Applied> {
    let Some(subject) = load(conn, effect).await? else {
        return Ok(Applied::Nothing);
    };
    let another = subject
        .provider_id
        .as_ref()
        .is_some_and(|id| *id != told.provider_id);
    let refused = subject.effect == "absent" && subject.provider_id.is_some();
    let arrived = matches!(told.state, MessageState::Delivered | MessageState::Read);
    if another || refused || (subject.superseded && !arrived) {
        return Ok(Applied::Nothing);
    }
    if let Some(at) = subject.again_at(told.failure, now) {
        send_again(conn, subject.id, effect, &told.provider_id, now).await?;
        if told.failure == Failure::WindowClosed {
            super::forget_window(conn, &subject.recipient).await?;
        }
        return Ok(Applied::SendAgain(subject.id, at));
    }
    confirm(conn, effect, &told.provider_id, now).await?;
    if !subject.state.yields_to(told.state) {
        return Ok(Applied::Nothing);
    }
    sqlx::query!(
        "update messages set state = $2, provider_id = coalesce(provider_id, $3), error_code = coalesce($4, error_code),
           sent_at = coalesce(sent_at, $5),
           delivered_at = case when $2 in ('delivered', 'read') then coalesce(delivered_at, $5) else delivered_at end,
           read_at = case when $2 = 'read' then $5 else read_at end,
           ended_at = case when $2 in ('failed', 'undelivered', 'expired') then $5 end
         where id = $1",
        subject.id.0,
        told.state.as_str(),
        told.provider_id,
        told.error_code,
        now,
    )
    .execute(conn)
    .await?;
    Ok(Applied::Moved)
}

async fn load(conn: &mut PgConnection, effect: EffectId) -> Result<Option<Subject>> {
    Ok(sqlx::query_as!(
        Subject,
        r#"select m.id as "id: MessageId", m.state as "state: MessageState", m.recipient, m.sent_as, m.expires_at,
             e.provider_id, e.state as effect,
             exists (select 1 from effects o where o.company_id = e.company_id and o.message_id = e.message_id
               and o.id <> e.id and o.state <> 'absent') as "superseded!",
             (select count(*) from effects o where o.company_id = e.company_id and o.message_id = e.message_id
               and (o.id = e.id or o.provider_id is not null)) as "taken!"
           from effects e join messages m on m.company_id = e.company_id and m.id = e.message_id
           where e.id = $1 for update"#,
        effect.0,
    )
    .fetch_optional(conn)
    .await?)
}

impl Subject {
    /// When to send it once more, where that is worth it.
    fn again_at(&self, failure: Failure, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let at = match failure {
            Failure::Final => return None,
            Failure::WindowClosed if self.sent_as.as_deref() != Some("text") => return None,
            Failure::WindowClosed => now,
            Failure::Passing(wait) => now + wait,
        };
        let waits = matches!(self.state, MessageState::Queued | MessageState::Sent)
            && self.effect != "absent";
        let in_time = self.expires_at.is_none_or(|end| at < end);
        (waits && in_time && self.taken < MAX_TAKEN).then_some(at)
    }
}

/// The provider has it, whatever we thought; unless another try is live, which the index protects.
async fn confirm(
    conn: &mut PgConnection,
    effect: EffectId,
    provider_id: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update effects e set state = 'confirmed', provider_id = $2, settled_at = coalesce(settled_at, $3)
         where id = $1 and state <> 'confirmed'
           and not exists (select 1 from effects o where o.company_id = e.company_id and o.message_id = e.message_id
             and o.id <> e.id and o.state <> 'absent')",
        effect.0,
        provider_id,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn send_again(
    conn: &mut PgConnection,
    message: MessageId,
    effect: EffectId,
    provider_id: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "with refused as (
           update effects set state = 'absent', provider_id = $3, settled_at = coalesce(settled_at, $4) where id = $2)
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
