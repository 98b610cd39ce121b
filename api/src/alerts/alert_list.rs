//! Alerts as callers see them: the list, and one alert with its items.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::alerts::{self, AlertFilter, AlertId, AlertState, ListedAlert, RuleId, Severity};
use domain::catalog::SiteId;
use platform::db::Tx;
use platform::ids::UserId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::App;
use crate::auth::Caller;
use crate::error::Result;
use crate::extract::{Path, Query};
use crate::pagination::{List, Page};

#[derive(Debug, Serialize)]
pub(super) struct AlertResponse {
    id: AlertId,
    rule: RuleReference,
    site_id: Option<SiteId>,
    kind: String,
    state: String,
    severity: String,
    /// The number of products concerned now.
    products: i32,
    opened_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    acknowledged_at: Option<DateTime<Utc>>,
    acknowledged_by: Option<UserId>,
    snoozed_until: Option<DateTime<Utc>>,
    resolved_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Vec<ItemResponse>>,
}

#[derive(Debug, Serialize)]
struct RuleReference {
    id: RuleId,
    name: String,
}

#[derive(Debug, Serialize)]
struct ItemResponse {
    product: Value,
    urgency: String,
    opened_at: DateTime<Utc>,
    opened_figures: Value,
    resolved_at: Option<DateTime<Utc>>,
    resolved_figures: Option<Value>,
}

impl AlertResponse {
    fn from_alert(alert: ListedAlert, items: Option<Vec<ItemResponse>>) -> Self {
        Self {
            id: alert.id,
            rule: RuleReference {
                id: alert.rule_id,
                name: alert.rule_name,
            },
            site_id: alert.site_id,
            kind: alert.kind,
            state: alert.state,
            severity: alert.severity,
            products: alert.products,
            opened_at: alert.opened_at,
            updated_at: alert.updated_at,
            acknowledged_at: alert.acknowledged_at,
            acknowledged_by: alert.acknowledged_by,
            snoozed_until: alert.snoozed_until,
            resolved_at: alert.resolved_at,
            items,
        }
    }

    /// Loads an alert with its items.
    pub(super) async fn load(tx: &mut Tx, id: AlertId) -> Result<Self> {
        let alert = alerts::require_alert(tx, id).await?;
        let items = alerts::list_items(tx, id)
            .await?
            .into_iter()
            .map(|item| ItemResponse {
                product: json!({"id": item.product_id, "sku": item.sku, "name": item.name}),
                urgency: item.urgency,
                opened_at: item.opened_at,
                opened_figures: item.opened_figures,
                resolved_at: item.resolved_at,
                resolved_figures: item.resolved_figures,
            });
        Ok(Self::from_alert(alert, Some(items.collect())))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertQuery {
    state: Option<AlertState>,
    severity: Option<Severity>,
    rule_id: Option<RuleId>,
}

pub(super) async fn list_alerts(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<AlertQuery>,
    page: Page,
) -> Result<Json<List<AlertResponse>>> {
    let filter = AlertFilter {
        state: query.state,
        severity: query.severity,
        rule_id: query.rule_id,
        before: page.decode_cursor()?,
        limit: page.row_limit(),
    };
    let mut tx = caller.begin(&app).await?;
    let rows = alerts::list_alerts(&mut tx, &filter).await?;
    let list = List::from_rows(rows, &page, |alert| alert.id);
    Ok(Json(
        list.map_items(|alert| AlertResponse::from_alert(alert, None)),
    ))
}

pub(super) async fn show_alert(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AlertId>,
) -> Result<Json<AlertResponse>> {
    let mut tx = caller.begin(&app).await?;
    Ok(Json(AlertResponse::load(&mut tx, id).await?))
}
