//! Writes the verdicts of one evaluation: six statements, however many alerts and products.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, Uuid};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::super::evaluate::{Affected, EndReason, OpenAlert, Verdict};
use super::super::rule::{Rule, RuleKind};
use super::super::{AlertId, ItemId};
use crate::Result;

/// A verdict as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// Position in the verdicts.
    pub verdict: usize,
    pub alert: AlertId,
    pub revision: i32,
}

/// A line of a timeline to be written.
struct NewEvent {
    alert: AlertId,
    event: &'static str,
    details: Value,
}

/// Writes alerts, items and timelines. A new alert that another evaluation opened first is left to
/// it: its verdict isn't among the answers.
///
/// # Errors
/// The database's.
pub async fn apply(
    conn: &mut PgConnection,
    company: CompanyId,
    rules: &[Rule],
    verdicts: &[Verdict],
    now: DateTime<Utc>,
) -> Result<Vec<Applied>> {
    if verdicts.is_empty() {
        return Ok(Vec::new());
    }
    let kind = |verdict: &Verdict| {
        let rule = rules.iter().find(|rule| rule.id == verdict.rule_id);
        rule.map_or(RuleKind::Rupture, |rule| rule.condition.kind())
    };
    let mut applied = insert_alerts(conn, company, verdicts, kind, now).await?;
    applied.extend(update_alerts(conn, verdicts, now).await?);
    applied.sort_by_key(|a| a.verdict);
    insert_items(conn, company, verdicts, &applied, now).await?;
    resolve_items(conn, verdicts, now).await?;
    move_items(conn, verdicts).await?;
    let events = applied
        .iter()
        .flat_map(|a| events(&verdicts[a.verdict], a.alert, kind(&verdicts[a.verdict])));
    insert_events(conn, company, &events.collect::<Vec<_>>(), now).await?;
    Ok(applied)
}

async fn insert_alerts(
    conn: &mut PgConnection,
    company: CompanyId,
    verdicts: &[Verdict],
    kind: impl Fn(&Verdict) -> RuleKind,
    now: DateTime<Utc>,
) -> Result<Vec<Applied>> {
    let new: Vec<(usize, &Verdict, AlertId)> = verdicts
        .iter()
        .enumerate()
        .filter(|(_, v)| v.alert.is_none())
        .map(|(i, v)| (i, v, AlertId::new()))
        .collect();
    let written = sqlx::query_scalar!(
        r#"insert into alerts (company_id, id, rule_id, site_id, kind, state, severity, peak_severity, products,
             opened_at, updated_at)
           select $1, n.id, n.rule_id, n.site_id, n.kind, 'open', n.severity, n.severity, n.products, $8, $8
           from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::int[])
             as n (id, rule_id, site_id, kind, severity, products)
           on conflict (company_id, rule_id, site_id) where resolved_at is null do nothing
           returning id"#,
        company.0,
        &new.iter().map(|(.., id)| id.0).collect::<Vec<_>>(),
        &new.iter().map(|(_, v, _)| v.rule_id.0).collect::<Vec<_>>(),
        &new.iter().map(|(_, v, _)| v.site_id.map(|site| site.0)).collect::<Vec<_>>() as &[Option<Uuid>],
        &new.iter().map(|(_, v, _)| kind(v).as_str().to_owned()).collect::<Vec<_>>(),
        &new.iter().map(|(_, v, _)| v.severity.as_str().to_owned()).collect::<Vec<_>>(),
        &new.iter().map(|(_, v, _)| count(v.products)).collect::<Vec<_>>(),
        now,
    )
    .fetch_all(conn)
    .await?;
    let kept = new.into_iter().filter(|(.., id)| written.contains(&id.0));
    Ok(kept
        .map(|(verdict, _, alert)| Applied {
            verdict,
            alert,
            revision: 1,
        })
        .collect())
}

