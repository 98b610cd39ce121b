//! Claims a message for sending: what has to be done for it, or why it ends unsent.

use chrono::{DateTime, Utc};
use platform::ids::Uuid;
use serde_json::Value;
use sqlx::PgConnection;

use super::super::{Channel, EffectId, MessageId, MessageState, SealedCode, Template};
use super::contact_window::is_window_open;
use super::effect::EffectState;
use super::{OpenEffect, end_message, mark_absent, mark_undetermined};
use crate::Result;
use crate::identity::Language;

/// A message to be rendered and sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    pub id: MessageId,
    pub channel: Channel,
    pub recipient: String,
    pub language: Language,
    pub template: Template,
    pub variables: Value,
    pub alert_id: Option<Uuid>,
    /// Of `Template::RecipientCode` alone.
    pub code: Option<SealedCode>,
    /// Not sent from this time on.
    pub expires_at: DateTime<Utc>,
    /// WhatsApp accepts free text to the recipient.
    pub window_open: bool,
}

/// What has to be done for a message.
#[derive(Debug, Clone, PartialEq)]
pub enum MessageClaim {
    /// Nothing: the message was sent or ended otherwise.
    Ended(MessageState),
    /// Send it: no earlier attempt can have succeeded.
    Send(Outgoing),
    /// An e-mail with an open effect: repeat the call with the same key.
    Repeat(Outgoing, OpenEffect),
    /// A WhatsApp message that an earlier attempt may have sent: look it up first.
    LookUp(Outgoing, OpenEffect),
}

struct MessageRow {
    channel: Channel,
    recipient: String,
    language: Language,
    template: String,
    variables: Value,
    state: MessageState,
    alert_id: Option<Uuid>,
    expires_at: DateTime<Utc>,
    suppressed: bool,
    /// The message is an alert to an address that has to confirm.
    needs_consent: bool,
    confirmed: bool,
    recipient_row: Option<Uuid>,
    sealed_code: Option<Vec<u8>>,
    last_inbound_at: Option<DateTime<Utc>>,
    effect_id: Option<EffectId>,
    effect_state: Option<EffectState>,
    intended_at: Option<DateTime<Utc>>,
    settle_at: Option<DateTime<Utc>>,
    body: Option<String>,
}

impl MessageRow {
    fn open_effect(&self) -> Option<OpenEffect> {
        Some(OpenEffect {
            id: self.effect_id?,
            intended_at: self.intended_at?,
            settle_at: self.settle_at?,
            body: self.body.clone()?,
            unconfirmed: self.effect_state? != EffectState::Waiting,
        })
    }

    /// Returns the code that the address may still confirm with.
    fn open_code(&self) -> Option<SealedCode> {
        Some(SealedCode {
            row: self.recipient_row?,
            sealed: self.sealed_code.clone()?,
        })
    }
}

/// Locks the message and reads its suppression, its expiry and its open effect. Ends a message that
/// must not be sent. A message that doesn't exist is `Ended`. A message that ended with its job is
/// queued again, because the job was replayed.
pub async fn claim_message(
    conn: &mut PgConnection,
    message: MessageId,
    now: DateTime<Utc>,
) -> Result<MessageClaim> {
    reopen_message(conn, message).await?;
    let Some(row) = lock_message(conn, message, now).await? else {
        return Ok(MessageClaim::Ended(MessageState::Failed));
    };
    if row.state != MessageState::Queued {
        return Ok(MessageClaim::Ended(row.state));
    }
    let effect = row.open_effect();
    let Some(template) = Template::parse(&row.template) else {
        let obstacle = Obstacle::UnknownTemplate(row.template);
        return end_claim(conn, message, effect, obstacle, now).await;
    };
    let code = (template == Template::RecipientCode).then(|| row.open_code());
    let obstacle = Obstacle::find(&row, code.as_ref(), now);
    let outgoing = Outgoing {
        id: message,
        channel: row.channel,
        recipient: row.recipient,
        language: row.language,
        template,
        variables: row.variables,
        alert_id: row.alert_id,
        code: code.flatten(),
        expires_at: row.expires_at,
        window_open: is_window_open(row.last_inbound_at, now),
    };
    match (effect, obstacle) {
        // A look-up sends nothing, and the message is claimed again after it.
        (Some(effect), _) if outgoing.channel == Channel::Whatsapp => {
            Ok(MessageClaim::LookUp(outgoing, effect))
        }
        (effect, Some(obstacle)) => end_claim(conn, message, effect, obstacle, now).await,
        (Some(effect), None) => Ok(MessageClaim::Repeat(outgoing, effect)),
        (None, None) => Ok(MessageClaim::Send(outgoing)),
    }
}

