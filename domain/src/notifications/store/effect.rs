//! The ledger of what was asked of the providers.
//!
//! | an effect is | means |
//! |---|---|
//! | intended | committed before the call: after a crash the call may have happened |
//! | waiting | an e-mail that surely didn't leave so far, to be asked for again under the same key |
//! | unknown | the call was made and its answer lost |
//! | sent, confirmed | the provider has it; confirmed where it called us back |
//! | absent | surely not done: looked up in vain, or refused, then with an id if the provider gave one |
//!
//! `effects_one_live` lets a message have one effect that isn't absent, so that nothing is sent
//! while the fate of an earlier try is open.

use chrono::{DateTime, TimeDelta, Utc};
use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::super::{Channel, EffectId};
use super::Outgoing;
use crate::Result;

/// How long after a lost call a look-up is believed to show everything.
const SETTLE: TimeDelta = TimeDelta::seconds(60);

/// A try that hasn't ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenEffect {
    pub id: EffectId,
    pub intended_at: DateTime<Utc>,
    /// From when on a look-up is believed.
    pub settle_at: DateTime<Utc>,
    /// What was sent, word for word.
    pub body: String,
    /// An earlier call may have succeeded.
    pub doubtful: bool,
}

impl OpenEffect {
    /// Writes the intention to call the provider. To be committed before the call.
    ///
    /// # Errors
    /// The database's; a second live effect is refused by the index.
    pub async fn intend(
        conn: &mut PgConnection,
        company: CompanyId,
        message: &Outgoing,
        sent_as: &str,
        body: &str,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let settle_at = now + SETTLE;
        let effect = Self {
            id: EffectId::new(),
            intended_at: now,
            settle_at,
            body: body.to_owned(),
            doubtful: false,
        };
        let provider = match message.channel {
            Channel::Whatsapp => "twilio",
            Channel::Email => "brevo",
        };
        sqlx::query!(
            "with noted as (update messages set sent_as = $9 where id = $3)
             insert into effects (company_id, id, message_id, provider, state, recipient, body, intended_at, settle_at)
             values ($1, $2, $3, $4, 'intended', $5, $6, $7, $8)",
            company.0,
            effect.id.0,
            message.id.0,
            provider,
            message.recipient,
            effect.body,
            effect.intended_at,
            effect.settle_at,
            sent_as,
        )
        .execute(conn)
        .await?;
        Ok(effect)
    }

    /// Writes that the call is about to be made again. To be committed before it.
    ///
    /// # Errors
    /// The database's.
    pub async fn intend_again(&self, conn: &mut PgConnection) -> Result<()> {
        sqlx::query!(
            "update effects set state = 'intended' where id = $1 and state = 'waiting'",
            self.id.0
        )
        .execute(conn)
        .await?;
        Ok(())
    }
}

/// The provider has the message, under `provider_id` where it told one. An effect that was found
/// absent meanwhile stays so.
///
/// # Errors
/// The database's.
pub async fn record_sent(
    conn: &mut PgConnection,
    effect: EffectId,
    provider_id: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    // A callback may have come before the answer: its state is later than this one.
    sqlx::query!(
        "with known as (
           update effects set state = case when state = 'confirmed' then state else 'sent' end,
             provider_id = coalesce(provider_id, $2), settled_at = coalesce(settled_at, $3)
           where id = $1 and state <> 'absent'
           returning company_id, message_id)
         update messages m set state = case when m.state = 'queued' then 'sent' else m.state end,
           provider_id = coalesce(m.provider_id, $2), sent_at = coalesce(m.sent_at, $3)
         from known where m.company_id = known.company_id and m.id = known.message_id",
        effect.0,
        provider_id,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The call's answer was lost: the effect may exist, and may show until `settle_at`.
///
/// # Errors
/// The database's.
pub async fn mark_unknown(
    conn: &mut PgConnection,
    effect: EffectId,
    settle_at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update effects set state = 'unknown', settle_at = $2 where id = $1 and state in ('intended', 'unknown')",
        effect.0,
        settle_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The call surely did nothing, and the next one repeats it under the same key.
///
/// # Errors
/// The database's.
pub async fn mark_waiting(conn: &mut PgConnection, effect: EffectId) -> Result<()> {
    sqlx::query!(
        "update effects set state = 'waiting' where id = $1 and state = 'intended'",
        effect.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Surely not done: refused, or looked up in vain. Another try may follow.
///
/// # Errors
/// The database's.
pub async fn mark_absent(
    conn: &mut PgConnection,
    effect: EffectId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update effects set state = 'absent', settled_at = $2 where id = $1 and state in ('intended', 'waiting', 'unknown')",
        effect.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Which of these ids of Twilio another effect has already.
///
/// # Errors
/// The database's.
pub async fn taken_provider_ids(conn: &mut PgConnection, ids: &[String]) -> Result<Vec<String>> {
    Ok(
        sqlx::query_scalar!(r#"select taken_provider_ids('twilio', $1) as "id!""#, ids)
            .fetch_all(conn)
            .await?,
    )
}
