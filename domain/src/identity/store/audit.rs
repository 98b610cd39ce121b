//! Who did what: appended in the transaction of the act, never changed.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, UserId, Uuid};
use serde::Serialize;
use sqlx::PgConnection;

use crate::Result;
use crate::identity::{ApiKeyId, OperatorId};

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    User(UserId),
    ApiKey(ApiKeyId),
    Operator(OperatorId),
    /// Whoever holds the database; nobody's id.
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

    fn kind(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::ApiKey(_) => "api_key",
            Self::Operator(_) => "operator",
            Self::CommandLine => "command_line",
        }
    }
}

/// One act to be written down. `action` is `area.verb`.
#[derive(Debug, Clone)]
pub struct Act<'a> {
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
    pub actor_kind: String,
    pub actor_id: Uuid,
    pub request_id: Option<String>,
    pub action: String,
    pub subject_kind: String,
    pub subject_id: Option<Uuid>,
    pub details: serde_json::Value,
    pub at: DateTime<Utc>,
}

/// # Errors
/// The database's.
pub async fn record(conn: &mut PgConnection, act: Act<'_>) -> Result<()> {
    sqlx::query!(
        "insert into audit_log (id, company_id, actor_kind, actor_id, request_id, action, subject_kind,
                                subject_id, details, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        Uuid::now_v7(),
        act.company.map(|c| c.0),
        act.actor.kind(),
        act.actor.id(),
        act.request_id,
        act.action,
        act.subject.0,
        act.subject.1,
        act.details,
        act.at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The company's acts before `before`, newest first.
///
/// # Errors
/// The database's.
pub async fn list_audit(
    conn: &mut PgConnection,
    company: CompanyId,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<AuditEntry>> {
    let rows = sqlx::query_as!(
        AuditEntry,
        "select id, actor_kind, actor_id, request_id, action, subject_kind, subject_id, details, at
         from audit_log where company_id = $1 and ($2::uuid is null or id < $2)
         order by id desc limit $3",
        company.0,
        before,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}
