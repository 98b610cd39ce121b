//! Notices: who is told of what, at most once for each cause. One statement writes them with their
//! messages and with the line of the timeline that says so.

use chrono::{DateTime, TimeDelta, Utc};
use platform::ids::{CompanyId, UserId, Uuid};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::super::{Channel, MessageId, Template};
use super::WORTH_SENDING;
use crate::Result;
use crate::identity::Language;

/// One person to tell of one cause on one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct NewNotice {
    pub alert_id: Uuid,
    pub revision: i32,
    /// `opened`, `product_added` or `escalated`.
    pub cause: String,
    pub channel: Channel,
    pub recipient: String,
    pub user_id: Option<UserId>,
    pub language: Language,
    pub template: Template,
    pub variables: Value,
    /// Not worth sending after this.
    pub expires_at: DateTime<Utc>,
}

/// Writes the notices that weren't written yet, each with its message; tells which messages are new.
///
/// # Errors
/// The database's.
pub async fn create_notices(
    conn: &mut PgConnection,
    company: CompanyId,
    notices: &[NewNotice],
    now: DateTime<Utc>,
) -> Result<Vec<MessageId>> {
    let ids = || notices.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>();
    let texts = |read: fn(&NewNotice) -> &str| {
        notices
            .iter()
            .map(|n| read(n).to_owned())
            .collect::<Vec<_>>()
    };
    Ok(sqlx::query_scalar!(
        r#"with wanted as (
             select * from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::int[], $7::text[], $8::text[],
                 $9::text[], $10::uuid[], $11::text[], $12::text[], $13::jsonb[], $14::timestamptz[])
               as w (notice_id, message_id, event_id, alert_id, revision, cause, channel, recipient, user_id, language,
                 template, variables, expires_at)),
           new as (insert into notices (company_id, id, alert_id, recipient, channel, cause, revision, message_id, created_at)
             select $1, notice_id, alert_id, recipient, channel, cause, revision, message_id, $15 from wanted
             on conflict on constraint notices_once do nothing returning message_id),
           told as (
             insert into alert_events (company_id, id, alert_id, at, event, details)
             select $1, event_id, alert_id, $15, 'notified',
               jsonb_build_object('message_id', message_id, 'channel', channel, 'recipient', recipient, 'cause', cause)
             from wanted where message_id in (select message_id from new))
           insert into messages (company_id, id, channel, recipient, user_id, template, language, variables, state,
             alert_id, expires_at, created_at)
           select $1, message_id, channel, recipient, user_id, template, language, variables, 'queued', alert_id,
             expires_at, $15
           from wanted where message_id in (select message_id from new)
           returning id as "id: MessageId""#,
        company.0,
        &ids(),
        &ids(),
        &ids(),
        &notices.iter().map(|n| n.alert_id).collect::<Vec<_>>(),
        &notices.iter().map(|n| n.revision).collect::<Vec<_>>(),
        &texts(|n| &n.cause),
        &texts(|n| n.channel.as_str()),
        &texts(|n| &n.recipient),
        &notices.iter().map(|n| n.user_id.map(|u| u.0)).collect::<Vec<_>>() as &[Option<Uuid>],
        &texts(|n| if n.language == Language::En { "en" } else { "fr" }),
        &texts(|n| n.template.as_str()),
        &notices.iter().map(|n| n.variables.clone()).collect::<Vec<_>>(),
        &notices.iter().map(|n| n.expires_at).collect::<Vec<_>>(),
        now,
    )
    .fetch_all(conn)
    .await?)
}

/// Where nobody can tell whether a WhatsApp message of a critical alert was sent, its user gets an
/// e-mail as well, unless the rule sent one already. Gives the new message.
///
/// # Errors
/// The database's.
pub async fn tell_by_email_instead(
    conn: &mut PgConnection,
    company: CompanyId,
    message: MessageId,
    now: DateTime<Utc>,
) -> Result<Vec<MessageId>> {
    let rows = sqlx::query!(
        r#"select n.alert_id, n.revision, n.cause, u.email, u.id as "user_id: UserId",
             m.language as "language: Language", m.template, m.variables
           from messages m
           join notices n on n.company_id = m.company_id and n.message_id = m.id
           join alerts a on a.company_id = n.company_id and a.id = n.alert_id
           join memberships k on k.company_id = m.company_id and k.user_id = m.user_id and k.active
           join users u on u.id = m.user_id and u.active
           where m.id = $1 and m.channel = 'whatsapp' and a.severity = 'critical' and a.resolved_at is null"#,
        message.0,
    )
    .fetch_all(&mut *conn)
    .await?;
    let notices = rows.into_iter().filter_map(|row| {
        Some(NewNotice {
            alert_id: row.alert_id,
            revision: row.revision,
            cause: row.cause,
            channel: Channel::Email,
            recipient: row.email,
            user_id: Some(row.user_id),
            language: row.language,
            template: Template::parse(&row.template)?,
            variables: row.variables,
            expires_at: now + WORTH_SENDING,
        })
    });
    create_notices(conn, company, &notices.collect::<Vec<_>>(), now).await
}

/// Writes one e-mail to each owner and administrator of the company; `variables` of the template are
/// the company's name alone.
///
/// # Errors
/// The database's.
pub async fn tell_admins(
    conn: &mut PgConnection,
    company: CompanyId,
    template: Template,
    now: DateTime<Utc>,
) -> Result<Vec<MessageId>> {
    let admins = sqlx::query_scalar!(
        r#"select u.id from memberships k join users u on u.id = k.user_id and u.active
           where k.company_id = $1 and k.active and k.role in ('owner', 'admin') order by u.id"#,
        company.0,
    )
    .fetch_all(&mut *conn)
    .await?;
    Ok(sqlx::query_scalar!(
        r#"insert into messages (company_id, id, channel, recipient, user_id, template, language, variables, state,
             expires_at, created_at)
           select c.id, n.message_id, 'email', u.email, u.id, $4, u.language, jsonb_build_object('company', c.name),
             'queued', $5, $6
           from unnest($2::uuid[], $3::uuid[]) as n (message_id, user_id)
           join users u on u.id = n.user_id
           join companies c on c.id = $1
           returning id as "id: MessageId""#,
        company.0,
        &admins.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>(),
        &admins,
        template.as_str(),
        now + TimeDelta::days(1),
        now,
    )
    .fetch_all(conn)
    .await?)
}

/// Writes on the timelines why nobody was told: `(alert, reason)`.
///
/// # Errors
/// The database's.
pub async fn note_unreachable(
    conn: &mut PgConnection,
    company: CompanyId,
    silent: &[(Uuid, &'static str)],
    now: DateTime<Utc>,
) -> Result<()> {
    if silent.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into alert_events (company_id, id, alert_id, at, event, details)
         select $1, id, alert_id, $5, 'not_notified', details
         from unnest($2::uuid[], $3::uuid[], $4::jsonb[]) as n (id, alert_id, details)",
        company.0,
        &silent.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>(),
        &silent.iter().map(|(alert, _)| *alert).collect::<Vec<_>>(),
        &silent
            .iter()
            .map(|(_, reason)| json!({ "reason": reason }))
            .collect::<Vec<_>>(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
