//! Ad accounts, their refreshes and their figures.

use axum::Json;
use axum::extract::State;
use axum::http::header::{ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::ads::{self, AccountId, AccountView, PERIOD_DAYS};
use jobs::ads::RefreshAccount;
use platform::ids::Uuid;
use serde::Deserialize;

use crate::App;
use crate::auth::Caller;
use crate::error::{Error, Result};
use crate::extract::{Path, Query};
use crate::idempotency::Key;
use crate::jobs::{enqueue_for_response, respond_enqueued};
use crate::pagination::{List, Page};

pub(super) async fn list_accounts(
    State(app): State<App>,
    caller: Caller,
    page: Page,
) -> Result<Json<List<AccountView>>> {
    let after = page.decode_cursor::<Uuid>()?;
    let mut tx = caller.begin(&app).await?;
    let rows = ads::list_accounts(&mut tx, after, page.row_limit()).await?;
    Ok(Json(List::from_rows(rows, &page, |account| account.id.0)))
}

/// Refreshes an account. One refresh runs at a time: a duplicate request gets the open job.
pub(super) async fn refresh_account(
    State(app): State<App>,
    caller: Caller,
    key: Key,
    Path(id): Path<AccountId>,
) -> Result<Response> {
    let settled = key
        .run_once(&app, &caller, async |tx| {
            ads::require_account(tx, id).await?;
            let refresh = RefreshAccount { account_id: id };
            let job = jobs::company_job(caller.company, &refresh).by(caller.user);
            enqueue_for_response(tx, job).await
        })
        .await?;
    respond_enqueued(settled).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DataQuery {
    /// One or more lengths in days, separated by commas; all lengths by default.
    period: Option<String>,
}

pub(super) async fn show_data(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AccountId>,
    Query(query): Query<DataQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    let days = parse_periods(query.period.as_deref())?;
    let mut tx = caller.begin(&app).await?;
    let summary = ads::summarize_account(&mut tx, id, &days).await?;
    let etag = format!("\"{}\"", summary.version);
    let known = headers.get(IF_NONE_MATCH);
    if known.is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, etag)]).into_response());
    }
    Ok(([(ETAG, etag)], Json(summary)).into_response())
}

fn parse_periods(text: Option<&str>) -> Result<Vec<i32>> {
    let Some(text) = text else {
        return Ok(PERIOD_DAYS.to_vec());
    };
    let parse_period = |part: &str| {
        part.trim()
            .parse()
            .ok()
            .filter(|days| PERIOD_DAYS.contains(days))
            .ok_or_else(|| Error::invalid_field("period", "out_of_range", "3, 7, 14, 30 or 90"))
    };
    text.split(',').map(parse_period).collect()
}
