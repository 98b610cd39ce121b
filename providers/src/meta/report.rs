//! An asynchronous insights report: its request and its pages.

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::{Value, json};

use super::accounts::Paging;
use super::row::InsightRow;
use crate::response::Misread;

/// Requested by name, because Meta changes its defaults.
const ATTRIBUTION_WINDOWS: [&str; 4] = ["1d_click", "7d_click", "28d_click", "1d_view"];

const FIELDS: &str = "account_id,account_currency,campaign_id,campaign_name,adset_id,adset_name,\
    ad_id,ad_name,date_start,impressions,clicks,inline_link_clicks,reach,spend,\
    actions,action_values";

/// The advertised thing that one row describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Account,
    Campaign,
    AdSet,
    Ad,
}

impl Level {
    /// Meta's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Campaign => "campaign",
            Self::AdSet => "adset",
            Self::Ad => "ad",
        }
    }
}

/// A report of daily rows, both days included, in the account's own time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRequest {
    /// `act_<number>`.
    pub account_id: String,
    pub since: NaiveDate,
    pub until: NaiveDate,
    pub level: Level,
}

impl ReportRequest {
    pub(super) fn to_form(&self) -> [(&'static str, String); 5] {
        [
            ("level", self.level.as_str().to_owned()),
            ("time_increment", "1".to_owned()),
            (
                "time_range",
                json!({ "since": self.since, "until": self.until }).to_string(),
            ),
            (
                "action_attribution_windows",
                json!(ATTRIBUTION_WINDOWS).to_string(),
            ),
            ("fields", FIELDS.to_owned()),
        ]
    }
}

/// One page of rows, and the cursor of the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportPage {
    pub rows: Vec<InsightRow>,
    pub next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct PageBody {
    data: Vec<Value>,
    #[serde(default)]
    paging: Paging,
}

impl PageBody {
    /// Fails on any row that cannot be parsed: Meta serves broken bodies now and then, and the same
    /// page is whole when it is read again.
    pub(super) fn into_page(self) -> Result<ReportPage, Misread> {
        let rows = self
            .data
            .into_iter()
            .map(|row| InsightRow::from_json(row).map_err(|e| Misread(format!("report row: {e}"))));
        Ok(ReportPage {
            rows: rows.collect::<Result<_, _>>()?,
            next: self.paging.next_cursor(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::PageBody;

    #[test]
    fn the_last_page_has_cursors_and_no_next() {
        let next_of_page = |next: Value| {
            let cursors = json!({"before": "a", "after": "b"});
            let body = json!({"data": [], "paging": {"cursors": cursors, "next": next}});
            let body: PageBody = serde_json::from_value(body).unwrap();
            body.into_page().ok().unwrap().next
        };
        let next = json!("https://graph/..?access_token=x");
        assert_eq!(next_of_page(next).as_deref(), Some("b"));
        assert_eq!(next_of_page(Value::Null), None);
    }
}
