//! Refreshes one ad account: opens a refresh, or goes on with the open one, has its reports made and
//! read, and publishes. What is done is in the database after each step, so that a killed worker
//! costs one step; waiting is done in the queue.

use std::time::Duration;

use domain::ads::{self, Account, AccountId, ConnectionStatus};
use domain::notifications::{self, Template};
use platform::db::Tx;
use platform::queue::{Done, Job, JobContext, JobError, JobResult, Uniqueness};
use providers::{Class, ProviderError};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::reading::{PAUSE, Reading, Stop};
use crate::notifications::SendMessage;
use crate::{Services, job};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshAccount {
    pub account_id: AccountId,
}

impl Job<Services> for RefreshAccount {
    const NAME: &'static str = "ads.refresh_account";
    /// Pages are committed one by one, and a try reads a limited number of them.
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
            .checkpoint(tx, reading.progress(0, "opened"))
            .await?;
        match reading.read_all().await {
            Ok(()) => publish(&reading).await,
            Err(stop) => Err(give_way(&reading, stop).await?),
        }
    }
}

fn open_token(cx: &JobContext<Services>, account: &Account) -> Result<SecretString, JobError> {
    let connection = &account.connection;
    let sealed = connection.sealed_token.as_deref().unwrap_or_default();
    let context = ads::connection_context(cx.company(), connection.connected_by);
    let token = cx
        .services()
        .keyring
        .open(&context, sealed)
        .map_err(JobError::fail)?;
    Ok(String::from_utf8(token).map_err(JobError::fail)?.into())
}

async fn publish(reading: &Reading<'_>) -> JobResult {
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

/// How the job ends or waits after what stopped it. Where nothing but a person can help, the refresh
/// is closed; else it stays open for the next try.
async fn give_way(reading: &Reading<'_>, stop: Stop) -> Result<JobError, JobError> {
    let error = match stop {
        Stop::Job(error) => return Ok(error),
        Stop::Failed(reason) => return fail(reading, reason).await,
        Stop::Meta(error) => error,
    };
    match error.class {
        Class::RateLimited => Ok(JobError::snooze(error.retry_after.unwrap_or(PAUSE), error)),
        Class::Retry | Class::Unknown => Ok(JobError::retry(error)),
        _ => fail(reading, error).await,
    }
}

/// Closes the refresh; a token that ended stops the connection, refusals are counted on the account.
async fn fail(reading: &Reading<'_>, cause: impl Into<Failure>) -> Result<JobError, JobError> {
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
        .checkpoint(tx, reading.progress(0, "failed"))
        .await?;
    Ok(JobError::fail(reason))
}

/// Whoever can sign in again is told of it, the first time.
async fn stop_connection(tx: &mut Tx, reading: &Reading<'_>, reason: &str) -> Result<(), JobError> {
    let (company, now) = (reading.cx.company(), reading.cx.now());
    if ads::require_reauth(tx, reading.account.connection.id, reason, now).await? {
        let told = notifications::notify_admins(tx, company, Template::AdsReconnect, now).await?;
        tx.enqueue_all(
            told.into_iter()
                .map(|id| job(company, &SendMessage { message_id: id }))
                .collect(),
        )
        .await?;
    }
    Ok(())
}

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
