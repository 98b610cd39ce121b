//! Reports: started, polled until complete, read by cursor.

use axum::extract::{Path, Request, State as Shared};
use axum::response::Response;
use chrono::{Months, NaiveDate};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::accounts::ACCOUNTS;
use super::rows::{Level, rows};
use super::{Call, admit, metered, problem, refused};
use crate::clock::now;
use crate::state::Sandbox;

/// Meta's limit of history.
const MAX_MONTHS: Months = Months::new(37);

const DEFAULT_PAGE: usize = 25;

/// One report.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Run {
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

pub(super) async fn start(
    Shared(sandbox): Shared<Sandbox>,
    Path((_, object)): Path<(String, String)>,
    request: Request,
) -> Response {
    let run = match admit(&sandbox, request)
        .await
        .and_then(|call| accept(&sandbox, &object, &call))
    {
        Ok(run) => run,
        Err(refusal) => return *refusal,
    };
    let id = run.id.clone();
    sandbox.with(|data| {
        data.keep("meta_run", &run);
        data.meta.runs.insert(id.clone(), run);
    });
    metered(&sandbox, json!({ "report_run_id": id }))
}

fn accept(sandbox: &Sandbox, object: &str, call: &Call) -> Result<Run, Box<Response>> {
    let number = object.strip_prefix("act_").unwrap_or_default();
    if !ACCOUNTS.iter().any(|(known, ..)| *known == number) {
        return Err(refused(
            100,
            Some(33),
            "Unsupported post request. Object does not exist or cannot be loaded",
        ));
    }
    let text = call.params.get("time_range").map_or("", String::as_str);
    let Ok(TimeRange { since, until }) = serde_json::from_str(text) else {
        return Err(refused(100, None, "(#100) Must be a valid time_range"));
    };
    if call.params.get("time_increment").map(String::as_str) != Some("1") {
        return Err(refused(
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
        return Err(refused(
            100,
            None,
            "(#100) level must be one of account, campaign, adset, ad",
        ));
    };
    if until < since || since < now().date_naive() - MAX_MONTHS {
        return Err(refused(
            100,
            Some(3018),
            "(#3018) The start date of the time range cannot be beyond 37 months",
        ));
    }
    if (until - since).num_days() >= sandbox.with(|data| data.settings.meta_max_days) {
        return Err(refused(
            100,
            Some(1_487_534),
            "Please reduce the amount of data you're asking for",
        ));
    }
    let id = format!("6{}", &uuid::Uuid::new_v4().as_u128().to_string()[..15]);
    Ok(Run {
        id,
        account: number.to_owned(),
        since,
        until,
        level,
        polls: 0,
    })
}

pub(super) async fn poll(
    Shared(sandbox): Shared<Sandbox>,
    Path((_, id)): Path<(String, String)>,
    request: Request,
) -> Response {
    if let Err(refusal) = admit(&sandbox, request).await {
        return *refusal;
    }
    let polled = sandbox.with(|data| {
        let needed = data.settings.meta_polls;
        let run = data.meta.runs.get_mut(&id)?;
        run.polls += 1;
        let run = run.clone();
        data.keep("meta_run", &run);
        Some((run.polls, needed))
    });
    let Some((polls, needed)) = polled else {
        return unknown(&id);
    };
    let (status, percent) = match polls {
        _ if polls >= needed => ("Job Completed", 100),
        1 => ("Job Started", 0),
        _ => ("Job Running", 100 * polls / needed),
    };
    metered(
        &sandbox,
        json!({"id": id, "async_status": status, "async_percent_completion": percent}),
    )
}

pub(super) async fn read(
    Shared(sandbox): Shared<Sandbox>,
    Path((_, id)): Path<(String, String)>,
    request: Request,
) -> Response {
    let call = match admit(&sandbox, request).await {
        Ok(call) => call,
        Err(refusal) => return *refusal,
    };
    let found = sandbox.with(|data| {
        let run = data.meta.runs.get(&id)?;
        Some((run.clone(), run.polls >= data.settings.meta_polls))
    });
    match found {
        None => unknown(&id),
        Some((_, false)) => problem(2601, Some(1_487_296), "The report is not ready yet"),
        Some((run, true)) => metered(&sandbox, page(&run, &call)),
    }
}

fn page(run: &Run, call: &Call) -> Value {
    let number = |key: &str| {
        call.params
            .get(key)
            .and_then(|text| text.parse::<usize>().ok())
    };
    let (start, limit) = (
        number("after").unwrap_or(0),
        number("limit").unwrap_or(DEFAULT_PAGE).clamp(1, 5000),
    );
    let all = rows(&run.account, run.since, run.until, run.level);
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

fn unknown(id: &str) -> Response {
    problem(
        100,
        Some(33),
        &format!("Object with ID '{id}' does not exist"),
    )
}