async fn update_alerts(
    conn: &mut PgConnection,
    verdicts: &[Verdict],
    now: DateTime<Utc>,
) -> Result<Vec<Applied>> {
    let changed: Vec<(usize, &Verdict, &OpenAlert)> = verdicts
        .iter()
        .enumerate()
        .filter_map(|(i, v)| Some((i, v, v.alert.as_ref()?)))
        .collect();
    let revision =
        |verdict: &Verdict, alert: &OpenAlert| alert.revision + i32::from(verdict.cause.is_some());
    sqlx::query!(
        "update alerts a set severity = n.severity, peak_severity = n.peak, products = n.products,
           revision = n.revision, updated_at = $7::timestamptz,
           state = case when n.ends then 'resolved' else a.state end,
           snoozed_until = case when n.ends then null else a.snoozed_until end,
           resolved_at = case when n.ends then $7::timestamptz end
         from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::int[], $6::bool[])
           as n (id, severity, peak, products, revision, ends)
         where a.id = n.id and a.resolved_at is null",
        &changed.iter().map(|(.., a)| a.id.0).collect::<Vec<_>>(),
        &changed
            .iter()
            .map(|(_, v, _)| v.severity.as_str().to_owned())
            .collect::<Vec<_>>(),
        &changed
            .iter()
            .map(|(_, v, _)| v.peak_severity().as_str().to_owned())
            .collect::<Vec<_>>(),
        &changed
            .iter()
            .map(|(_, v, _)| count(v.products))
            .collect::<Vec<_>>(),
        &changed
            .iter()
            .map(|(_, v, a)| revision(v, a))
            .collect::<Vec<_>>(),
        &changed
            .iter()
            .map(|(_, v, _)| v.ends.is_some())
            .collect::<Vec<_>>(),
        now,
    )
    .execute(conn)
    .await?;
    let applied = changed.into_iter();
    Ok(applied
        .map(|(verdict, v, a)| Applied {
            verdict,
            alert: a.id,
            revision: revision(v, a),
        })
        .collect())
}

