//! The products of alerts.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, Uuid};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::super::transition::{AffectedProduct, OpenAlert, Transition};
use super::super::{AlertId, ItemId};
use super::AppliedTransition;
use super::transition::collect_column;
use crate::Result;
use crate::catalog::ProductId;
use crate::rupture::Urgency;

pub(super) async fn insert_items(
    conn: &mut PgConnection,
    company: CompanyId,
    transitions: &[Transition],
    applied: &[AppliedTransition],
    now: DateTime<Utc>,
) -> Result<()> {
    let mut new: Vec<(AlertId, bool, &AffectedProduct)> = Vec::new();
    for AppliedTransition {
        transition, alert, ..
    } in applied
    {
        let transition = &transitions[*transition];
        let unnotified = transition.alert.as_ref().is_some_and(OpenAlert::is_snoozed);
        let added = transition.added.iter();
        new.extend(added.map(|product| (*alert, unnotified, product)));
    }
    sqlx::query!(
        "insert into alert_items (company_id, id, alert_id, product_id, urgency, peak_urgency,
           opened_figures, opened_at, unnotified)
         select $1, n.id, n.alert_id, n.product_id, n.urgency, n.urgency, n.figures, $7,
           n.unnotified
         from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::jsonb[], $8::bool[])
           as n (id, alert_id, product_id, urgency, figures, unnotified)
         on conflict (company_id, alert_id, product_id) where resolved_at is null do nothing",
        company.0,
        &collect_column(&new, |_| ItemId::new().0),
        &collect_column(&new, |(alert, ..)| alert.0),
        &collect_column(&new, |(.., product)| product.product_id.0),
        &collect_column(&new, |(.., product)| product.urgency.as_str().to_owned()),
        &collect_column(&new, |(.., product)| json!(product.figures)),
        now,
        &collect_column(&new, |(_, unnotified, _)| *unnotified),
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn resolve_items(
    conn: &mut PgConnection,
    transitions: &[Transition],
    now: DateTime<Utc>,
) -> Result<()> {
    let (ids, figures): (Vec<Uuid>, Vec<Value>) = transitions
        .iter()
        .flat_map(|transition| &transition.resolved)
        .filter_map(|product| Some((product.item?.0, json!(product.figures))))
        .unzip();
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

/// What an update of an item records beside its urgency.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ItemUpdate {
    /// A notification reports the urgency, which is a new peak.
    Escalated,
    /// A notification names the product for the first time.
    Deferred,
    UrgencyChanged,
}

/// Updates the items that stay open.
pub(super) async fn update_items(
    conn: &mut PgConnection,
    transitions: &[Transition],
) -> Result<()> {
    let mut updates: Vec<(Uuid, Urgency, ItemUpdate)> = Vec::new();
    for transition in transitions {
        for (products, update) in [
            (&transition.escalated, ItemUpdate::Escalated),
            (&transition.deferred, ItemUpdate::Deferred),
            (&transition.urgency_changed, ItemUpdate::UrgencyChanged),
        ] {
            let row = |product: &AffectedProduct| Some((product.item?.0, product.urgency, update));
            updates.extend(products.iter().filter_map(row));
        }
    }
    sqlx::query!(
        "update alert_items i set urgency = n.urgency,
           unnotified = i.unnotified and not n.notified,
           peak_urgency = case when n.peak then n.urgency else i.peak_urgency end
         from unnest($1::uuid[], $2::text[], $3::bool[], $4::bool[])
           as n (id, urgency, peak, notified)
         where i.id = n.id and i.resolved_at is null",
        &collect_column(&updates, |(id, ..)| *id),
        &collect_column(&updates, |(_, urgency, _)| urgency.as_str().to_owned()),
        &collect_column(&updates, |(.., update)| *update == ItemUpdate::Escalated),
        &collect_column(&updates, |(.., update)| *update
            != ItemUpdate::UrgencyChanged),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A product of an alert, with the stored urgency, which a newer release may have added.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredItem {
    pub id: ItemId,
    pub product_id: ProductId,
    pub sku: String,
    pub name: String,
    pub urgency: String,
    pub opened_figures: Value,
    pub resolved_figures: Option<Value>,
    pub opened_at: DateTime<Utc>,
    pub resolved_at: Option<DateTime<Utc>>,
}

/// Returns at most 1,000 products of an alert: unresolved ones first, then the last resolved.
pub async fn list_items(conn: &mut PgConnection, alert: AlertId) -> Result<Vec<StoredItem>> {
    Ok(sqlx::query_as!(
        StoredItem,
        r#"select i.id as "id: ItemId", i.product_id as "product_id: ProductId", p.sku, p.name,
             i.urgency, i.opened_figures, i.resolved_figures, i.opened_at,
             i.resolved_at
           from alert_items i
           join products p on p.company_id = i.company_id and p.id = i.product_id
           where i.alert_id = $1
           order by i.resolved_at desc nulls first, i.id limit 1000"#,
        alert.0,
    )
    .fetch_all(conn)
    .await?)
}
