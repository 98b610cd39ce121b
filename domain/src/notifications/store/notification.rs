//! Notifications of alerts: at most one per alert, revision, recipient, channel and cause. One
//! statement writes them with their messages and the events of the timeline.

use chrono::{DateTime, TimeDelta, Utc};
use platform::ids::{CompanyId, UserId, Uuid};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::super::{Channel, MessageId, NotNotifiedReason, NotificationCause, Template};
use super::MESSAGE_LIFETIME;
use crate::Result;
use crate::identity::Language;

/// A notification of one recipient on one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct NewNotification {
    pub alert_id: Uuid,
    pub revision: i32,
    pub cause: NotificationCause,
    pub channel: Channel,
    pub recipient: String,
    pub user_id: Option<UserId>,
    pub language: Language,
    pub template: Template,
    pub variables: Value,
    /// The message isn't sent from this time on.
    pub expires_at: DateTime<Utc>,
}

/// Inserts the notifications that don't exist yet, each with its message. Returns the ids of the
/// new messages.
pub async fn create_notifications(
    conn: &mut PgConnection,
    company: CompanyId,
    notifications: &[NewNotification],
    now: DateTime<Utc>,
) -> Result<Vec<MessageId>> {
    let new_ids = || collect_column(notifications, |_| Uuid::now_v7());
    let users = collect_column(notifications, |n| n.user_id.map(|user| user.0));
    Ok(sqlx::query_scalar!(
        r#"with
           candidates as (
             select * from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::int[],
                 $7::text[], $8::text[], $9::text[], $10::uuid[], $11::text[], $12::text[],
                 $13::jsonb[], $14::timestamptz[])
               as c (notification_id, message_id, event_id, alert_id, revision, cause, channel,
                 recipient, user_id, language, template, variables, expires_at)),
           -- The constraint decides which candidates are new.
           created as (
             insert into notifications (company_id, id, alert_id, recipient, channel, cause,
               revision, message_id, created_at)
             select $1, notification_id, alert_id, recipient, channel, cause, revision, message_id,
               $15
             from candidates
             on conflict on constraint notifications_once do nothing returning message_id),
           events as (
             insert into alert_events (company_id, id, alert_id, at, event, details)
             select $1, event_id, alert_id, $15, 'notified',
               jsonb_build_object('message_id', message_id, 'channel', channel,
                 'recipient', recipient, 'cause', cause)
             from candidates where message_id in (select message_id from created))
           insert into messages (company_id, id, channel, recipient, user_id, template, language,
             variables, state, alert_id, expires_at, created_at)
           select $1, message_id, channel, recipient, user_id, template, language, variables,
             'queued', alert_id, expires_at, $15
           from candidates where message_id in (select message_id from created)
           returning id as "id: MessageId""#,
        company.0,
        &new_ids(),
        &new_ids(),
        &new_ids(),
        &collect_column(notifications, |n| n.alert_id),
        &collect_column(notifications, |n| n.revision),
        &collect_column(notifications, |n| n.cause.as_str().to_owned()),
        &collect_column(notifications, |n| n.channel.as_str().to_owned()),
        &collect_column(notifications, |n| n.recipient.clone()),
        &users as &[Option<Uuid>],
        &collect_column(notifications, |n| language_text(n.language).to_owned()),
        &collect_column(notifications, |n| n.template.as_str().to_owned()),
        &collect_column(notifications, |n| n.variables.clone()),
        &collect_column(notifications, |n| n.expires_at),
        now,
    )
    .fetch_all(conn)
    .await?)
}

/// Returns one column of the rows, for `unnest`.
fn collect_column<R, T>(rows: &[R], value: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

fn language_text(language: Language) -> &'static str {
    match language {
        Language::Fr => "fr",
        Language::En => "en",
    }
}

