//! What an evaluation reads: rules (locked, so that two evaluations of one company take turns), open
//! alerts with their items, and the people who may be told.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use platform::ids::{UserId, Uuid};
use rust_decimal::prelude::ToPrimitive as _;
use sqlx::PgConnection;

use super::super::evaluate::{OpenAlert, OpenItem};
use super::super::message::{Audience, Person};
use super::super::rule::{Condition, Rule, RuleKind};
use super::super::severity::Severity;
use super::super::{AlertId, ItemId, RuleId};
use crate::Result;
use crate::catalog::{ProductId, SiteId};
use crate::identity::Language;
use crate::notifications::Channel;
use crate::rupture::Urgency;

/// All rules of the company, archived ones too because their alerts have to end; locked until the
/// transaction ends.
///
/// # Errors
/// The database's.
pub async fn lock_rules(conn: &mut PgConnection) -> Result<Vec<Rule>> {
    let rows = sqlx::query!(
        r#"select id as "id: RuleId", name, kind as "kind: RuleKind", threshold, filter, channels, recipients,
             enabled and archived_at is null as "enabled!"
           from alert_rules order by id for update"#,
    )
    .fetch_all(conn)
    .await?;
    let rules = rows.into_iter().map(|row| Rule {
        id: row.id,
        name: row.name,
        condition: Condition::new(row.kind, row.threshold.and_then(|t| t.to_f64())),
        filter: serde_json::from_value(row.filter).unwrap_or_default(),
        channels: row
            .channels
            .iter()
            .filter_map(|text| Channel::parse(text))
            .collect(),
        recipients: serde_json::from_value(row.recipients).unwrap_or_default(),
        enabled: row.enabled,
    });
    Ok(rules.collect())
}

/// Every unresolved alert with its unresolved items, oldest first; locked until the transaction ends, so
/// that nobody resolves one by hand between the reading and the writing.
///
/// # Errors
/// The database's.
pub async fn lock_open(conn: &mut PgConnection) -> Result<Vec<OpenAlert>> {
    let alerts = sqlx::query!(
        r#"select id as "id: AlertId", rule_id as "rule_id: RuleId", site_id as "site_id: SiteId", severity as "severity: Severity",
             peak_severity as "peak_severity: Severity", revision, snoozed_until as "snoozed_until: DateTime<Utc>"
           from alerts where resolved_at is null order by id for no key update"#,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut items = load_items(conn).await?;
    let alerts = alerts.into_iter().map(|row| OpenAlert {
        items: items.remove(&row.id.0).unwrap_or_default(),
        id: row.id,
        rule_id: row.rule_id,
        site_id: row.site_id,
        severity: row.severity,
        peak_severity: row.peak_severity,
        revision: row.revision,
        snoozed_until: row.snoozed_until,
    });
    Ok(alerts.collect())
}

async fn load_items(conn: &mut PgConnection) -> Result<HashMap<Uuid, Vec<OpenItem>>> {
    let mut items: HashMap<Uuid, Vec<OpenItem>> = HashMap::new();
    let rows = sqlx::query!(
        r#"select i.alert_id, i.id as "id: ItemId", i.product_id as "product_id: ProductId", p.name, i.urgency,
             i.peak_urgency, i.untold
           from alert_items i
           join alerts a on a.company_id = i.company_id and a.id = i.alert_id and a.resolved_at is null
           join products p on p.company_id = i.company_id and p.id = i.product_id
           where i.resolved_at is null order by i.id"#,
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        items.entry(row.alert_id).or_default().push(OpenItem {
            id: row.id,
            product_id: row.product_id,
            name: row.name,
            urgency: Urgency::parse(&row.urgency).unwrap_or(Urgency::None),
            peak_urgency: Urgency::parse(&row.peak_urgency).unwrap_or(Urgency::None),
            untold: row.untold,
        });
    }
    Ok(items)
}

/// The company's name and language, and its active members.
///
/// # Errors
/// The database's.
pub async fn load_people(conn: &mut PgConnection) -> Result<Audience> {
    let company =
        sqlx::query!(r#"select name, language as "language: Language" from companies where id = current_company_id()"#)
            .fetch_one(&mut *conn)
            .await?;
    let people = sqlx::query_as!(
        Person,
        r#"select u.id as "user_id: UserId", u.email, u.phone, u.language as "language: Language"
           from memberships m join users u on u.id = m.user_id
           where m.active and u.active and m.company_id = current_company_id() order by u.id"#,
    )
    .fetch_all(conn)
    .await?;
    Ok(Audience {
        company: company.name,
        language: company.language,
        people,
    })
}
