//! Alert rules.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use domain::alerts::{self, Filter, NewRule, Recipient, RuleChanges, RuleId, RuleKind, StoredRule};
use domain::notifications::Channel;
use platform::db::Tx;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::App;
use crate::auth::Caller;
use crate::error::Result;
use crate::extract::{IfMatch, Json, Path, deserialize_nullable, respond_versioned};
use crate::idempotency::{Keyed, Outcome};
use crate::pagination::{List, Page};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateRule {
    name: String,
    kind: RuleKind,
    threshold: Option<Decimal>,
    #[serde(default)]
    filter: Filter,
    channels: Vec<Channel>,
    recipients: Vec<Recipient>,
    enabled: Option<bool>,
}

impl From<CreateRule> for NewRule {
    fn from(body: CreateRule) -> Self {
        Self {
            name: body.name,
            kind: body.kind,
            threshold: body.threshold,
            filter: body.filter,
            channels: body.channels,
            recipients: body.recipients,
            enabled: body.enabled.unwrap_or(true),
        }
    }
}

/// A change of a rule. The kind of a rule never changes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateRule {
    name: Option<String>,
    #[serde(default, deserialize_with = "deserialize_nullable")]
    threshold: Option<Option<Decimal>>,
    filter: Option<Filter>,
    channels: Option<Vec<Channel>>,
    recipients: Option<Vec<Recipient>>,
    enabled: Option<bool>,
}

impl From<UpdateRule> for RuleChanges {
    fn from(body: UpdateRule) -> Self {
        Self {
            name: body.name,
            threshold: body.threshold,
            filter: body.filter,
            channels: body.channels,
            recipients: body.recipients,
            enabled: body.enabled,
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct RuleResponse {
    id: RuleId,
    name: String,
    kind: String,
    threshold: Option<Decimal>,
    filter: Filter,
    channels: Vec<String>,
    recipients: Vec<Recipient>,
    enabled: bool,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<StoredRule> for RuleResponse {
    fn from(rule: StoredRule) -> Self {
        Self {
            id: rule.id,
            name: rule.name,
            kind: rule.kind,
            threshold: rule.threshold,
            filter: rule.filter.0,
            channels: rule.channels,
            recipients: rule.recipients.0,
            enabled: rule.enabled,
            version: rule.version,
            created_at: rule.created_at,
            updated_at: rule.updated_at,
        }
    }
}

pub(super) async fn list_rules(
    State(app): State<App>,
    caller: Caller,
    page: Page,
) -> Result<axum::Json<List<RuleResponse>>> {
    let mut tx = caller.begin(&app).await?;
    let rows = alerts::list_rules(&mut tx, page.decode_cursor()?, page.row_limit()).await?;
    let list = List::from_rows(rows, &page, |rule| rule.id);
    Ok(axum::Json(list.map_items(RuleResponse::from)))
}

pub(super) async fn create_rule(
    State(app): State<App>,
    caller: Caller,
    Keyed { body, key }: Keyed<CreateRule>,
) -> Result<Response> {
    let mut settled = key
        .run_once(&app, &caller, async |tx| {
            insert_rule(tx, &caller, body.into()).await
        })
        .await?;
    let rule = alerts::require_rule(&mut settled.tx, settled.outcome.id()?).await?;
    settled.respond(&RuleResponse::from(rule)).await
}

async fn insert_rule(tx: &mut Tx, caller: &Caller, new: NewRule) -> Result<Outcome> {
    let rule = alerts::create_rule(tx, caller.company, new, caller.now).await?;
    let (subject, details) = (("alert_rule", rule.id), json!({"kind": rule.kind}));
    caller
        .record_act(tx, "alerts.create_rule", subject, details)
        .await?;
    Ok(Outcome::created("alert-rules", rule.id))
}

pub(super) async fn show_rule(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RuleId>,
) -> Result<Response> {
    let mut tx = caller.begin(&app).await?;
    let rule = alerts::require_rule(&mut tx, id).await?;
    Ok(respond_versioned(rule.version, &RuleResponse::from(rule)))
}

pub(super) async fn update_rule(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RuleId>,
    IfMatch(version): IfMatch,
    Json(body): Json<UpdateRule>,
) -> Result<Response> {
    let mut tx = caller.begin(&app).await?;
    let rule = alerts::update_rule(&mut tx, id, body.into(), version, caller.now).await?;
    let (subject, details) = (("alert_rule", id), json!({"version": rule.version}));
    caller
        .record_act(&mut tx, "alerts.change_rule", subject, details)
        .await?;
    tx.commit().await?;
    Ok(respond_versioned(rule.version, &RuleResponse::from(rule)))
}

pub(super) async fn archive_rule(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RuleId>,
) -> Result<StatusCode> {
    let mut tx = caller.begin(&app).await?;
    alerts::archive_rule(&mut tx, id, caller.now).await?;
    let subject = ("alert_rule", id);
    caller
        .record_act(&mut tx, "alerts.archive_rule", subject, json!({}))
        .await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
