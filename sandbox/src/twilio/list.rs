//! Listing messages: To, From and DateSent, newest first, by pages. There is no other way to search,
//! as with Twilio.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Query, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use super::message::Message;
use super::problem;
use crate::keys::TWILIO_ACCOUNT_SID;
use crate::state::Sandbox;

const DEFAULT_PAGE: usize = 50;
const MAX_PAGE: usize = 1000;

type Pairs = BTreeMap<String, String>;

pub(super) async fn list(Shared(sandbox): Shared<Sandbox>, Query(query): Query<Pairs>) -> Response {
    let Some(filter) = Filter::parse(&query) else {
        return problem(StatusCode::BAD_REQUEST, 20001, "Invalid parameter value");
    };
    let size = query
        .get("PageSize")
        .and_then(|s| s.parse().ok())
        .unwrap_or(DEFAULT_PAGE)
        .clamp(1, MAX_PAGE);
    let page: usize = query.get("Page").and_then(|p| p.parse().ok()).unwrap_or(0);
    let after = query
        .get("PageToken")
        .and_then(|token| token.strip_prefix("PA"));
    let (messages, token) = sandbox.with(|data| {
        let state = &data.twilio;
        let end = after
            .and_then(|sid| state.by_sid.get(sid))
            .copied()
            .unwrap_or(state.messages.len());
        let mut found = state.messages[..end]
            .iter()
            .rev()
            .filter(|m| filter.covers(m));
        let items: Vec<Message> = found.by_ref().take(size).cloned().collect();
        let token = found
            .next()
            .and(items.last())
            .map(|last| format!("PA{}", last.sid));
        (items, token)
    });
    let next = token.map(|token| uri(&query, size, page + 1, Some(&token)));
    let start = page * size;
    Json(json!({
        "messages": messages.iter().map(Message::as_twilio).collect::<Vec<_>>(),
        "page": page,
        "page_size": size,
        "start": start,
        "end": (start + messages.len()).saturating_sub(1),
        "uri": uri(&query, size, page, None),
        "first_page_uri": uri(&query, size, 0, None),
        "next_page_uri": next,
        "previous_page_uri": null,
    }))
    .into_response()
}

fn uri(query: &Pairs, size: usize, page: usize, token: Option<&str>) -> String {
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

/// The bounds are inclusive; a message that wasn't sent yet has no date and matches none.
#[derive(Default)]
struct Filter {
    to: Option<String>,
    from: Option<String>,
    on: Option<NaiveDate>,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
}

impl Filter {
    /// `None` where a date can't be read.
    fn parse(query: &Pairs) -> Option<Self> {
        let bound = |key: &str, end: bool| match query.get(key) {
            None => Some(None),
            Some(text) => moment(text, end).map(Some),
        };
        Some(Self {
            to: query.get("To").cloned(),
            from: query.get("From").cloned(),
            on: bound("DateSent", false)?.map(|at| at.date_naive()),
            since: bound("DateSent>", false)?,
            until: bound("DateSent<", true)?,
        })
    }

    fn covers(&self, message: &Message) -> bool {
        let dated = self.on.is_some() || self.since.is_some() || self.until.is_some();
        self.to.as_ref().is_none_or(|to| *to == message.to)
            && self.from.as_ref().is_none_or(|from| *from == message.from)
            && (!dated || message.sent_at.is_some_and(|at| self.covers_date(at)))
    }

    fn covers_date(&self, at: DateTime<Utc>) -> bool {
        self.on.is_none_or(|day| day == at.date_naive())
            && self.since.is_none_or(|since| at >= since)
            && self.until.is_none_or(|until| at <= until)
    }
}

/// A day (its first or last moment) or a full time.
fn moment(text: &str, end: bool) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.with_timezone(&Utc));
    }
    let day: NaiveDate = text.parse().ok()?;
    let time = if end {
        day.and_hms_milli_opt(23, 59, 59, 999)
    } else {
        day.and_hms_opt(0, 0, 0)
    };
    time.map(|at| at.and_utc())
}
