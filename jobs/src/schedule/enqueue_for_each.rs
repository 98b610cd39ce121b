//! Enqueues the jobs of a timer that has one for each row: all of them, or none.

use chrono::{DateTime, Utc};
use domain::ads::AccountId;
use domain::catalog::import::ImportId;
use domain::rupture::list_watched_companies;
use domain::{ads, billing, catalog};
use platform::db::Tx;
use platform::ids::CompanyId;
use platform::queue::{Job, JobContext, JobError, JobResult, NewJob, Platform, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::TIMERS;
use super::stagger::Stagger;
use super::timer::{Action, Rows, Timer};
use crate::Services;

/// Rows of one statement, so that memory doesn't grow with the number of companies.
const PAGE_ROWS: i64 = 2_000;

/// Enqueues one job for each row of a timer.
///
/// - Trigger: the timer's tick.
/// - Uniqueness: one open job for each timer.
/// - Rerun: nothing was enqueued before, because all jobs and the end of this one are one commit.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnqueueForEach {
    pub timer: String,
}

impl Job<Services, Platform> for EnqueueForEach {
    const NAME: &'static str = "schedule.enqueue_for_each";

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::WhileOpen(self.timer.clone())
    }

    async fn run(self, cx: JobContext<Services, Platform>) -> JobResult {
        let timer = TIMERS.iter().find(|timer| timer.name == self.timer);
        let Some(Timer {
            name,
            action: Action::ForEach { rows, stagger, .. },
            ..
        }) = timer
        else {
            let cause = format!("no timer over rows is named {:?}", self.timer);
            return Err(JobError::fail(cause));
        };
        let mut run = TimerRun::start(name);
        let mut pages = Pages {
            stagger: *stagger,
            now: cx.now(),
            tx: cx.begin().await?,
        };
        let enqueued = pages.enqueue_rows(rows).await?;
        let done = cx.finish(pages.tx, json!({ "enqueued": enqueued })).await?;
        run.has_succeeded = true;
        Ok(done)
    }
}

/// Counts a run of one timer when it is dropped. All timers over rows share a kind of job, so the
/// engine's metrics don't tell them apart.
struct TimerRun {
    timer: &'static str,
    has_succeeded: bool,
}

impl TimerRun {
    fn start(timer: &'static str) -> Self {
        Self {
            timer,
            has_succeeded: false,
        }
    }
}

impl Drop for TimerRun {
    fn drop(&mut self) {
        let outcome = if self.has_succeeded {
            "succeeded"
        } else {
            "failed"
        };
        metrics::counter!(
            "vigie_timer_runs_total",
            "timer" => self.timer, "outcome" => outcome
        )
        .increment(1);
    }
}

/// The pages of one run, in one transaction.
struct Pages {
    tx: Tx,
    stagger: Stagger,
    /// Delays count from here on all pages.
    now: DateTime<Utc>,
}

impl Pages {
    /// Enqueues a job for each row. Returns the number of jobs.
    async fn enqueue_rows(&mut self, rows: &Rows) -> Result<u64, JobError> {
        match rows {
            Rows::Companies(job) => {
                let list = async |tx: &mut Tx, last: Option<_>| {
                    list_watched_companies(tx, last, PAGE_ROWS).await
                };
                let id = |company: &CompanyId| company.0.as_bytes().to_vec();
                self.enqueue_all(list, id, |company| job(*company)).await
            }
            Rows::AdAccounts(job) => {
                let list = async |tx: &mut Tx, last: Option<(_, AccountId)>| {
                    ads::list_refreshable_accounts(tx, last.map(|row| row.1), PAGE_ROWS).await
                };
                let id = |row: &(_, AccountId)| row.1.0.as_bytes().to_vec();
                self.enqueue_all(list, id, |row| job(row.0, row.1)).await
            }
            Rows::Subscriptions(job) => {
                let list = async |tx: &mut Tx, last: Option<(_, String)>| {
                    billing::list_running_subscriptions(tx, last.map(|row| row.1), PAGE_ROWS).await
                };
                let id = |row: &(_, String)| row.1.as_bytes().to_vec();
                self.enqueue_all(list, id, |row| job(row.0, row.1.clone()))
                    .await
            }
            Rows::AbandonedImports(job) => {
                let list = async |tx: &mut Tx, last: Option<(_, ImportId)>| {
                    let last = last.map(|row| row.1);
                    catalog::import::list_abandoned_imports(tx, last, PAGE_ROWS).await
                };
                let id = |row: &(_, ImportId)| row.1.0.as_bytes().to_vec();
                self.enqueue_all(list, id, |row| job(row.0, row.1)).await
            }
        }
    }

    /// `list` returns the page behind a row, `id` what identifies a row at every tick.
    async fn enqueue_all<Row>(
        &mut self,
        list: impl AsyncFn(&mut Tx, Option<Row>) -> domain::Result<Vec<Row>>,
        id: impl Fn(&Row) -> Vec<u8>,
        job: impl Fn(&Row) -> NewJob,
    ) -> Result<u64, JobError> {
        let mut enqueued = 0;
        let mut last = None;
        loop {
            let mut rows = list(&mut self.tx, last).await?;
            let jobs = (enqueued..).zip(&rows).map(|(position, row)| {
                let delay = self.stagger.delay_of(position, &id(row));
                job(row).at(self.now + delay)
            });
            let jobs: Vec<_> = jobs.collect();
            enqueued += jobs.len() as u64;
            self.tx.enqueue_all(jobs).await?;
            // A short page is the last one.
            if rows.len() < PAGE_ROWS as usize {
                return Ok(enqueued);
            }
            last = rows.pop();
        }
    }
}
