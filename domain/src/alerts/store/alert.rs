//! Lists of alerts.

use chrono::{DateTime, Utc};
use platform::ids::UserId;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::super::severity::Severity;
use super::super::{AlertId, RuleId};
use crate::catalog::SiteId;
use crate::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum AlertState {
    Open,
    Acknowledged,
    Snoozed,
    Resolved,
}

/// An alert as lists show it: with the stored words, which a newer release may have added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedAlert {
    pub id: AlertId,
    pub rule_id: RuleId,
    pub rule_name: String,
    pub site_id: Option<SiteId>,
    pub kind: String,
    pub state: String,
    pub severity: String,
    pub products: i32,
    pub opened_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub acknowledged_at: Option<DateTime<Utc>>,
    pub acknowledged_by: Option<UserId>,
    pub snoozed_until: Option<DateTime<Utc>>,
    pub resolved_at: Option<DateTime<Utc>>,
}

/// Which alerts to list: those before `before`, which is the cursor of the page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlertFilter {
    pub state: Option<AlertState>,
    pub severity: Option<Severity>,
    pub rule_id: Option<RuleId>,
    pub before: Option<AlertId>,
    pub limit: i64,
}

/// Returns the newest first.
pub async fn list_alerts(
    conn: &mut PgConnection,
    filter: &AlertFilter,
) -> Result<Vec<ListedAlert>> {
    Ok(sqlx::query_as!(
        ListedAlert,
        r#"select a.id as "id: AlertId", a.rule_id as "rule_id: RuleId", r.name as rule_name,
             a.site_id as "site_id: SiteId", a.kind, a.state, a.severity, a.products,
             a.opened_at, a.updated_at, a.acknowledged_at,
             a.acknowledged_by as "acknowledged_by: UserId", a.snoozed_until, a.resolved_at
           from alerts a join alert_rules r on r.company_id = a.company_id and r.id = a.rule_id
           where ($1::text is null or a.state = $1) and ($2::text is null or a.severity = $2)
             and ($3::uuid is null or a.rule_id = $3) and ($4::uuid is null or a.id < $4)
           order by a.id desc limit $5"#,
        filter.state as Option<AlertState>,
        filter.severity as Option<Severity>,
        filter.rule_id.map(|id| id.0),
        filter.before.map(|id| id.0),
        filter.limit,
    )
    .fetch_all(conn)
    .await?)
}

pub async fn require_alert(conn: &mut PgConnection, id: AlertId) -> Result<ListedAlert> {
    sqlx::query_as!(
        ListedAlert,
        r#"select a.id as "id: AlertId", a.rule_id as "rule_id: RuleId", r.name as rule_name,
             a.site_id as "site_id: SiteId", a.kind, a.state, a.severity, a.products,
             a.opened_at, a.updated_at, a.acknowledged_at,
             a.acknowledged_by as "acknowledged_by: UserId", a.snoozed_until, a.resolved_at
           from alerts a join alert_rules r on r.company_id = a.company_id and r.id = a.rule_id
           where a.id = $1"#,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("alert"))
}
