//! The refresh of one ad account.

use std::time::Duration;

use domain::ads::{self, Account, AccountId, ConnectionStatus};
use domain::notifications::{self, Template};
use platform::db::Tx;
use platform::queue::{Done, Job, JobContext, JobError, JobResult, Uniqueness};
use providers::{Class, ProviderError};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::reading::{DEFAULT_WAIT, Reading, Stop};
use crate::Services;
use crate::notifications::enqueue_messages;

/// Refreshes one ad account: opens a refresh or resumes the open one, has Meta prepare the reports,
/// reads and publishes them. Each step is committed, so that a killed worker costs one step.
///
/// - Trigger: every two hours, and `POST /ad-accounts/{id}/refresh`.
/// - Uniqueness: one open job for each account.
/// - Rerun: publishes the same rows for the same days.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshAccount {
    pub account_id: AccountId,
}

impl Job<Services> for RefreshAccount {
    const NAME: &'static str = "ads.refresh_account";
    /// Pages are committed one by one, and an attempt reads a limited number of them.
    const TIMEOUT: Duration = Duration::from_secs(300);

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::WhileOpen(self.account_id.to_string())
    }

    async fn run(self, cx: JobContext<Services>) -> JobResult {
        let mut tx = cx.begin().await?;
        let account = ads::load_account(&mut tx, self.account_id).await?;
        if let Some(reason) = &account.disabled_reason {
            return Ok(Done::with(&json!({"skipped": reason})));
        }
        if account.connection.status != ConnectionStatus::Ok {
            return Ok(Done::with(
                &json!({"skipped": "the connection isn't usable: sign in again"}),
            ));
        }
        let connection = account.connection.id;
        if let Some(until) = ads::find_limit_end(&mut tx, connection, cx.now()).await? {
            let wait = (until - cx.now()).to_std().unwrap_or_default();
            return Err(JobError::snooze(
                wait,
                "Meta limits the calls with this token",
            ));
        }
        let token = open_token(&cx, &account)?;
        let window = ads::compute_window(
            account.last_good_day,
            ads::today_in(&account.timezone, cx.now())?,
        );
        let refresh =
            ads::continue_refresh(&mut tx, cx.company(), account.id, window, cx.now()).await?;
        let reading = Reading {
            cx: &cx,
            account,
            token,
            refresh,
        };
        reading
            .checkpoint(tx, reading.progress_of(0, "opened"))
            .await?;
        match reading.read_all().await {
            Ok(()) => publish_refresh(&reading).await,
            Err(stop) => Err(record_stop(&reading, stop).await?),
        }
    }
}

fn open_token(cx: &JobContext<Services>, account: &Account) -> Result<SecretString, JobError> {
    let connection = &account.connection;
    let sealed = connection.sealed_token.as_deref();
    let sealed = sealed.ok_or_else(|| JobError::fail("the connection has no token"))?;
    let context = ads::connection_context(cx.company(), connection.connected_by);
    let token = cx
        .services()
        .keyring
        .open(&context, sealed)
        .map_err(JobError::fail)?;
    Ok(String::from_utf8(token).map_err(JobError::fail)?.into())
}

async fn publish_refresh(reading: &Reading<'_>) -> JobResult {
    let (cx, refresh) = (reading.cx, &reading.refresh);
    let mut tx = cx.begin().await?;
    let rows = ads::publish_refresh(&mut tx, reading.account.id, refresh, cx.now()).await?;
    ads::clear_permission_errors(&mut tx, reading.account.id).await?;
    cx.finish(
        tx,
        json!({"first_day": refresh.first_day, "last_day": refresh.last_day, "rows": rows}),
    )
    .await
}

/// Returns how the job ends or waits after `stop`. Where only a person can help, the refresh is
/// closed; else it stays open for the next attempt.
async fn record_stop(reading: &Reading<'_>, stop: Stop) -> Result<JobError, JobError> {
    let error = match stop {
        Stop::Job(error) => return Ok(error),
        Stop::Failed(reason) => return fail_refresh(reading, reason).await,
        Stop::Meta(error) => error,
    };
    match error.class {
        Class::RateLimited => {
            let wait = error.retry_after.unwrap_or(DEFAULT_WAIT);
            let code = error.code.as_deref();
            reading.record_limit(code, wait, &error.to_string()).await?;
            Ok(JobError::snooze(wait, error))
        }
        Class::Retry | Class::Unknown => Ok(JobError::retry(error)),
        Class::Permanent
        | Class::Misconfigured
        | Class::NeedsReauth
        | Class::Recipient
        | Class::Unreachable
        | Class::WindowClosed
        | Class::TooMuchData
        | Class::Expired
        | Class::AlreadyDone => fail_refresh(reading, error).await,
    }
}

/// Closes the refresh. An expired token stops the connection. Missing permissions are counted on
/// the account.
async fn fail_refresh(
    reading: &Reading<'_>,
    cause: impl Into<Failure>,
) -> Result<JobError, JobError> {
    let cause = cause.into();
    let (cx, account) = (reading.cx, &reading.account);
    let reason = cause.to_string();
    let mut tx = cx.begin().await?;
    match &cause {
        Failure::Meta(error) if error.class == Class::NeedsReauth => {
            stop_connection(&mut tx, reading, &reason).await?;
        }
        Failure::Meta(error) if error.class == Class::Misconfigured => {
            ads::record_permission_error(&mut tx, account.id, &reason, cx.now()).await?;
        }
        _ => {}
    }
    ads::fail_refresh(&mut tx, reading.refresh.id, &reason, cx.now()).await?;
    reading
        .checkpoint(tx, reading.progress_of(0, "failed"))
        .await?;
    Ok(JobError::fail(reason))
}

/// Stops the connection and, the first time, notifies the people who can connect it again.
async fn stop_connection(tx: &mut Tx, reading: &Reading<'_>, reason: &str) -> Result<(), JobError> {
    let (company, now) = (reading.cx.company(), reading.cx.now());
    if ads::require_reauth(tx, reading.account.connection.id, reason, now).await? {
        let messages =
            notifications::notify_admins(tx, company, Template::AdsReconnect, &json!({}), now)
                .await?;
        enqueue_messages(tx, company, &messages).await?;
    }
    Ok(())
}

/// Why a refresh is closed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Meta(#[from] ProviderError),
    #[error("{0}")]
    Reason(String),
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self::Reason(reason)
    }
}
