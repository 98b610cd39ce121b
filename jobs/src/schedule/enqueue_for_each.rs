//! Enqueues the jobs of a timer that has one for each row: all of them, or none.

use chrono::{DateTime, Utc};
use domain::rupture::list_watched_companies;
use domain::{ads, billing, catalog};
use platform::db::Tx;
use platform::queue::{Job, JobContext, JobError, JobResult, NewJob, Platform, Queue, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::TIMERS;
use super::stagger::Stagger;
use super::timer::{Action, Rows};
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
    const QUEUE: Queue = Queue::Fast;

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::WhileOpen(self.timer.clone())
    }

    async fn run(self, cx: JobContext<Services, Platform>) -> JobResult {
        let timer = TIMERS.iter().find(|timer| timer.name == self.timer);
        let Some(Action::ForEach(rows, stagger)) = timer.map(|timer| &timer.action) else {
            let cause = format!("no timer over rows is named {:?}", self.timer);
            return Err(JobError::fail(cause));
        };
        let mut pages = Pages {
            stagger: *stagger,
            now: cx.now(),
            tx: cx.begin().await?,
        };
        let enqueued = match rows {
            Rows::Companies(job) => {
                let list = async |tx: &mut Tx, last: Option<_>| {
                    list_watched_companies(tx, last, PAGE_ROWS).await
                };
                pages.enqueue_all(list, |company| job(*company)).await?
            }
            Rows::AdAccounts(job) => {
                let list = async |tx: &mut Tx, last: Option<(_, _)>| {
                    ads::list_refreshable_accounts(tx, last.map(|row| row.1), PAGE_ROWS).await
                };
                pages.enqueue_all(list, |row| job(row.0, row.1)).await?
            }
            Rows::Subscriptions(job) => {
                let list = async |tx: &mut Tx, last: Option<(_, _)>| {
                    billing::list_running_subscriptions(tx, last.map(|row| row.1), PAGE_ROWS).await
                };
                pages
                    .enqueue_all(list, |row| job(row.0, row.1.clone()))
                    .await?
            }
            Rows::AbandonedImports(job) => {
                let list = async |tx: &mut Tx, last: Option<(_, _)>| {
                    let last = last.map(|row| row.1);
                    catalog::import::list_abandoned_imports(tx, last, PAGE_ROWS).await
                };
                pages.enqueue_all(list, |row| job(row.0, row.1)).await?
            }
        };
        cx.finish(pages.tx, json!({ "enqueued": enqueued })).await
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
    /// Enqueues a job for each row. `list` returns the page behind a row. Returns the number of
    /// jobs.
    async fn enqueue_all<Row>(
        &mut self,
        list: impl AsyncFn(&mut Tx, Option<Row>) -> domain::Result<Vec<Row>>,
        job: impl Fn(&Row) -> NewJob,
    ) -> Result<u64, JobError> {
        let mut enqueued = 0;
        let mut last = None;
        loop {
            let mut rows = list(&mut self.tx, last).await?;
            let jobs = (enqueued..).zip(&rows).map(|(position, row)| {
                let job = job(row);
                let delay = self.stagger.delay_of(position, &job);
                job.at(self.now + delay)
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
