//! One message on its way out, and the ledger of what was asked of its provider.
//!
//! | an effect is | means |
//! |---|---|
//! | intended | committed before the call: after a crash the call may have happened |
//! | unknown | the call was made and its answer lost |
//! | sent, confirmed | the provider has it; confirmed where it called us back |
//! | absent | surely not done: refused, or looked up in vain |
//!
//! `effects_one_live` lets a message have one effect that isn't absent, so that nothing is sent
//! while the fate of an earlier try is open.

use chrono::{DateTime, TimeDelta, Utc};
use platform::ids::{CompanyId, Uuid};
use serde_json::Value;
use sqlx::PgConnection;

use super::super::{Channel, EffectId, MessageId, MessageState, Template};
use crate::Result;
use crate::identity::Language;

/// How long after a lost call a look-up is believed to show everything.
const SETTLE: TimeDelta = TimeDelta::seconds(60);
/// WhatsApp lets free text through for so long after the recipient wrote.
const WINDOW: TimeDelta = TimeDelta::hours(24);

/// A message to be put into words and sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    pub id: MessageId,
    pub channel: Channel,
    pub recipient: String,
    pub language: Language,
    pub template: Template,
    pub variables: Value,
    pub alert_id: Option<Uuid>,
    pub expires_at: Option<DateTime<Utc>>,
    /// The recipient wrote in the last 24 hours.
    pub window_open: bool,
}

/// An earlier try whose fate is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenEffect {
    pub id: EffectId,
    pub intended_at: DateTime<Utc>,
    /// From when on a look-up is believed.
    pub settle_at: DateTime<Utc>,
    /// What was sent, word for word.
    pub body: String,
}

/// What is to be done for a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Claimed {
    /// Nothing: it is sent, or ended otherwise.
    Over(MessageState),
    /// Send it; no earlier try can have succeeded.
    Send(Outgoing),
    /// An earlier try may have succeeded: find out first.
    Unsettled(Outgoing, OpenEffect),
}

/// Locks the message and looks at its suppression, its age and its earlier tries. Ends it where it
/// must not be sent.
///
/// # Errors
/// The database's; a message that isn't there is `Over`.
pub async fn claim_message(conn: &mut PgConnection, message: MessageId, now: DateTime<Utc>) -> Result<Claimed> {
    let row = sqlx::query!(
        r#"select m.channel as "channel: Channel", m.recipient, m.language as "language: Language", m.template,
             m.variables, m.state as "state: MessageState", m.alert_id, m.expires_at,
             exists (select 1 from suppressions s where s.company_id = m.company_id and s.channel = m.channel
               and s.recipient = m.recipient) as "suppressed!",
             (select w.last_inbound_at from contact_windows w where w.company_id = m.company_id
               and w.recipient = m.recipient) as last_inbound_at,
             e.id as "effect?: EffectId", e.intended_at as "intended_at?", e.settle_at as "settle_at?", e.body as "body?"
           from messages m
           left join effects e on e.company_id = m.company_id and e.message_id = m.id and e.state in ('intended', 'unknown')
           where m.id = $1 for update of m"#,
        message.0,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(Claimed::Over(MessageState::Failed)) };
    if row.state != MessageState::Queued {
        return Ok(Claimed::Over(row.state));
    }
    let Some(template) = Template::parse(&row.template) else {
        return over(conn, message, MessageState::Failed, "unknown_template", &row.template, now).await;
    };
    let outgoing = Outgoing {
        id: message,
        channel: row.channel,
        recipient: row.recipient,
        language: row.language,
        template,
        variables: row.variables,
        alert_id: row.alert_id,
        expires_at: row.expires_at,
        window_open: row.last_inbound_at.is_some_and(|at| now - at < WINDOW),
    };
    if let (Some(id), Some(intended_at), Some(settle_at), Some(body)) =
        (row.effect, row.intended_at, row.settle_at, row.body)
    {
        return Ok(Claimed::Unsettled(outgoing, OpenEffect { id, intended_at, settle_at, body }));
    }
    if row.suppressed {
        return over(conn, message, MessageState::Suppressed, "suppressed", "the recipient wants no messages", now)
            .await;
    }
    if outgoing.expires_at.is_some_and(|at| at <= now) {
        let reason = "out of date before it could be sent";
        return over(conn, message, MessageState::Expired, "expired", reason, now).await;
    }
    Ok(Claimed::Send(outgoing))
}

async fn over(
    conn: &mut PgConnection,
    message: MessageId,
    state: MessageState,
    code: &str,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<Claimed> {
    end_unsent(conn, message, state, code, reason, now).await?;
    Ok(Claimed::Over(state))
}

/// Ends a message that the provider doesn't have.
///
/// # Errors
/// The database's.
pub async fn end_unsent(
    conn: &mut PgConnection,
    message: MessageId,
    state: MessageState,
    code: &str,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update messages set state = $2, error_code = $3, error = $4, ended_at = $5 where id = $1 and state = 'queued'",
        message.0,
        state.as_str(),
        code,
        reason,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Nobody can tell whether it was sent: it isn't sent again, and a late callback may still settle it.
///
/// # Errors
/// The database's.
pub async fn mark_undetermined(
    conn: &mut PgConnection,
    message: MessageId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    end_unsent(conn, message, MessageState::Undetermined, "undetermined", reason, now).await
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
        let effect = Self { id: EffectId::new(), intended_at: now, settle_at: now + SETTLE, body: body.to_owned() };
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
pub async fn mark_unknown(conn: &mut PgConnection, effect: EffectId, settle_at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update effects set state = 'unknown', settle_at = $2 where id = $1 and state in ('intended', 'unknown')",
        effect.0,
        settle_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Surely not done: refused, or looked up in vain. Another try may follow.
///
/// # Errors
/// The database's.
pub async fn mark_absent(conn: &mut PgConnection, effect: EffectId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update effects set state = 'absent', settled_at = $2 where id = $1 and state in ('intended', 'unknown')",
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
    Ok(sqlx::query_scalar!(r#"select taken_provider_ids('twilio', $1) as "id!""#, ids).fetch_all(conn).await?)
}

/// The provider says that the recipient's window is closed: what we noted of it is wrong.
///
/// # Errors
/// The database's.
pub async fn forget_window(conn: &mut PgConnection, recipient: &str) -> Result<()> {
    sqlx::query!("delete from contact_windows where recipient = $1", recipient).execute(conn).await?;
    Ok(())
}

/// The approved WhatsApp template of the platform's sender, where there is one.
///
/// # Errors
/// The database's.
pub async fn known_content_sid(
    conn: &mut PgConnection,
    template: Template,
    language: Language,
) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!(
        "select content_sid from whatsapp_templates where template = $1 and language = $2",
        template.as_str(),
        language as Language,
    )
    .fetch_optional(conn)
    .await?)
}
