//! Writes the transitions of one evaluation: six statements, whatever the number of alerts and
//! products.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use super::super::AlertId;
use super::super::transition::{OpenAlert, Transition};
use super::item::{insert_items, resolve_items, update_items};
use super::timeline::{record_events, transition_events};
use crate::Result;

/// A transition that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppliedTransition {
    /// Index into the transitions.
    pub transition: usize,
    pub alert: AlertId,
    pub revision: i32,
}

/// Writes alerts, items and timelines. Omits the transition of a new alert that a concurrent
/// evaluation opened first.
pub async fn apply_transitions(
    conn: &mut PgConnection,
    company: CompanyId,
    transitions: &[Transition],
    now: DateTime<Utc>,
) -> Result<Vec<AppliedTransition>> {
    if transitions.is_empty() {
        return Ok(Vec::new());
    }
    let mut applied = insert_alerts(conn, company, transitions, now).await?;
    applied.extend(update_alerts(conn, transitions, now).await?);
    applied.sort_by_key(|applied| applied.transition);
    insert_items(conn, company, transitions, &applied, now).await?;
    resolve_items(conn, transitions, now).await?;
    update_items(conn, transitions).await?;
    let events: Vec<_> = applied
        .iter()
        .flat_map(|applied| transition_events(&transitions[applied.transition], applied.alert))
        .collect();
    record_events(conn, company, &events, None, now).await?;
    Ok(applied)
}

async fn insert_alerts(
    conn: &mut PgConnection,
    company: CompanyId,
    transitions: &[Transition],
    now: DateTime<Utc>,
) -> Result<Vec<AppliedTransition>> {
    let new: Vec<(usize, &Transition, AlertId)> = transitions
        .iter()
        .enumerate()
        .filter(|(_, t)| t.alert.is_none())
        .map(|(index, t)| (index, t, AlertId::new()))
        .collect();
    let sites: Vec<_> = new
        .iter()
        .map(|(_, t, _)| t.site_id.map(|site| site.0))
        .collect();
    let inserted = sqlx::query_scalar!(
        r#"insert into alerts (company_id, id, rule_id, site_id, kind, state, severity,
             peak_severity, products, opened_at, updated_at)
           select $1, n.id, n.rule_id, n.site_id, n.kind, 'open', n.severity, n.severity,
             n.products, $8, $8
           from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::int[])
             as n (id, rule_id, site_id, kind, severity, products)
           on conflict (company_id, rule_id, site_id) where resolved_at is null do nothing
           returning id"#,
        company.0,
        &collect_column(&new, |(.., id)| id.0),
        &collect_column(&new, |(_, t, _)| t.rule_id.0),
        &sites as &[Option<Uuid>],
        &collect_column(&new, |(_, t, _)| t.kind.as_str().to_owned()),
        &collect_column(&new, |(_, t, _)| t.severity.as_str().to_owned()),
        &collect_column(&new, |(_, t, _)| to_count(t.products)),
        now,
    )
    .fetch_all(conn)
    .await?;
    let kept = new.into_iter().filter(|(.., id)| inserted.contains(&id.0));
    Ok(kept
        .map(|(transition, _, alert)| AppliedTransition {
            transition,
            alert,
            revision: 1,
        })
        .collect())
}

async fn update_alerts(
    conn: &mut PgConnection,
    transitions: &[Transition],
    now: DateTime<Utc>,
) -> Result<Vec<AppliedTransition>> {
    let changed: Vec<(usize, &Transition, &OpenAlert)> = transitions
        .iter()
        .enumerate()
        .filter_map(|(index, t)| Some((index, t, t.alert.as_ref()?)))
        .collect();
    let revision =
        |t: &Transition, alert: &OpenAlert| alert.revision + i32::from(t.cause.is_some());
    sqlx::query!(
        "update alerts a set severity = n.severity, peak_severity = n.peak, products = n.products,
           revision = n.revision, updated_at = $7::timestamptz,
           state = case when n.resolves then 'resolved' else a.state end,
           snoozed_until = case when n.resolves then null else a.snoozed_until end,
           resolved_at = case when n.resolves then $7::timestamptz end
         from unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::int[], $6::bool[])
           as n (id, severity, peak, products, revision, resolves)
         where a.id = n.id and a.resolved_at is null",
        &collect_column(&changed, |(.., alert)| alert.id.0),
        &collect_column(&changed, |(_, t, _)| t.severity.as_str().to_owned()),
        &collect_column(&changed, |(_, t, _)| t.peak_severity().as_str().to_owned()),
        &collect_column(&changed, |(_, t, _)| to_count(t.products)),
        &collect_column(&changed, |(_, t, alert)| revision(t, alert)),
        &collect_column(&changed, |(_, t, _)| t.resolution.is_some()),
        now,
    )
    .execute(conn)
    .await?;
    let applied = changed.into_iter();
    Ok(applied
        .map(|(transition, t, alert)| AppliedTransition {
            transition,
            alert: alert.id,
            revision: revision(t, alert),
        })
        .collect())
}

/// Returns one column of `rows`, for `unnest`.
pub(super) fn collect_column<R, T>(rows: &[R], value: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

fn to_count(products: usize) -> i32 {
    i32::try_from(products).unwrap_or(i32::MAX)
}
