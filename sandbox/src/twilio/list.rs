//! Listing messages by Twilio's filters To, From and DateSent, newest first, in pages. Twilio has
//! no other search.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Query, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use super::keys::TWILIO_ACCOUNT_SID;
use super::message::Message;
use super::problem_response;
use crate::state::Sandbox;

const DEFAULT_PAGE_MESSAGES: usize = 50;
const MAX_PAGE_MESSAGES: usize = 1000;

type QueryPairs = BTreeMap<String, String>;

pub(super) async fn list_messages(
    Shared(sandbox): Shared<Sandbox>,
    Query(query): Query<QueryPairs>,
) -> Response {
    let Some(filter) = MessageFilter::from_query(&query) else {
        return problem_response(StatusCode::BAD_REQUEST, 20001, "Invalid parameter value");
    };
    let size = query
        .get("PageSize")
        .and_then(|s| s.parse().ok())
        .unwrap_or(DEFAULT_PAGE_MESSAGES)
        .clamp(1, MAX_PAGE_MESSAGES);
    let page: usize = query.get("Page").and_then(|p| p.parse().ok()).unwrap_or(0);
    let after = query
        .get("PageToken")
        .and_then(|token| token.strip_prefix("PA"));
    let (messages, token) = sandbox.with_data(|data| {
        let state = &data.states.twilio;
        let end = after
            .and_then(|sid| state.by_sid.get(sid))
            .copied()
            .unwrap_or(state.messages.len());
        let mut found = state.messages[..end]
            .iter()
            .rev()
            .filter(|m| filter.matches_message(m));
        let items: Vec<Message> = found.by_ref().take(size).cloned().collect();
        let token = found
            .next()
            .and(items.last())
            .map(|last| format!("PA{}", last.sid));
        (items, token)
    });
    let next = token.map(|token| page_uri(&query, size, page + 1, Some(&token)));
    let start = page * size;
    Json(json!({
        "messages": messages.iter().map(Message::to_resource).collect::<Vec<_>>(),
        "page": page,
        "page_size": size,
        "start": start,
        "end": (start + messages.len()).saturating_sub(1),
        "uri": page_uri(&query, size, page, None),
        "first_page_uri": page_uri(&query, size, 0, None),
        "next_page_uri": next,
        "previous_page_uri": null,
    }))
    .into_response()
}

fn page_uri(query: &QueryPairs, size: usize, page: usize, token: Option<&str>) -> String {
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    pairs.extend_pairs(query.iter().filter(|(key, _)| !key.starts_with("Page")));
    pairs
        .append_pair("PageSize", &size.to_string())
        .append_pair("Page", &page.to_string());
    if let Some(token) = token {
        pairs.append_pair("PageToken", token);
    }
    format!(
        "/2010-04-01/Accounts/{TWILIO_ACCOUNT_SID}/Messages.json?{}",
        pairs.finish()
    )
}

/// The bounds are inclusive. A message that isn't sent yet matches no date.
#[derive(Default)]
struct MessageFilter {
    to: Option<String>,
    from: Option<String>,
    on: Option<NaiveDate>,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
}

impl MessageFilter {
    /// Returns `None` if a date is invalid.
    fn from_query(query: &QueryPairs) -> Option<Self> {
        let bound = |key: &str, day_bound: DayBound| match query.get(key) {
            None => Some(None),
            Some(text) => parse_time(text, day_bound).map(Some),
        };
        Some(Self {
            to: query.get("To").cloned(),
            from: query.get("From").cloned(),
            on: bound("DateSent", DayBound::Start)?.map(|at| at.date_naive()),
            since: bound("DateSent>", DayBound::Start)?,
            until: bound("DateSent<", DayBound::End)?,
        })
    }

    fn matches_message(&self, message: &Message) -> bool {
        let has_dates = self.on.is_some() || self.since.is_some() || self.until.is_some();
        self.to.as_ref().is_none_or(|to| *to == message.to)
            && self.from.as_ref().is_none_or(|from| *from == message.from)
            && (!has_dates || message.sent_at.is_some_and(|at| self.matches_date(at)))
    }

    fn matches_date(&self, at: DateTime<Utc>) -> bool {
        self.on.is_none_or(|day| day == at.date_naive())
            && self.since.is_none_or(|since| at >= since)
            && self.until.is_none_or(|until| at <= until)
    }
}

/// Which moment a day without a time means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DayBound {
    Start,
    End,
}

/// Parses a time, or a day as its first or last moment.
fn parse_time(text: &str, day_bound: DayBound) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.with_timezone(&Utc));
    }
    let day: NaiveDate = text.parse().ok()?;
    let time = match day_bound {
        DayBound::Start => day.and_hms_opt(0, 0, 0),
        DayBound::End => day.and_hms_milli_opt(23, 59, 59, 999),
    };
    time.map(|at| at.and_utc())
}