async fn insert_items(
    conn: &mut PgConnection,
    company: CompanyId,
    verdicts: &[Verdict],
    applied: &[Applied],
    now: DateTime<Utc>,
) -> Result<()> {
    let new: Vec<(&Applied, &Affected)> = applied
        .iter()
        .flat_map(|a| verdicts[a.verdict].added.iter().map(move |item| (a, item)))
        .collect();
    let sleeps = |applied: &Applied| {
        verdicts[applied.verdict]
            .alert
            .as_ref()
            .is_some_and(OpenAlert::sleeps)
    };
    sqlx::query!(
        "insert into alert_items (company_id, id, alert_id, product_id, urgency, peak_urgency, opened_figures, opened_at,
           untold)
         select $1, n.id, n.alert_id, n.product_id, n.urgency, n.urgency, n.figures, $7, n.untold
         from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::jsonb[], $8::bool[])
           as n (id, alert_id, product_id, urgency, figures, untold)
         on conflict (company_id, alert_id, product_id) where resolved_at is null do nothing",
        company.0,
        &new.iter().map(|_| ItemId::new().0).collect::<Vec<_>>(),
        &new.iter().map(|(applied, _)| applied.alert.0).collect::<Vec<_>>(),
        &new.iter().map(|(_, item)| item.product_id.0).collect::<Vec<_>>(),
        &new.iter().map(|(_, item)| item.urgency.as_str().to_owned()).collect::<Vec<_>>(),
        &new.iter().map(|(_, item)| json!(item.figures)).collect::<Vec<_>>(),
        now,
        &new.iter().map(|(applied, _)| sleeps(applied)).collect::<Vec<_>>(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn resolve_items(
    conn: &mut PgConnection,
    verdicts: &[Verdict],
    now: DateTime<Utc>,
) -> Result<()> {
    let over: Vec<(Uuid, Value)> = verdicts
        .iter()
        .flat_map(|v| &v.resolved)
        .filter_map(|item| Some((item.item?.0, json!(item.figures))))
        .collect();
    let (ids, figures): (Vec<_>, Vec<_>) = over.into_iter().unzip();
    sqlx::query!(
        "update alert_items i set resolved_at = $3, resolved_figures = n.figures
         from unnest($1::uuid[], $2::jsonb[]) as n (id, figures)
         where i.id = n.id and i.resolved_at is null",
        &ids,
        &figures,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn move_items(conn: &mut PgConnection, verdicts: &[Verdict]) -> Result<()> {
    let mut moved: Vec<(Uuid, String, bool, bool)> = Vec::new();
    for verdict in verdicts {
        for (items, peak, told) in [
            (&verdict.escalated, true, true),
            (&verdict.late, false, true),
            (&verdict.moved, false, false),
        ] {
            let row = |item: &Affected| {
                Some((item.item?.0, item.urgency.as_str().to_owned(), peak, told))
            };
            moved.extend(items.iter().filter_map(row));
        }
    }
    sqlx::query!(
        "update alert_items i set urgency = n.urgency, untold = i.untold and not n.told,
           peak_urgency = case when n.peak then n.urgency else i.peak_urgency end
         from unnest($1::uuid[], $2::text[], $3::bool[], $4::bool[]) as n (id, urgency, peak, told)
         where i.id = n.id and i.resolved_at is null",
        &moved.iter().map(|(id, ..)| *id).collect::<Vec<_>>(),
        &moved
            .iter()
            .map(|(_, urgency, ..)| urgency.clone())
            .collect::<Vec<_>>(),
        &moved.iter().map(|(.., peak, _)| *peak).collect::<Vec<_>>(),
        &moved.iter().map(|(.., told)| *told).collect::<Vec<_>>(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The formula that a kind of rule decides by, as the timeline tells it.
fn formula(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::Rupture => "level <= 0",
        RuleKind::LowStock => "0 < level <= min_stock; over above min_stock + 10 %",
        RuleKind::PredictedRupture => {
            "P(demand until the next delivery > level) >= threshold, or days to rupture (P50) <= 7; over below threshold - 0.15 and beyond 7 days"
        }
    }
}

fn events(verdict: &Verdict, alert: AlertId, kind: RuleKind) -> Vec<NewEvent> {
    let mut events = Vec::new();
    let mut note = |event, products: &[Affected]| {
        if !products.is_empty() {
            let details = json!({ "formula": formula(kind), "severity": verdict.severity, "products": described(products) });
            events.push(NewEvent {
                alert,
                event,
                details,
            });
        }
    };
    note(
        if verdict.alert.is_none() {
            "opened"
        } else {
            "product_added"
        },
        &verdict.added,
    );
    note("escalated", &verdict.escalated);
    note("product_resolved", &verdict.resolved);
    let before = verdict.alert.as_ref().map(|alert| alert.severity);
    if let Some(before) = before.filter(|before| *before != verdict.severity) {
        let details =
            json!({ "from": before, "to": verdict.severity, "products": verdict.products });
        events.push(NewEvent {
            alert,
            event: "severity_changed",
            details,
        });
    }
    if let Some(reason) = verdict.ends.map(EndReason::as_str) {
        events.push(NewEvent {
            alert,
            event: "resolved",
            details: json!({ "reason": reason }),
        });
    }
    events
}

/// All of them: an item keeps its own figures too, but the timeline must stand alone.
fn described(products: &[Affected]) -> Vec<Value> {
    let line = |p: &Affected| json!({ "product_id": p.product_id, "name": p.name, "urgency": p.urgency, "figures": p.figures });
    products.iter().map(line).collect()
}

async fn insert_events(
    conn: &mut PgConnection,
    company: CompanyId,
    events: &[NewEvent],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into alert_events (company_id, id, alert_id, at, event, details)
         select $1, n.id, n.alert_id, $6, n.event, n.details
         from unnest($2::uuid[], $3::uuid[], $4::text[], $5::jsonb[]) as n (id, alert_id, event, details)",
        company.0,
        &events.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>(),
        &events.iter().map(|e| e.alert.0).collect::<Vec<_>>(),
        &events.iter().map(|e| e.event.to_owned()).collect::<Vec<_>>(),
        &events.iter().map(|e| e.details.clone()).collect::<Vec<_>>(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn count(products: usize) -> i32 {
    i32::try_from(products).unwrap_or(i32::MAX)
}
