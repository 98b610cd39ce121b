//! An asynchronous insights report: what is asked, how far it is, its pages.

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::{Value, json};

use super::accounts::Paging;
use super::codes::class_of;
use super::row::InsightRow;
use crate::error::{Class, ProviderError};
use crate::http::Call;
use crate::redact::redact;

pub(super) const RUN_FIELDS: &str =
    "async_status,async_percent_completion,error_code,error_subcode,error_message,error_user_msg";

/// Asked for by name, since Meta changes its defaults.
const ATTRIBUTION_WINDOWS: [&str; 4] = ["1d_click", "7d_click", "28d_click", "1d_view"];

const FIELDS: &str = "account_id,account_currency,campaign_id,campaign_name,adset_id,adset_name,\
    ad_id,ad_name,date_start,impressions,clicks,inline_link_clicks,reach,spend,actions,action_values";

/// What one row is about.
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
    pub(super) fn form(&self) -> [(&'static str, String); 5] {
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

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStatus {
    NotStarted,
    Started,
    Running,
    Completed,
    Failed,
    Skipped,
}

const STATUSES: [(&str, RunStatus); 6] = [
    ("Job Not Started", RunStatus::NotStarted),
    ("Job Started", RunStatus::Started),
    ("Job Running", RunStatus::Running),
    ("Job Completed", RunStatus::Completed),
    ("Job Failed", RunStatus::Failed),
    ("Job Skipped", RunStatus::Skipped),
];

/// A run as Meta tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRun {
    pub status: RunStatus,
    pub percent: u8,
    /// Why it failed; `TooMuchData` asks for a split, `Retry` for another run.
    pub failure: Option<RunFailure>,
}

/// The error that a failed or skipped run carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFailure {
    pub class: Class,
    /// `code/subcode`.
    pub code: Option<String>,
    pub excerpt: String,
}

/// One page of rows, and the cursor of the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportPage {
    pub rows: Vec<InsightRow>,
    pub next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct StartedBody {
    pub(super) report_run_id: String,
}

#[derive(Deserialize)]
pub(super) struct RunBody {
    async_status: String,
    #[serde(default)]
    async_percent_completion: u8,
    error_code: Option<i64>,
    error_subcode: Option<i64>,
    error_message: Option<String>,
    error_user_msg: Option<String>,
}

impl RunBody {
    pub(super) fn into_run(self, call: &Call) -> Result<ReportRun, ProviderError> {
        let known = STATUSES.iter().find(|(word, _)| *word == self.async_status);
        let Some((_, status)) = known else {
            let text = format!("answer not understood: async_status {}", self.async_status);
            return Err(call.error(call.cut_off(), &text));
        };
        let ended_badly = matches!(status, RunStatus::Failed | RunStatus::Skipped);
        Ok(ReportRun {
            status: *status,
            percent: self.async_percent_completion,
            failure: ended_badly.then(|| self.failure()),
        })
    }

    /// A failure without a code is usually a passing one.
    fn failure(&self) -> RunFailure {
        let text = self
            .error_user_msg
            .as_deref()
            .or(self.error_message.as_deref())
            .unwrap_or("no reason given");
        let class = self
            .error_code
            .map_or(Class::Retry, |code| class_of(code, self.error_subcode));
        let code = self
            .error_code
            .map(|code| super::codes::label(code, self.error_subcode));
        RunFailure {
            class,
            code,
            excerpt: redact(text),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct PageBody {
    data: Vec<Value>,
    #[serde(default)]
    paging: Paging,
}

impl PageBody {
    /// A row that can't be read spoils the page: Meta serves broken bodies now and then, and the
    /// same page read again is whole.
    pub(super) fn into_page(self, call: &Call) -> Result<ReportPage, ProviderError> {
        let read = |row: Value| {
            InsightRow::read(row)
                .map_err(|e| call.error(call.cut_off(), &format!("row not understood: {e}")))
        };
        let rows = self.data.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(ReportPage {
            rows,
            next: self.paging.next_cursor(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{PageBody, ReportRun, RunBody, RunStatus};
    use crate::error::{Class, Provider, ProviderError};
    use crate::http::{Call, Effect};

    const CALL: Call = Call {
        provider: Provider::Meta,
        operation: "poll_report",
        effect: Effect::Repeatable,
    };

    fn run(body: Value) -> Result<ReportRun, ProviderError> {
        serde_json::from_value::<RunBody>(body)
            .unwrap()
            .into_run(&CALL)
    }

    #[test]
    fn a_failed_run_says_what_to_do_about_it() {
        let split = run(
            json!({"async_status": "Job Failed", "error_code": 100, "error_subcode": 1_487_534}),
        )
        .unwrap();
        assert_eq!(split.failure.unwrap().class, Class::TooMuchData);
        let again = run(json!({"async_status": "Job Skipped"})).unwrap();
        assert_eq!(
            (again.status, again.failure.unwrap().class),
            (RunStatus::Skipped, Class::Retry)
        );
        let running =
            run(json!({"async_status": "Job Running", "async_percent_completion": 40})).unwrap();
        assert_eq!(
            (running.status, running.percent, running.failure),
            (RunStatus::Running, 40, None)
        );
        assert_eq!(
            run(json!({"async_status": "Job Dreaming"}))
                .unwrap_err()
                .class,
            Class::Retry
        );
    }

    #[test]
    fn the_last_page_has_cursors_and_no_next() {
        let page = |next: Value| {
            let body = json!({"data": [], "paging": {"cursors": {"before": "a", "after": "b"}, "next": next}});
            serde_json::from_value::<PageBody>(body)
                .unwrap()
                .into_page(&CALL)
                .unwrap()
                .next
        };
        assert_eq!(
            page(json!("https://graph/..?access_token=x")).as_deref(),
            Some("b")
        );
        assert_eq!(page(Value::Null), None);
    }
}