/// Queues a message again that the trigger `jobs_finished_end_message` ended.
async fn reopen_message(conn: &mut PgConnection, message: MessageId) -> Result<()> {
    sqlx::query!(
        "update messages set state = 'queued', error_code = null, error = null, ended_at = null
         where id = $1 and error_code in ('job_cancelled', 'job_failed')
           and state in ('cancelled', 'failed', 'undetermined')",
        message.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn lock_message(
    conn: &mut PgConnection,
    message: MessageId,
    now: DateTime<Utc>,
) -> Result<Option<MessageRow>> {
    Ok(sqlx::query_as!(
        MessageRow,
        r#"select m.channel as "channel: Channel", m.recipient, m.language as "language: Language",
             m.template, m.variables, m.state as "state: MessageState", m.alert_id,
             coalesce(m.expires_at, m.created_at + interval '1 day') as "expires_at!",
             exists (select 1 from suppressions s where s.company_id = m.company_id
               and s.channel = m.channel and s.recipient = m.recipient) as "suppressed!",
             (select w.last_inbound_at from contact_windows w where w.company_id = m.company_id
               and w.recipient = m.recipient) as last_inbound_at,
             -- A member's e-mail address is verified, a member's number isn't.
             m.alert_id is not null and (m.user_id is null or m.channel = 'whatsapp')
               as "needs_consent!",
             r.confirmed_at is not null as "confirmed!", r.id as "recipient_row?",
             case when r.code_expires_at > $2 then r.sealed_code end as sealed_code,
             e.id as "effect_id?: EffectId", e.state as "effect_state?: EffectState",
             e.intended_at as "intended_at?", e.settle_at as "settle_at?", e.body as "body?"
           from messages m
           left join alert_recipients r on r.company_id = m.company_id
             and r.channel = m.channel and r.address = m.recipient
           left join effects e on e.company_id = m.company_id and e.message_id = m.id
             and e.state in ('intended', 'waiting', 'unknown')
           where m.id = $1 for update of m"#,
        message.0,
        now,
    )
    .fetch_optional(conn)
    .await?)
}

/// Why a message must not be sent.
enum Obstacle {
    Suppressed,
    /// The address hasn't confirmed, or was withdrawn.
    NotConfirmed,
    /// The code expired, or its address confirmed or was withdrawn.
    CodeEnded,
    Expired,
    UnknownTemplate(String),
}

impl Obstacle {
    /// `code` is `Some` where the message carries a code, which may have ended.
    fn find(
        row: &MessageRow,
        code: Option<&Option<SealedCode>>,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        if row.suppressed {
            return Some(Self::Suppressed);
        }
        if row.needs_consent && !row.confirmed {
            return Some(Self::NotConfirmed);
        }
        if code.is_some_and(Option::is_none) {
            return Some(Self::CodeEnded);
        }
        (row.expires_at <= now).then_some(Self::Expired)
    }

    /// Returns the state in which the message ends, the code and the reason.
    fn describe(&self) -> (MessageState, &str, &str) {
        match self {
            Self::Suppressed => (
                MessageState::Suppressed,
                "suppressed",
                "the recipient's address is suppressed",
            ),
            Self::NotConfirmed => (
                MessageState::Suppressed,
                "not_confirmed",
                "the address has not agreed to receive the company's alerts",
            ),
            Self::CodeEnded => (
                MessageState::Expired,
                "code_ended",
                "the code expired, or its address confirmed or was withdrawn",
            ),
            Self::Expired => (
                MessageState::Expired,
                "expired",
                "expired before it could be sent",
            ),
            Self::UnknownTemplate(name) => (MessageState::Failed, "unknown_template", name),
        }
    }
}

async fn end_claim(
    conn: &mut PgConnection,
    message: MessageId,
    effect: Option<OpenEffect>,
    obstacle: Obstacle,
    now: DateTime<Utc>,
) -> Result<MessageClaim> {
    let (state, code, reason) = obstacle.describe();
    match effect {
        // The obstacle forbids another call, but the earlier one may have succeeded.
        Some(effect) if effect.unconfirmed => {
            let reason = format!("not sent again: {reason}");
            mark_undetermined(conn, message, code, &reason, now).await?;
            return Ok(MessageClaim::Ended(MessageState::Undetermined));
        }
        Some(effect) => mark_absent(conn, effect.id, now).await?,
        None => {}
    }
    end_message(conn, message, state, code, reason, now).await?;
    Ok(MessageClaim::Ended(state))
}
