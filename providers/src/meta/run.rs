//! A run of a report at Meta: its status, and why it failed.

use serde::Deserialize;

use super::error_code::{class_of, format_code};
use crate::error::Class;
use crate::redact::redact_text;
use crate::response::Misread;

pub(super) const FIELDS: &str =
    "async_status,async_percent_completion,error_code,error_subcode,error_message,error_user_msg";

/// The status of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStatus {
    NotStarted,
    Started,
    Running,
    Completed,
    Failed,
    Skipped,
}

impl RunStatus {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "Job Not Started" => Self::NotStarted,
            "Job Started" => Self::Started,
            "Job Running" => Self::Running,
            "Job Completed" => Self::Completed,
            "Job Failed" => Self::Failed,
            "Job Skipped" => Self::Skipped,
            _ => return None,
        })
    }
}

/// The progress of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRun {
    pub status: RunStatus,
    pub percent: u8,
    /// Why the run failed; `TooMuchData` requires a split, `Retry` another run.
    pub failure: Option<RunFailure>,
}

/// The error of a failed or skipped run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFailure {
    pub class: Class,
    /// `code/subcode`.
    pub code: Option<String>,
    pub excerpt: String,
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
    pub(super) fn into_run(self) -> Result<ReportRun, Misread> {
        let status = RunStatus::parse(&self.async_status)
            .ok_or_else(|| Misread(format!("async_status {}", self.async_status)))?;
        let has_failed = matches!(status, RunStatus::Failed | RunStatus::Skipped);
        Ok(ReportRun {
            status,
            percent: self.async_percent_completion,
            failure: has_failed.then(|| self.read_failure()),
        })
    }

    fn read_failure(&self) -> RunFailure {
        let text = self.error_user_msg.as_deref();
        let text = text.or(self.error_message.as_deref());
        RunFailure {
            // A failure without a code is usually a passing one.
            class: self
                .error_code
                .map_or(Class::Retry, |code| class_of(code, self.error_subcode)),
            code: self
                .error_code
                .map(|code| format_code(code, self.error_subcode)),
            excerpt: redact_text(text.unwrap_or("no reason in the response")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ReportRun, RunBody, RunStatus};
    use crate::error::Class;

    fn parse_run(body: Value) -> Option<ReportRun> {
        let body: RunBody = serde_json::from_value(body).unwrap();
        body.into_run().ok()
    }

    #[test]
    fn the_class_of_a_failed_run_is_that_of_its_code() {
        let too_much =
            json!({"async_status": "Job Failed", "error_code": 100, "error_subcode": 1_487_534});
        let failure = parse_run(too_much).unwrap().failure.unwrap();
        assert_eq!(failure.class, Class::TooMuchData);
        let skipped = parse_run(json!({"async_status": "Job Skipped"})).unwrap();
        assert_eq!(skipped.status, RunStatus::Skipped);
        assert_eq!(skipped.failure.unwrap().class, Class::Retry);
    }

    #[test]
    fn a_running_run_has_a_progress_and_no_failure() {
        let running = json!({"async_status": "Job Running", "async_percent_completion": 40});
        let expected = ReportRun {
            status: RunStatus::Running,
            percent: 40,
            failure: None,
        };
        assert_eq!(parse_run(running), Some(expected));
        assert_eq!(parse_run(json!({"async_status": "Job Dreaming"})), None);
    }
}
