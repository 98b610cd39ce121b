//! The rules of a company, and the default rules of a new one.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, UserId};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::super::rule::{Recipient, RuleKind};
use super::super::{Filter, RuleId};
use crate::identity::Language;
use crate::notifications::Channel;
use crate::{Error, Result};

/// A rule as lists show it: with the stored words, which a newer release may have added.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRule {
    pub id: RuleId,
    pub name: String,
    pub kind: String,
    pub threshold: Option<Decimal>,
    pub filter: Json<Filter>,
    pub channels: Vec<String>,
    pub recipients: Json<Vec<Recipient>>,
    pub enabled: bool,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A rule to be created.
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

/// `None` keeps a field. The kind of a rule never changes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuleChanges {
    pub name: Option<String>,
    pub threshold: Option<Option<Decimal>>,
    pub filter: Option<Filter>,
    pub channels: Option<Vec<Channel>>,
    pub recipients: Option<Vec<Recipient>>,
    pub enabled: Option<bool>,
}

/// Creates one rule of each kind. They notify the company's owner on every known address.
pub async fn create_default_rules(
    conn: &mut PgConnection,
    company: CompanyId,
    owner: UserId,
    now: DateTime<Utc>,
) -> Result<()> {
    let names = |language| RuleKind::ALL.map(|kind| kind.default_name(language).to_owned());
    sqlx::query!(
        "insert into alert_rules (company_id, id, name, kind, channels, recipients, created_at,
           updated_at)
         select c.id, r.id, case c.language when 'fr' then r.french else r.english end, r.kind,
           array['whatsapp', 'email'],
           jsonb_build_array(jsonb_build_object('user_id', $3::uuid)), $4, $4
         from companies c
         cross join unnest($2::uuid[], $5::text[], $6::text[], $7::text[])
           as r (id, kind, french, english)
         where c.id = $1",
        company.0,
        &RuleKind::ALL.map(|_| RuleId::new().0),
        owner.0,
        now,
        &RuleKind::ALL.map(|kind| kind.as_str().to_owned()),
        &names(Language::Fr),
        &names(Language::En),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// `Invalid` with every invalid field.
pub async fn create_rule(
    conn: &mut PgConnection,
    company: CompanyId,
    rule: NewRule,
    now: DateTime<Utc>,
) -> Result<StoredRule> {
    let rule = rule.validate(conn).await?;
    let id = RuleId::new();
    sqlx::query!(
        "insert into alert_rules (company_id, id, name, kind, threshold, filter, channels,
           recipients, enabled, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
        company.0,
        id.0,
        rule.name,
        rule.kind.as_str(),
        rule.threshold,
        Json(&rule.filter) as _,
        &channel_texts(&rule.channels),
        Json(&rule.recipients) as _,
        rule.enabled,
        now,
    )
    .execute(&mut *conn)
    .await?;
    require_rule(conn, id).await
}

/// Updates a rule. `version`, if any, must be the current one.
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
    let (old, old_version) = load_rule(conn, id).await?;
    // Recipients that stay aren't validated: one that was withdrawn must not block other changes.
    let kept = changes.recipients.is_none().then_some(old.recipients);
    let rule = NewRule {
        name: changes.name.unwrap_or(old.name),
        kind: old.kind,
        threshold: changes.threshold.unwrap_or(old.threshold),
        filter: changes.filter.unwrap_or(old.filter),
        channels: changes.channels.unwrap_or(old.channels),
        recipients: changes.recipients.unwrap_or_default(),
        enabled: changes.enabled.unwrap_or(old.enabled),
    };
    let mut rule = rule.validate(conn).await?;
    rule.recipients = kept.unwrap_or(rule.recipients);
    let updated = sqlx::query!(
        "update alert_rules set name = $2, threshold = $3, filter = $4, channels = $5,
           recipients = $6, enabled = $7, version = version + 1, updated_at = $8
         where id = $1 and version = coalesce($9, version) and archived_at is null",
        id.0,
        rule.name,
        rule.threshold,
        Json(&rule.filter) as _,
        &channel_texts(&rule.channels),
        Json(&rule.recipients) as _,
        rule.enabled,
        now,
        version.or(Some(old_version)),
    )
    .execute(&mut *conn)
    .await?;
    if updated.rows_affected() == 0 {
        return Err(Error::conflict(
            "version_mismatch",
            "the rule was updated by another request",
        ));
    }
    require_rule(conn, id).await
}

/// Archives a rule. Its history stays, and the next evaluation resolves its open alert.
pub async fn archive_rule(conn: &mut PgConnection, id: RuleId, now: DateTime<Utc>) -> Result<()> {
    let updated = sqlx::query!(
        "update alert_rules set archived_at = $2, enabled = false, version = version + 1,
           updated_at = $2
         where id = $1 and archived_at is null",
        id.0,
        now,
    )
    .execute(conn)
    .await?;
    if updated.rows_affected() == 0 {
        Err(Error::NotFound("alert rule"))
    } else {
        Ok(())
    }
}

/// Returns a rule that can be changed, and its version.
async fn load_rule(conn: &mut PgConnection, id: RuleId) -> Result<(NewRule, i32)> {
    let row = sqlx::query!(
        r#"select name, kind as "kind: RuleKind", threshold, filter as "filter: Json<Filter>",
             channels as "channels: Vec<Channel>",
             recipients as "recipients: Json<Vec<Recipient>>", enabled, version
           from alert_rules where id = $1 and archived_at is null"#,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("alert rule"))?;
    let rule = NewRule {
        name: row.name,
        kind: row.kind,
        threshold: row.threshold,
        filter: row.filter.0,
        channels: row.channels,
        recipients: row.recipients.0,
        enabled: row.enabled,
    };
    Ok((rule, row.version))
}

/// An archived rule is `NotFound`.
pub async fn require_rule(conn: &mut PgConnection, id: RuleId) -> Result<StoredRule> {
    let rule = select_rules(conn, Some(id), None, 1).await?.pop();
    rule.ok_or(Error::NotFound("alert rule"))
}

/// Returns the rules after `after`, oldest first, without archived ones.
pub async fn list_rules(
    conn: &mut PgConnection,
    after: Option<RuleId>,
    limit: i64,
) -> Result<Vec<StoredRule>> {
    select_rules(conn, None, after, limit).await
}

async fn select_rules(
    conn: &mut PgConnection,
    only: Option<RuleId>,
    after: Option<RuleId>,
    limit: i64,
) -> Result<Vec<StoredRule>> {
    Ok(sqlx::query_as!(
        StoredRule,
        r#"select id as "id: RuleId", name, kind, trim_scale(threshold) as threshold,
             filter as "filter: Json<Filter>", channels,
             recipients as "recipients: Json<Vec<Recipient>>", enabled, version, created_at,
             updated_at
           from alert_rules
           where archived_at is null and ($1::uuid is null or id = $1)
             and ($2::uuid is null or id > $2)
           order by id limit $3"#,
        only.map(|id| id.0),
        after.map(|id| id.0),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

fn channel_texts(channels: &[Channel]) -> Vec<String> {
    let texts = channels.iter().map(|channel| channel.as_str().to_owned());
    texts.collect()
}
