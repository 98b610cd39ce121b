//! Alert rules.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use domain::alerts::{self, Filter, NewRule, Recipient, RuleChanges, RuleId, RuleKind, StoredRule};
use domain::identity::Role;
use domain::notifications::Channel;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::App;
use crate::auth::Caller;
use crate::error::Result;
use crate::extract::{IfMatch, Json, Path, nullable};
use crate::idempotency::{Keyed, Outcome};
use crate::pagination::{List, Page};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleBody {
    name: String,
    kind: RuleKind,
    threshold: Option<Decimal>,
    #[serde(default)]
    filter: Filter,
    channels: Vec<Channel>,
    recipients: Vec<Recipient>,
    enabled: Option<bool>,
}

#[derive(Debug, Serialize)]
struct RuleAnswer {
    id: RuleId,
    name: String,
    kind: RuleKind,
    threshold: Option<Decimal>,
    filter: Filter,
    channels: Vec<Channel>,
    recipients: Vec<Recipient>,
    enabled: bool,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<StoredRule> for RuleAnswer {
    fn from(rule: StoredRule) -> Self {
        Self {
            id: rule.id,
            name: rule.name,
            kind: rule.kind,
            threshold: rule.threshold,
            filter: rule.filter,
            channels: rule.channels,
            recipients: rule.recipients,
            enabled: rule.enabled,
            version: rule.version,
            created_at: rule.created_at,
            updated_at: rule.updated_at,
        }
    }
}

fn answer(rule: StoredRule) -> Response {
    let etag = format!("\"{}\"", rule.version);
    ([(ETAG, etag)], axum::Json(RuleAnswer::from(rule))).into_response()
}

pub(super) async fn list(State(app): State<App>, caller: Caller, page: Page) -> Result<Response> {
    let mut tx = caller.begin(&app).await?;
    let rows = alerts::list_rules(&mut tx, page.after()?, page.rows()).await?;
    let list = List::cut(rows, &page, |rule| rule.id).map(RuleAnswer::from);
    Ok(axum::Json(list).into_response())
}

pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    Keyed { value: body, key }: Keyed<RuleBody>,
) -> Result<Response> {
    caller.require(Role::Manager)?;
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            let rule = NewRule {
                name: body.name,
                kind: body.kind,
                threshold: body.threshold,
                filter: body.filter,
                channels: body.channels,
                recipients: body.recipients,
                enabled: body.enabled.unwrap_or(true),
            };
            let rule = alerts::create_rule(&mut tx, caller.company, rule, caller.now).await?;
            let subject = ("alert_rule", Some(rule.id.0));
            caller
                .audit(
                    &mut tx,
                    "alerts.create_rule",
                    subject,
                    json!({"kind": rule.kind}),
                )
                .await?;
            let outcome = Outcome::created(format!("/api/v1/alert-rules/{}", rule.id), rule.id.0);
            key.settle(&mut tx, &caller, outcome).await?
        }
    };
    let rule = alerts::require_rule(&mut tx, outcome.id()?).await?;
    tx.commit().await?;
    Ok(outcome.respond(&RuleAnswer::from(rule)))
}

pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RuleId>,
) -> Result<Response> {
    let mut tx = caller.begin(&app).await?;
    Ok(answer(alerts::require_rule(&mut tx, id).await?))
}

/// The kind of a rule never changes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RulePatch {
    name: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    threshold: Option<Option<Decimal>>,
    filter: Option<Filter>,
    channels: Option<Vec<Channel>>,
    recipients: Option<Vec<Recipient>>,
    enabled: Option<bool>,
}

pub(super) async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RuleId>,
    IfMatch(version): IfMatch,
    Json(body): Json<RulePatch>,
) -> Result<Response> {
    caller.require(Role::Manager)?;
    let changes = RuleChanges {
        name: body.name,
        threshold: body.threshold,
        filter: body.filter,
        channels: body.channels,
        recipients: body.recipients,
        enabled: body.enabled,
    };
    let mut tx = caller.begin(&app).await?;
    let rule = alerts::update_rule(&mut tx, id, changes, version, caller.now).await?;
    let subject = ("alert_rule", Some(id.0));
    caller
        .audit(
            &mut tx,
            "alerts.change_rule",
            subject,
            json!({"version": rule.version}),
        )
        .await?;
    tx.commit().await?;
    Ok(answer(rule))
}

pub(super) async fn archive(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RuleId>,
) -> Result<StatusCode> {
    caller.require(Role::Manager)?;
    let mut tx = caller.begin(&app).await?;
    alerts::archive_rule(&mut tx, id, caller.now).await?;
    caller
        .audit(
            &mut tx,
            "alerts.archive_rule",
            ("alert_rule", Some(id.0)),
            json!({}),
        )
        .await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
