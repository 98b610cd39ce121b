//! Insight reports: started, polled until complete, and read page by page.

use axum::extract::{Path, Request, State as Shared};
use axum::response::Response;
use chrono::{Months, NaiveDate};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::accounts::ACCOUNTS;
use super::record::MetaRecord;
use super::rows::{Level, report_rows};
use super::usage::with_usage_headers;
use super::{AuthenticatedCall, authenticate_call, boxed_problem, problem_response};
use crate::clock::read_clock;
use crate::state::Sandbox;

/// How far back Meta keeps data.
const MAX_HISTORY_MONTHS: Months = Months::new(37);

const DEFAULT_PAGE_ROWS: usize = 25;

/// One report.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ReportRun {
    pub(super) id: String,
    account: String,
    since: NaiveDate,
    until: NaiveDate,
    level: Level,
    polls: u32,
}

#[derive(Deserialize)]
struct TimeRange {
    since: NaiveDate,
    until: NaiveDate,
}

pub(super) async fn start_report(
    Shared(sandbox): Shared<Sandbox>,
    Path((_, object)): Path<(String, String)>,
    request: Request,
) -> Response {
    let run = match authenticate_call(&sandbox, request)
        .await
        .and_then(|call| validate_report(&sandbox, &object, &call))
    {
        Ok(run) => run,
        Err(rejection) => return *rejection,
    };
    let id = run.id.clone();
    sandbox.with_data(|data| {
        data.keep_record(MetaRecord::Run, &run);
        data.states.meta.put_run(run);
    });
    with_usage_headers(&sandbox, json!({ "report_run_id": id }))
}

fn validate_report(
    sandbox: &Sandbox,
    object: &str,
    call: &AuthenticatedCall,
) -> Result<ReportRun, Box<Response>> {
    let number = object.strip_prefix("act_").unwrap_or_default();
    if !ACCOUNTS.iter().any(|(known, ..)| *known == number) {
        return Err(boxed_problem(
            100,
            Some(33),
            "Unsupported post request. Object does not exist or cannot be loaded",
        ));
    }
    let TimeRange { since, until } = validate_time_range(sandbox, call)?;
    if call.params.get("time_increment").map(String::as_str) != Some("1") {
        return Err(boxed_problem(
            100,
            None,
            "(#100) this sandbox only has daily rows: time_increment must be 1",
        ));
    }
    let level = call
        .params
        .get("level")
        .map_or(Some(Level::Account), |word| Level::parse(word));
    let Some(level) = level else {
        return Err(boxed_problem(
            100,
            None,
            "(#100) level must be one of account, campaign, adset, ad",
        ));
    };
    let id = format!("6{}", &uuid::Uuid::new_v4().as_u128().to_string()[..15]);
    Ok(ReportRun {
        id,
        account: number.to_owned(),
        since,
        until,
        level,
        polls: 0,
    })
}

fn validate_time_range(
    sandbox: &Sandbox,
    call: &AuthenticatedCall,
) -> Result<TimeRange, Box<Response>> {
    let text = call.params.get("time_range").map_or("", String::as_str);
    let Ok(TimeRange { since, until }) = serde_json::from_str(text) else {
        return Err(boxed_problem(
            100,
            None,
            "(#100) Must be a valid time_range",
        ));
    };
    if until < since || since < read_clock().date_naive() - MAX_HISTORY_MONTHS {
        return Err(boxed_problem(
            100,
            Some(3018),
            "(#3018) The start date of the time range cannot be beyond 37 months",
        ));
    }
    if (until - since).num_days() >= sandbox.with_data(|data| data.settings.meta_max_days) {
        return Err(boxed_problem(
            100,
            Some(1_487_534),
            "Please reduce the amount of data you're asking for",
        ));
    }
    Ok(TimeRange { since, until })
}

pub(super) async fn poll_report(
    Shared(sandbox): Shared<Sandbox>,
    Path((_, id)): Path<(String, String)>,
    request: Request,
) -> Response {
    if let Err(rejection) = authenticate_call(&sandbox, request).await {
        return *rejection;
    }
    let polled = sandbox.with_data(|data| {
        let needed = data.settings.meta_polls;
        let run = data.states.meta.runs.get_mut(&id)?;
        run.polls += 1;
        let run = run.clone();
        data.keep_record(MetaRecord::Run, &run);
        Some((run.polls, needed))
    });
    let Some((polls, needed)) = polled else {
        return unknown_object(&id);
    };
    let (status, percent) = match polls {
        _ if polls >= needed => ("Job Completed", 100),
        1 => ("Job Started", 0),
        _ => ("Job Running", 100 * polls / needed),
    };
    with_usage_headers(
        &sandbox,
        json!({"id": id, "async_status": status, "async_percent_completion": percent}),
    )
}

pub(super) async fn read_report(
    Shared(sandbox): Shared<Sandbox>,
    Path((_, id)): Path<(String, String)>,
    request: Request,
) -> Response {
    let call = match authenticate_call(&sandbox, request).await {
        Ok(call) => call,
        Err(rejection) => return *rejection,
    };
    let found = sandbox.with_data(|data| {
        let run = data.states.meta.runs.get(&id)?;
        Some((run.clone(), run.polls >= data.settings.meta_polls))
    });
    match found {
        None => unknown_object(&id),
        Some((_, false)) => problem_response(2601, Some(1_487_296), "The report is not ready yet"),
        Some((run, true)) => with_usage_headers(&sandbox, report_page(&run, &call)),
    }
}

fn report_page(run: &ReportRun, call: &AuthenticatedCall) -> Value {
    let number = |key: &str| {
        call.params
            .get(key)
            .and_then(|text| text.parse::<usize>().ok())
    };
    let (start, limit) = (
        number("after").unwrap_or(0),
        number("limit").unwrap_or(DEFAULT_PAGE_ROWS).clamp(1, 5000),
    );
    let all = report_rows(&run.account, run.since, run.until, run.level);
    let data: Vec<&Value> = all.iter().skip(start).take(limit).collect();
    let end = start + data.len();
    let mut paging = json!({"cursors": {"before": start.to_string(), "after": end.to_string()}});
    if end < all.len() {
        let id = &run.id;
        paging["next"] = json!(format!(
            "https://graph.example/{id}/insights?access_token={}&after={end}",
            call.token
        ));
    }
    json!({"data": data, "paging": paging})
}

fn unknown_object(id: &str) -> Response {
    problem_response(
        100,
        Some(33),
        &format!("Object with ID '{id}' does not exist"),
    )
}
