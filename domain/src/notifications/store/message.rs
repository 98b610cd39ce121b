//! Lists of messages.

use chrono::{DateTime, Utc};
use platform::ids::{UserId, Uuid};
use serde_json::Value;
use sqlx::PgConnection;

use super::super::{Channel, MessageId, MessageState};
use crate::{Error, Result};

/// A message as lists show it: with the stored words, which a newer release may have added.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedMessage {
    pub id: MessageId,
    pub channel: String,
    pub recipient: String,
    pub user_id: Option<UserId>,
    pub template: String,
    pub language: String,
    pub variables: Value,
    pub state: String,
    pub sent_as: Option<String>,
    pub provider_id: Option<String>,
    pub error_code: Option<String>,
    pub error: Option<String>,
    pub alert_id: Option<Uuid>,
    /// `None` where no alert caused the message.
    pub cause: Option<String>,
    pub created_at: DateTime<Utc>,
    pub sent_at: Option<DateTime<Utc>>,
    pub delivered_at: Option<DateTime<Utc>>,
    pub read_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// Which messages to list: those before `before`, which is the cursor of the page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MessageFilter {
    pub channel: Option<Channel>,
    pub state: Option<MessageState>,
    pub id: Option<MessageId>,
    pub alert_id: Option<Uuid>,
    pub before: Option<MessageId>,
    pub limit: i64,
}

/// Returns the newest first.
pub async fn list_messages(
    conn: &mut PgConnection,
    filter: &MessageFilter,
) -> Result<Vec<ListedMessage>> {
    Ok(sqlx::query_as!(
        ListedMessage,
        r#"select m.id as "id: MessageId", m.channel, m.recipient, m.user_id as "user_id: UserId",
             m.template, m.language, m.variables, m.state, m.sent_as, m.provider_id, m.error_code,
             m.error, m.alert_id, n.cause as "cause?", m.created_at, m.sent_at, m.delivered_at,
             m.read_at, m.ended_at
           from messages m
           left join notifications n on n.company_id = m.company_id and n.message_id = m.id
           where ($1::text is null or m.channel = $1) and ($2::text is null or m.state = $2)
             and ($3::uuid is null or m.id = $3) and ($4::uuid is null or m.alert_id = $4)
             and ($5::uuid is null or m.id < $5)
           order by m.id desc limit $6"#,
        filter.channel as Option<Channel>,
        filter.state as Option<MessageState>,
        filter.id.map(|id| id.0),
        filter.alert_id,
        filter.before.map(|id| id.0),
        filter.limit,
    )
    .fetch_all(conn)
    .await?)
}

/// Returns at most 500 messages of an alert, newest first.
pub async fn list_messages_of_alert(
    conn: &mut PgConnection,
    alert: Uuid,
) -> Result<Vec<ListedMessage>> {
    let filter = MessageFilter {
        alert_id: Some(alert),
        limit: 500,
        ..MessageFilter::default()
    };
    list_messages(conn, &filter).await
}

pub async fn require_message(conn: &mut PgConnection, id: MessageId) -> Result<ListedMessage> {
    let filter = MessageFilter {
        id: Some(id),
        limit: 1,
        ..MessageFilter::default()
    };
    let messages = list_messages(conn, &filter).await?;
    let message = messages.into_iter().next();
    message.ok_or(Error::NotFound("message"))
}
