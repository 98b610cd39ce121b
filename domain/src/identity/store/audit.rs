//! The audit log: appended in the transaction of the event, never changed.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, UserId, Uuid};
use serde::Serialize;
use sqlx::PgConnection;

use super::api_keys::ApiKeyId;
use super::operators::OperatorId;
use crate::Result;

/// The cause of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    User(UserId),
    ApiKey(ApiKeyId),
    Operator(OperatorId),
    /// The command line, which has no id.
    CommandLine,
}

impl Actor {
    pub fn id(self) -> Uuid {
        match self {
            Self::User(id) => id.0,
            Self::ApiKey(id) => id.0,
            Self::Operator(id) => id.0,
            Self::CommandLine => Uuid::nil(),
        }
    }

    fn kind(self) -> ActorKind {
        match self {
            Self::User(_) => ActorKind::User,
            Self::ApiKey(_) => ActorKind::ApiKey,
            Self::Operator(_) => ActorKind::Operator,
            Self::CommandLine => ActorKind::CommandLine,
        }
    }
}

/// An [`Actor`] without its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum ActorKind {
    User,
    ApiKey,
    Operator,
    Job,
    CommandLine,
}

/// An event to record. `action` is `area.verb_noun`.
#[derive(Debug, Clone)]
pub struct AuditEvent<'a> {
    pub company: Option<CompanyId>,
    pub actor: Actor,
    pub request_id: Option<&'a str>,
    pub action: &'a str,
    pub subject: (&'static str, Option<Uuid>),
    pub details: serde_json::Value,
    pub at: DateTime<Utc>,
}

#[derive(Debug, Clone, Serialize)]
pub struct AuditEntry {
    pub id: Uuid,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub request_id: Option<String>,
    pub action: String,
    pub subject_kind: String,
    pub subject_id: Option<Uuid>,
    pub details: serde_json::Value,
    pub at: DateTime<Utc>,
}

/// Appends an event.
pub async fn record_audit_event(conn: &mut PgConnection, event: AuditEvent<'_>) -> Result<()> {
    sqlx::query!(
        "insert into audit_log (id, company_id, actor_kind, actor_id, request_id, action,
                                subject_kind, subject_id, details, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        Uuid::now_v7(),
        event.company.map(|c| c.0),
        event.actor.kind() as ActorKind,
        event.actor.id(),
        event.request_id,
        event.action,
        event.subject.0,
        event.subject.1,
        event.details,
        event.at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Which entries of a company are listed: every condition that is set.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    pub actor: Option<Uuid>,
    pub action: Option<String>,
    pub subject: Option<Uuid>,
    pub request_id: Option<String>,
    /// At this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Before this time.
    pub until: Option<DateTime<Utc>>,
    pub before: Option<Uuid>,
    pub limit: i64,
}

/// Lists the company's entries that match the filter, newest first.
pub async fn list_audit_entries(
    conn: &mut PgConnection,
    company: CompanyId,
    filter: &AuditFilter,
) -> Result<Vec<AuditEntry>> {
    let rows = sqlx::query_as!(
        AuditEntry,
        r#"select id, actor_kind as "actor_kind: ActorKind", actor_id, request_id, action,
                  subject_kind, subject_id, details, at
           from audit_log
           where company_id = $1 and ($2::uuid is null or id < $2)
             and ($4::uuid is null or actor_id = $4)
             and ($5::text is null or action = $5)
             and ($6::uuid is null or subject_id = $6)
             and ($7::text is null or request_id = $7)
             and ($8::timestamptz is null or at >= $8)
             and ($9::timestamptz is null or at < $9)
           order by id desc limit $3"#,
        company.0,
        filter.before,
        filter.limit,
        filter.actor,
        filter.action,
        filter.subject,
        filter.request_id,
        filter.since,
        filter.until,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}
