//! Rules as people write them, and the three that every company starts with.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, UserId};
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::PgConnection;

use super::super::RuleId;
use super::super::rule::{Filter, Recipient, RuleKind};
use crate::notifications::Channel;
use crate::{Error, Result};

/// A rule as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRule {
    pub id: RuleId,
    pub name: String,
    pub kind: RuleKind,
    pub threshold: Option<Decimal>,
    pub filter: Filter,
    pub channels: Vec<Channel>,
    pub recipients: Vec<Recipient>,
    pub enabled: bool,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A rule to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRule {
    pub name: String,
    pub kind: RuleKind,
    pub threshold: Option<Decimal>,
    pub filter: Filter,
    pub channels: Vec<Channel>,
    pub recipients: Vec<Recipient>,
    pub enabled: bool,
}

/// What changes; the kind never does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuleChanges {
    pub name: Option<String>,
    pub threshold: Option<Option<Decimal>>,
    pub filter: Option<Filter>,
    pub channels: Option<Vec<Channel>>,
    pub recipients: Option<Vec<Recipient>>,
    pub enabled: Option<bool>,
}

/// Gives a new company its three rules, told to its owner on every address known.
///
/// # Errors
/// The database's.
pub async fn create_default_rules(
    conn: &mut PgConnection,
    company: CompanyId,
    owner: UserId,
    now: DateTime<Utc>,
) -> Result<()> {
    let ids: Vec<_> = (0..3).map(|_| RuleId::new().0).collect();
    sqlx::query!(
        "insert into alert_rules (company_id, id, name, kind, channels, recipients, created_at, updated_at)
         select c.id, r.id, case c.language when 'fr' then r.french else r.english end, r.kind,
           array['whatsapp', 'email'], jsonb_build_array(jsonb_build_object('user_id', $3::uuid)), $4, $4
         from companies c
         cross join unnest($2::uuid[], array['rupture', 'low_stock', 'predicted_rupture'],
             array['Rupture de stock', 'Stock bas', 'Rupture prévue'],
             array['Out of stock', 'Low stock', 'Predicted rupture']) as r (id, kind, french, english)
         where c.id = $1",
        company.0,
        &ids,
        owner.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// `Invalid` with every wrong field, or the database's.
pub async fn create_rule(
    conn: &mut PgConnection,
    company: CompanyId,
    rule: NewRule,
    now: DateTime<Utc>,
) -> Result<StoredRule> {
    let rule = rule.checked(conn).await?;
    let id = RuleId::new();
    sqlx::query!(
        "insert into alert_rules (company_id, id, name, kind, threshold, filter, channels, recipients, enabled,
           created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
        company.0,
        id.0,
        rule.name,
        rule.kind.as_str(),
        rule.threshold,
        json(&rule.filter),
        &texts(&rule.channels),
        json(&rule.recipients),
        rule.enabled,
        now,
    )
    .execute(&mut *conn)
    .await?;
    find_rule(conn, id).await
}

/// Changes a rule, where `version` is still the current one.
///
/// # Errors
/// `NotFound`, `Conflict(version_mismatch)`, `Invalid`.
pub async fn update_rule(
    conn: &mut PgConnection,
    id: RuleId,
    changes: RuleChanges,
    version: Option<i32>,
    now: DateTime<Utc>,
) -> Result<StoredRule> {
    let old = find_rule(conn, id).await?;
    let rule = NewRule {
        name: changes.name.unwrap_or(old.name),
        kind: old.kind,
        threshold: changes.threshold.unwrap_or(old.threshold),
        filter: changes.filter.unwrap_or(old.filter),
        channels: changes.channels.unwrap_or(old.channels),
        recipients: changes.recipients.unwrap_or(old.recipients),
        enabled: changes.enabled.unwrap_or(old.enabled),
    };
    let rule = rule.checked(conn).await?;
    let done = sqlx::query!(
        "update alert_rules set name = $2, threshold = $3, filter = $4, channels = $5, recipients = $6, enabled = $7,
           version = version + 1, updated_at = $8
         where id = $1 and version = coalesce($9, version) and archived_at is null",
        id.0,
        rule.name,
        rule.threshold,
        json(&rule.filter),
        &texts(&rule.channels),
        json(&rule.recipients),
        rule.enabled,
        now,
        version.or(Some(old.version)),
    )
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::conflict(
            "version_mismatch",
            "somebody changed it in between",
        ));
    }
    find_rule(conn, id).await
}

/// Takes a rule out of use; its history stays, and the next evaluation ends its open alert.
///
/// # Errors
/// `NotFound`.
pub async fn archive_rule(conn: &mut PgConnection, id: RuleId, now: DateTime<Utc>) -> Result<()> {
    let done = sqlx::query!(
        "update alert_rules set archived_at = $2, enabled = false, version = version + 1, updated_at = $2
         where id = $1 and archived_at is null",
        id.0,
        now,
    )
    .execute(conn)
    .await?;
    if done.rows_affected() == 0 {
        Err(Error::NotFound("alert rule"))
    } else {
        Ok(())
    }
}

struct Row {
    id: RuleId,
    name: String,
    kind: RuleKind,
    threshold: Option<Decimal>,
    filter: Value,
    channels: Vec<String>,
    recipients: Value,
    enabled: bool,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Row> for StoredRule {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            kind: row.kind,
            threshold: row.threshold.map(|t| t.normalize()),
            filter: serde_json::from_value(row.filter).unwrap_or_default(),
            channels: row
                .channels
                .iter()
                .filter_map(|text| Channel::parse(text))
                .collect(),
            recipients: serde_json::from_value(row.recipients).unwrap_or_default(),
            enabled: row.enabled,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// # Errors
/// `NotFound`; an archived rule isn't there.
pub async fn find_rule(conn: &mut PgConnection, id: RuleId) -> Result<StoredRule> {
    sqlx::query_as!(
        Row,
        r#"select id as "id: RuleId", name, kind as "kind: RuleKind", threshold, filter, channels, recipients,
             enabled, version, created_at, updated_at
           from alert_rules where id = $1 and archived_at is null"#,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .map(StoredRule::from)
    .ok_or(Error::NotFound("alert rule"))
}

/// Rules in use after `after`, oldest first.
///
/// # Errors
/// The database's.
pub async fn list_rules(
    conn: &mut PgConnection,
    after: Option<RuleId>,
    limit: i64,
) -> Result<Vec<StoredRule>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select id as "id: RuleId", name, kind as "kind: RuleKind", threshold, filter, channels, recipients,
             enabled, version, created_at, updated_at
           from alert_rules where archived_at is null and ($1::uuid is null or id > $1)
           order by id limit $2"#,
        after.map(|id| id.0),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(StoredRule::from).collect())
}

fn texts(channels: &[Channel]) -> Vec<String> {
    channels
        .iter()
        .map(|channel| channel.as_str().to_owned())
        .collect()
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
