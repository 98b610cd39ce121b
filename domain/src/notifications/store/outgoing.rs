//! One message on its way out: what is to be done for it, how it ends, and how it is taken up again.

use chrono::{DateTime, TimeDelta, Utc};
use platform::ids::Uuid;
use serde_json::Value;
use sqlx::PgConnection;

use super::super::{Channel, EffectId, MessageId, MessageState, Template};
use super::{OpenEffect, mark_absent};
use crate::identity::Language;
use crate::{Error, Result};

/// WhatsApp lets free text through for so long after the recipient wrote.
const WINDOW: TimeDelta = TimeDelta::hours(24);
/// A message that couldn't be sent for so long isn't worth sending any more.
pub const WORTH_SENDING: TimeDelta = TimeDelta::hours(6);

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
    /// Not to be sent from then on.
    pub expires_at: DateTime<Utc>,
    /// The recipient wrote in the last 24 hours.
    pub window_open: bool,
}

/// What is to be done for a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Claimed {
    /// Nothing: it is sent, or ended otherwise.
    Over(MessageState),
    /// Send it; no earlier try can have succeeded.
    Send(Outgoing),
    /// An e-mail that was asked for before: ask again under the same key.
    Repeat(Outgoing, OpenEffect),
    /// WhatsApp, where an earlier try may have succeeded: find out first.
    Settle(Outgoing, OpenEffect),
}

/// Locks the message and looks at its suppression, its age and its earlier tries. Ends it where it
/// must not be sent.
///
/// # Errors
/// The database's; a message that isn't there is `Over`.
pub async fn claim_message(
    conn: &mut PgConnection,
    message: MessageId,
    now: DateTime<Utc>,
) -> Result<Claimed> {
    let row = sqlx::query!(
        r#"select m.channel as "channel: Channel", m.recipient, m.language as "language: Language", m.template,
             m.variables, m.state as "state: MessageState", m.alert_id,
             coalesce(m.expires_at, m.created_at + interval '1 day') as "expires_at!",
             exists (select 1 from suppressions s where s.company_id = m.company_id and s.channel = m.channel
               and s.recipient = m.recipient) as "suppressed!",
             (select w.last_inbound_at from contact_windows w where w.company_id = m.company_id
               and w.recipient = m.recipient) as last_inbound_at,
             e.id as "effect?: EffectId", e.intended_at as "intended_at?", e.settle_at as "settle_at?", e.body as "body?",
             e.state <> 'waiting' as doubtful
           from messages m
           left join effects e on e.company_id = m.company_id and e.message_id = m.id
             and e.state in ('intended', 'waiting', 'unknown')
           where m.id = $1 for update of m"#,
        message.0,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else {
        return Ok(Claimed::Over(MessageState::Failed));
    };
    if row.state != MessageState::Queued {
        return Ok(Claimed::Over(row.state));
    }
    let effect = match (row.effect, row.intended_at, row.settle_at, row.body) {
        (Some(id), Some(intended_at), Some(settle_at), Some(body)) => Some(OpenEffect {
            id,
            intended_at,
            settle_at,
            body,
            doubtful: row.doubtful.unwrap_or(true),
        }),
        _ => None,
    };
    let Some(template) = Template::parse(&row.template) else {
        let bar = (
            MessageState::Failed,
            "unknown_template",
            row.template.as_str(),
        );
        return over(conn, message, effect, bar, now).await;
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
    match (effect, bar(row.suppressed, row.expires_at <= now)) {
        // Looking it up sends nothing; whether it may be sent is asked again after that.
        (Some(effect), _) if outgoing.channel == Channel::Whatsapp => {
            Ok(Claimed::Settle(outgoing, effect))
        }
        (effect, Some(bar)) => over(conn, message, effect, bar, now).await,
        (Some(effect), None) => Ok(Claimed::Repeat(outgoing, effect)),
        (None, None) => Ok(Claimed::Send(outgoing)),
    }
}

/// What forbids sending a message: its end, a code and a reason.
type Bar<'a> = (MessageState, &'a str, &'a str);

fn bar(suppressed: bool, expired: bool) -> Option<Bar<'static>> {
    if suppressed {
        return Some((
            MessageState::Suppressed,
            "suppressed",
            "the recipient wants no messages",
        ));
    }
    expired.then_some((
        MessageState::Expired,
        "expired",
        "out of date before it could be sent",
    ))
}

/// Where an earlier call may have succeeded, what forbids another one doesn't tell how that one ended.
async fn over(
    conn: &mut PgConnection,
    message: MessageId,
    effect: Option<OpenEffect>,
    (state, code, reason): Bar<'_>,
    now: DateTime<Utc>,
) -> Result<Claimed> {
    if effect.as_ref().is_some_and(|effect| effect.doubtful) {
        mark_undetermined(
            conn,
            message,
            code,
            &format!("not asked for again: {reason}"),
            now,
        )
        .await?;
        return Ok(Claimed::Over(MessageState::Undetermined));
    }
    if let Some(effect) = effect {
        mark_absent(conn, effect.id, now).await?;
    }
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
    code: &str,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    end_unsent(conn, message, MessageState::Undetermined, code, reason, now).await
}

/// Takes a message up again that ended without arriving; gives the state it was in. What the ledger
/// knows of it stays: one that may have been sent is looked up before it goes out again.
///
/// # Errors
/// `NotFound`, `Conflict` where the provider has it.
pub async fn take_up(
    conn: &mut PgConnection,
    message: MessageId,
    now: DateTime<Utc>,
) -> Result<MessageState> {
    let state = sqlx::query_scalar!(
        r#"select state as "state: MessageState" from messages where id = $1 for update"#,
        message.0,
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(Error::NotFound("message"))?;
    if matches!(
        state,
        MessageState::Sent | MessageState::Delivered | MessageState::Read
    ) {
        return Err(Error::conflict(
            "conflict",
            format!("the message is {}", state.as_str()),
        ));
    }
    sqlx::query!(
        "with refused as (update effects set state = 'absent' where message_id = $1 and state in ('sent', 'confirmed'))
         update messages set state = 'queued', provider_id = null, error_code = null, error = null, sent_at = null,
           ended_at = null, expires_at = $2
         where id = $1",
        message.0,
        now + WORTH_SENDING,
    )
    .execute(conn)
    .await?;
    Ok(state)
}

/// The provider says that the recipient's window is closed: what we noted of it is wrong.
///
/// # Errors
/// The database's.
pub async fn forget_window(conn: &mut PgConnection, recipient: &str) -> Result<()> {
    sqlx::query!(
        "delete from contact_windows where recipient = $1",
        recipient
    )
    .execute(conn)
    .await?;
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

/// Names the approved WhatsApp template for one of ours in a language; as the tables' owner.
///
/// # Errors
/// `Invalid` for a sid that isn't Twilio's form; the database's.
pub async fn set_content_sid(
    conn: &mut PgConnection,
    template: Template,
    language: Language,
    content_sid: &str,
) -> Result<()> {
    let digits = content_sid.strip_prefix("HX").unwrap_or_default();
    if digits.len() != 32
        || !digits
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    {
        return Err(Error::invalid(
            "content_sid",
            "invalid",
            "must be HX and 32 hexadecimal digits",
        ));
    }
    sqlx::query!(
        "insert into whatsapp_templates (template, language, content_sid) values ($1, $2, $3)
         on conflict (template, language) do update set content_sid = excluded.content_sid",
        template.as_str(),
        language as Language,
        content_sid,
    )
    .execute(conn)
    .await?;
    Ok(())
}
