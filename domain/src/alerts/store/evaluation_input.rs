//! What an evaluation reads: the rules, the open alerts with their items, and the members to
//! notify. The locks on the rules serialise the evaluations of one company.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use platform::ids::UserId;
use rust_decimal::prelude::ToPrimitive as _;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::super::recipients::{Audience, Member};
use super::super::rule::{Condition, Recipient, Rule, RuleKind};
use super::super::severity::Severity;
use super::super::transition::{OpenAlert, OpenItem};
use super::super::{AlertId, Filter, ItemId, RuleId};
use super::recipient::load_confirmed;
use crate::Result;
use crate::catalog::{ProductId, SiteId};
use crate::identity::Language;
use crate::notifications::Channel;
use crate::rupture::Urgency;

/// Returns all rules of the company, locked until the transaction ends. Archived and disabled rules
/// are included because their open alerts have to be resolved; their filters and recipients are
/// empty, so that a corrupt one of theirs stops no evaluation.
pub async fn lock_rules(conn: &mut PgConnection) -> Result<Vec<Rule>> {
    let rows = sqlx::query!(
        r#"select r.id as "id: RuleId", r.name, r.kind as "kind: RuleKind", r.threshold,
             case when e.enabled then r.filter else '{}' end as "filter!: Json<Filter>",
             r.channels as "channels: Vec<Channel>",
             case when e.enabled then r.recipients else '[]' end
               as "recipients!: Json<Vec<Recipient>>",
             e.enabled as "enabled!"
           from alert_rules r
           cross join lateral (select r.enabled and r.archived_at is null as enabled) e
           order by r.id for update of r"#,
    )
    .fetch_all(conn)
    .await?;
    let rules = rows.into_iter().map(|row| Rule {
        id: row.id,
        name: row.name,
        condition: Condition::new(row.kind, row.threshold.and_then(|t| t.to_f64())),
        filter: row.filter.0,
        channels: row.channels,
        recipients: row.recipients.0,
        enabled: row.enabled,
    });
    Ok(rules.collect())
}

/// Returns every unresolved alert with its unresolved items, oldest first. The lock lasts until the
/// transaction ends, so that nobody resolves an alert by hand between the read and the write.
pub async fn lock_open_alerts(conn: &mut PgConnection) -> Result<Vec<OpenAlert>> {
    let alerts = sqlx::query!(
        r#"select id as "id: AlertId", rule_id as "rule_id: RuleId", site_id as "site_id: SiteId",
             severity as "severity: Severity", peak_severity as "peak_severity: Severity",
             revision, snoozed_until as "snoozed_until: DateTime<Utc>"
           from alerts where resolved_at is null order by id for no key update"#,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut items = load_open_items(conn).await?;
    let alerts = alerts.into_iter().map(|row| OpenAlert {
        items: items.remove(&row.id).unwrap_or_default(),
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

async fn load_open_items(conn: &mut PgConnection) -> Result<HashMap<AlertId, Vec<OpenItem>>> {
    let mut items: HashMap<AlertId, Vec<OpenItem>> = HashMap::new();
    let rows = sqlx::query!(
        r#"select i.alert_id as "alert_id: AlertId", i.id as "id: ItemId",
             i.product_id as "product_id: ProductId", p.name, i.urgency as "urgency: Urgency",
             i.peak_urgency as "peak_urgency: Urgency", i.unnotified
           from alert_items i
           join alerts a
             on a.company_id = i.company_id and a.id = i.alert_id and a.resolved_at is null
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
            urgency: row.urgency,
            peak_urgency: row.peak_urgency,
            unnotified: row.unnotified,
        });
    }
    Ok(items)
}

/// Returns the company's name and language, its active members, and the addresses that confirmed.
pub async fn load_audience(conn: &mut PgConnection) -> Result<Audience> {
    let company = sqlx::query!(
        r#"select name, language as "language: Language"
           from companies where id = current_company_id()"#
    )
    .fetch_one(&mut *conn)
    .await?;
    let members = sqlx::query_as!(
        Member,
        r#"select u.id as "user_id: UserId", u.email, u.phone, u.language as "language: Language"
           from memberships m join users u on u.id = m.user_id
           where m.active and u.active and m.company_id = current_company_id() order by u.id"#,
    )
    .fetch_all(&mut *conn)
    .await?;
    Ok(Audience {
        company: company.name,
        language: company.language,
        members,
        confirmed: load_confirmed(conn).await?,
    })
}
