//! Alerts: lists, the timeline with its reasons, and what people do to them.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use domain::alerts::{
    self, AlertEventKind, AlertFilter, AlertId, AlertState, ListedAlert, RuleId, RuleKind,
    Severity, StoredEvent,
};
use domain::catalog::SiteId;
use domain::identity::Role;
use domain::notifications;
use jobs::alerts::EvaluateAlerts;
use platform::db::Tx;
use platform::ids::{UserId, Uuid};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::App;
use crate::auth::Caller;
use crate::error::Result;
use crate::extract::{Json as JsonBody, Path, Query};
use crate::idempotency::{Key, Outcome};
use crate::jobs::enqueued_body;
use crate::notifications::MessageBody;
use crate::pagination::{List, Page};

/// Looks at the stock now, as the 5-minute tick does.
pub(super) async fn evaluate(State(app): State<App>, caller: Caller, key: Key) -> Result<Response> {
    caller.require(Role::Member)?;
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            let job = jobs::job(caller.company, &EvaluateAlerts {}).by(caller.user);
            let job = tx.enqueue(job).await?.id();
            key.settle(&mut tx, &caller, Outcome::job(job)).await?
        }
    };
    tx.commit().await?;
    Ok(outcome.respond(&enqueued_body(outcome.id()?)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertQuery {
    state: Option<AlertState>,
    severity: Option<Severity>,
    rule_id: Option<RuleId>,
}

#[derive(Debug, Serialize)]
struct RuleName {
    id: RuleId,
    name: String,
}

#[derive(Debug, Serialize)]
pub(super) struct AlertBody {
    id: AlertId,
    rule: RuleName,
    site_id: Option<SiteId>,
    kind: RuleKind,
    state: AlertState,
    severity: Severity,
    /// Products concerned now.
    products: i32,
    opened_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    acknowledged_at: Option<DateTime<Utc>>,
    acknowledged_by: Option<UserId>,
    snoozed_until: Option<DateTime<Utc>>,
    resolved_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Vec<ItemBody>>,
}

#[derive(Debug, Serialize)]
struct ItemBody {
    product: Value,
    urgency: &'static str,
    opened_at: DateTime<Utc>,
    opened_figures: Value,
    resolved_at: Option<DateTime<Utc>>,
    resolved_figures: Option<Value>,
}

impl AlertBody {
    fn new(alert: ListedAlert, items: Option<Vec<ItemBody>>) -> Self {
        Self {
            id: alert.id,
            rule: RuleName {
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

    async fn read(tx: &mut Tx, id: AlertId) -> Result<Self> {
        let alert = alerts::require_alert(tx, id).await?;
        let items = alerts::list_items(tx, id)
            .await?
            .into_iter()
            .map(|item| ItemBody {
                product: json!({"id": item.product_id, "sku": item.sku, "name": item.name}),
                urgency: item.urgency.as_str(),
                opened_at: item.opened_at,
                opened_figures: item.opened_figures,
                resolved_at: item.resolved_at,
                resolved_figures: item.resolved_figures,
            });
        Ok(Self::new(alert, Some(items.collect())))
    }
}

pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<AlertQuery>,
    page: Page,
) -> Result<Json<List<AlertBody>>> {
    let filter = AlertFilter {
        state: query.state,
        severity: query.severity,
        rule_id: query.rule_id,
        before: page.after()?,
        limit: page.rows(),
    };
    let mut tx = caller.begin(&app).await?;
    let rows = alerts::list_alerts(&mut tx, &filter).await?;
    Ok(Json(
        List::cut(rows, &page, |alert| alert.id).map(|alert| AlertBody::new(alert, None)),
    ))
}

pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AlertId>,
) -> Result<Json<AlertBody>> {
    let mut tx = caller.begin(&app).await?;
    Ok(Json(AlertBody::read(&mut tx, id).await?))
}

#[derive(Debug, Serialize)]
struct EventBody {
    id: Uuid,
    at: DateTime<Utc>,
    event: AlertEventKind,
    details: Value,
    actor_id: Option<UserId>,
}

#[derive(Debug, Serialize)]
pub(super) struct Timeline {
    #[serde(flatten)]
    events: List<EventBody>,
    /// How far each notice got.
    messages: Vec<MessageBody>,
}

pub(super) async fn timeline(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AlertId>,
    page: Page,
) -> Result<Json<Timeline>> {
    let mut tx = caller.begin(&app).await?;
    alerts::require_alert(&mut tx, id).await?;
    let rows = alerts::list_events(&mut tx, id, page.after()?, page.rows()).await?;
    let event = |e: StoredEvent| EventBody {
        id: e.id,
        at: e.at,
        event: e.event,
        details: e.details,
        actor_id: e.actor_id,
    };
    let events = List::cut(rows, &page, |event| event.id).map(event);
    let messages = notifications::list_messages_of_alert(&mut tx, id.0).await?;
    Ok(Json(Timeline {
        events,
        messages: messages.into_iter().map(MessageBody::from).collect(),
    }))
}

pub(super) async fn acknowledge(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AlertId>,
) -> Result<Json<AlertBody>> {
    caller.require(Role::Member)?;
    let mut tx = caller.begin(&app).await?;
    alerts::acknowledge_alert(&mut tx, caller.company, id, Some(caller.user), caller.now).await?;
    let body = AlertBody::read(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(body))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SnoozeBody {
    until: DateTime<Utc>,
}

pub(super) async fn snooze(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AlertId>,
    JsonBody(body): JsonBody<SnoozeBody>,
) -> Result<Json<AlertBody>> {
    caller.require(Role::Member)?;
    let mut tx = caller.begin(&app).await?;
    alerts::snooze_alert(
        &mut tx,
        caller.company,
        id,
        body.until,
        Some(caller.user),
        caller.now,
    )
    .await?;
    let body = AlertBody::read(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(body))
}

pub(super) async fn resolve(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AlertId>,
) -> Result<Json<AlertBody>> {
    caller.require(Role::Member)?;
    let mut tx = caller.begin(&app).await?;
    alerts::resolve_alert(&mut tx, caller.company, id, Some(caller.user), caller.now).await?;
    let body = AlertBody::read(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Json(body))
}