/// Creates an e-mail for a WhatsApp message that may not have been sent: to the user of a critical
/// alert, unless the rule already created one. Returns the id of the new message, if any.
pub async fn create_email_fallback(
    conn: &mut PgConnection,
    company: CompanyId,
    message: MessageId,
    now: DateTime<Utc>,
) -> Result<Vec<MessageId>> {
    let rows = sqlx::query!(
        r#"select n.alert_id, n.revision, n.cause as "cause: NotificationCause", u.email,
             u.id as "user_id: UserId", m.language as "language: Language",
             m.template as "template: Template", m.variables
           from messages m
           join notifications n on n.company_id = m.company_id and n.message_id = m.id
           join alerts a on a.company_id = n.company_id and a.id = n.alert_id
           join memberships k
             on k.company_id = m.company_id and k.user_id = m.user_id and k.active
           join users u on u.id = m.user_id and u.active
           where m.id = $1 and m.channel = 'whatsapp' and a.severity = 'critical'
             and a.resolved_at is null"#,
        message.0,
    )
    .fetch_all(&mut *conn)
    .await?;
    let notifications = rows.into_iter().map(|row| NewNotification {
        alert_id: row.alert_id,
        revision: row.revision,
        cause: row.cause,
        channel: Channel::Email,
        recipient: row.email,
        user_id: Some(row.user_id),
        language: row.language,
        template: row.template,
        variables: row.variables,
        expires_at: now + MESSAGE_LIFETIME,
    });
    create_notifications(conn, company, &notifications.collect::<Vec<_>>(), now).await
}

/// How long an e-mail to the administrators may be sent.
const ADMIN_MESSAGE_LIFETIME: TimeDelta = TimeDelta::days(1);

/// Creates one e-mail to each owner and administrator of the company. The template's variables are
/// the company's name and the `details`.
pub async fn notify_admins(
    conn: &mut PgConnection,
    company: CompanyId,
    template: Template,
    details: &Value,
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
        r#"insert into messages (company_id, id, channel, recipient, user_id, template, language,
             variables, state, expires_at, created_at)
           select c.id, n.message_id, 'email', u.email, u.id, $4, u.language,
             jsonb_build_object('company', c.name) || $7, 'queued', $5, $6
           from unnest($2::uuid[], $3::uuid[]) as n (message_id, user_id)
           join users u on u.id = n.user_id
           join companies c on c.id = $1
           returning id as "id: MessageId""#,
        company.0,
        &collect_column(&admins, |_| Uuid::now_v7()),
        &admins,
        template.as_str(),
        now + ADMIN_MESSAGE_LIFETIME,
        now,
        details,
    )
    .fetch_all(conn)
    .await?)
}

/// Creates the message with an address's code, in the company's language.
pub(crate) async fn create_code_message(
    conn: &mut PgConnection,
    company: CompanyId,
    channel: Channel,
    address: &str,
    now: DateTime<Utc>,
) -> Result<MessageId> {
    let id = MessageId::new();
    sqlx::query!(
        "insert into messages (company_id, id, channel, recipient, template, language, variables,
           state, expires_at, created_at)
         select c.id, $2, $3, $4, $5, c.language, jsonb_build_object('company', c.name), 'queued',
           $6, $7
         from companies c where c.id = $1",
        company.0,
        id.0,
        channel.as_str(),
        address,
        Template::RecipientCode.as_str(),
        now + MESSAGE_LIFETIME,
        now,
    )
    .execute(conn)
    .await?;
    Ok(id)
}

/// Records on the timelines of the alerts why nobody was notified.
pub async fn record_not_notified(
    conn: &mut PgConnection,
    company: CompanyId,
    alerts: &[(Uuid, NotNotifiedReason)],
    now: DateTime<Utc>,
) -> Result<()> {
    if alerts.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into alert_events (company_id, id, alert_id, at, event, details)
         select $1, id, alert_id, $5, 'not_notified', details
         from unnest($2::uuid[], $3::uuid[], $4::jsonb[]) as n (id, alert_id, details)",
        company.0,
        &collect_column(alerts, |_| Uuid::now_v7()),
        &collect_column(alerts, |(alert, _)| *alert),
        &collect_column(alerts, |(_, reason)| json!({ "reason": reason })),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
