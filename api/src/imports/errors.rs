//! `GET /imports/{id}/errors`: rows that were rejected or should be looked at as JSON, page by
//! page. With `Accept: text/csv`, all of them as a file to correct and send again.

use std::future::ready;
use std::io;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use domain::catalog::import::{self, Detected, ImportId, Severity};
use domain::identity::{self, Language};
use futures::stream::{once, try_unfold};
use futures::{StreamExt as _, TryStreamExt as _};
use serde::Deserialize;

use crate::App;
use crate::auth::Caller;
use crate::error::{Error, Result};
use crate::extract::{Path, Query};
use crate::pagination::{List, Page};

/// Rows read in one transaction.
const BATCH_ROWS: i64 = 1_000;

/// Which rows are listed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IssueFilter {
    /// Both by default.
    severity: Option<Severity>,
}

pub(crate) async fn list_errors(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ImportId>,
    page: Page,
    Query(filter): Query<IssueFilter>,
    headers: HeaderMap,
) -> Result<Response> {
    let mut tx = caller.begin(&app).await?;
    let import = import::require_import(&mut tx, caller.company, id).await?;
    let wants_csv = headers
        .get(ACCEPT)
        .and_then(|v| v.to_str().ok())
        .is_some_and(|v| v.contains("text/csv"));
    if wants_csv {
        let company = identity::companies::require_company(&mut tx, caller.company).await?;
        drop(tx);
        let detected = import.detected.map(|d| d.0);
        return Ok(stream_file(app, caller, id, detected, company.language));
    }
    let after = page.decode_cursor()?.unwrap_or(0);
    let severity = filter.severity;
    let limit = page.row_limit();
    let rows = import::list_row_issues(&mut tx, caller.company, id, severity, after, limit).await?;
    Ok(Json(List::from_rows(rows, &page, |row| row.line)).into_response())
}

/// Streams the error file batch by batch. Each batch has its own transaction, so that a slow client
/// holds no connection.
fn stream_file(
    app: App,
    caller: Caller,
    id: ImportId,
    detected: Option<Detected>,
    language: Language,
) -> Response {
    let header = Bytes::from(import::format_error_header(detected.as_ref(), language));
    let pages = try_unfold(Some(0), move |after| {
        let (app, caller, detected) = (app.clone(), caller.clone(), detected.clone());
        async move {
            let Some(after) = after else { return Ok(None) };
            let mut tx = caller.begin(&app).await?;
            let company = caller.company;
            let rows =
                import::list_row_issues(&mut tx, company, id, None, after, BATCH_ROWS).await?;
            let text: String = rows
                .iter()
                .map(|row| import::format_row_issues(row, detected.as_ref(), language))
                .collect();
            Ok::<_, Error>(Some((Bytes::from(text), rows.last().map(|row| row.line))))
        }
    });
    let pages = pages.map_err(|error| io::Error::other(format!("{error:?}")));
    let name = format!("attachment; filename=\"import-{id}-errors.csv\"");
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, name),
    ];
    (
        headers,
        Body::from_stream(once(ready(Ok(header))).chain(pages)),
    )
        .into_response()
}
