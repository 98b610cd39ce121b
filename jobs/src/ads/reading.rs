//! The steps of a refresh's reports: start, poll, read. After each call to Meta its result is
//! committed under the fence, before the next call. No call happens inside a transaction.

use std::time::Duration;

use domain::ads::{
    self, Account, AdDay, LimitBucket, MAX_REPORT_RUNS, RUN_TIMEOUT, Refresh, Report, ReportState,
};
use platform::db::Tx;
use platform::queue::{JobContext, JobError, Progress};
use providers::meta::{
    InsightRow, Level, LimitScope, Meta, ReportPage, ReportRequest, RunFailure, RunStatus, Usage,
    scope_of_limit,
};
use providers::{Class, ProviderError};
use secrecy::SecretString;

use crate::Services;

/// The wait where Meta does not say how long its limit lasts.
pub(super) const DEFAULT_WAIT: Duration = Duration::from_secs(300);
/// Share of Meta's budget from which on the job waits.
const BUSY_PERCENT: u32 = 80;
const PAGE_ROWS: u32 = 500;
/// A page that is too large for Meta is halved down to this.
const MIN_PAGE_ROWS: u32 = 5;
/// Pages of one attempt. Then other jobs have their turn.
const MAX_ATTEMPT_PAGES: u32 = 40;

/// Why a refresh does not continue in this attempt.
#[derive(Debug)]
pub(super) enum Stop {
    Meta(ProviderError),
    Job(JobError),
    /// Another attempt would not help.
    Failed(String),
}

impl From<ProviderError> for Stop {
    fn from(error: ProviderError) -> Self {
        Self::Meta(error)
    }
}

impl From<JobError> for Stop {
    fn from(error: JobError) -> Self {
        Self::Job(error)
    }
}

impl From<domain::Error> for Stop {
    fn from(error: domain::Error) -> Self {
        Self::Job(error.into())
    }
}

/// One refresh in one attempt.
pub(super) struct Reading<'a> {
    pub(super) cx: &'a JobContext<Services>,
    pub(super) account: Account,
    pub(super) token: SecretString,
    pub(super) refresh: Refresh,
}

impl Reading<'_> {
    /// Continues until all reports are read.
    pub(super) async fn read_all(&self) -> Result<(), Stop> {
        loop {
            let mut tx = self.cx.begin().await?;
            let report = ads::find_next_report(&mut tx, self.refresh.id).await?;
            drop(tx);
            let Some(report) = report else {
                return Ok(());
            };
            match (report.state, report.run_id.as_deref()) {
                (ReportState::Running, Some(run)) => self.poll_report(&report, run).await?,
                (ReportState::Ready, Some(run)) => self.read_report(&report, run).await?,
                _ => self.start_report(&report).await?,
            }
        }
    }

    async fn start_report(&self, report: &Report) -> Result<(), Stop> {
        if report.runs >= MAX_REPORT_RUNS {
            return Err(Stop::Failed(format!(
                "{MAX_REPORT_RUNS} reports over the same days failed"
            )));
        }
        let request = ReportRequest {
            account_id: self.account.external_id.clone(),
            since: report.first_day,
            until: report.last_day,
            level: Level::Ad,
        };
        let started = match self.meta().start_report(&self.token, &request).await {
            Err(error) if error.class == Class::TooMuchData => {
                return self.split_report(report).await;
            }
            started => started?,
        };
        let mut tx = self.cx.begin().await?;
        ads::record_run(&mut tx, report.id, &started.value, self.cx.now()).await?;
        self.checkpoint(tx, self.progress_of(0, "report started"))
            .await?;
        Err(reschedule(
            ads::compute_poll_wait(0),
            started.usage,
            "Meta prepares the report",
        ))
    }

    async fn poll_report(&self, report: &Report, run: &str) -> Result<(), Stop> {
        let overdue = report
            .started_at
            .is_none_or(|started| self.cx.now() - started > RUN_TIMEOUT);
        let polled = match self.meta().poll_report(&self.token, run).await {
            // Meta deletes old runs.
            Err(error) if overdue && error.class == Class::Permanent => {
                return self.drop_run(report).await;
            }
            polled => polled?,
        };
        match polled.value.status {
            RunStatus::Completed => {
                let mut tx = self.cx.begin().await?;
                ads::record_ready_run(&mut tx, report.id).await?;
                Ok(self
                    .checkpoint(tx, self.progress_of(0, "report ready"))
                    .await?)
            }
            RunStatus::Failed | RunStatus::Skipped => match polled.value.failure {
                Some(RunFailure {
                    class: Class::TooMuchData,
                    ..
                }) => self.split_report(report).await,
                Some(RunFailure {
                    class: Class::RateLimited,
                    code,
                    excerpt,
                }) => {
                    self.drop_run(report).await?;
                    let wait = compute_wait(DEFAULT_WAIT, polled.usage);
                    self.record_limit(code.as_deref(), wait, &excerpt).await?;
                    Err(Stop::Job(JobError::snooze(wait, excerpt)))
                }
                failure => {
                    tracing::warn!(?failure, run, "report failed");
                    self.drop_run(report).await
                }
            },
            _ if overdue => self.drop_run(report).await,
            RunStatus::NotStarted | RunStatus::Started | RunStatus::Running => {
                let mut tx = self.cx.begin().await?;
                ads::record_poll(&mut tx, report.id).await?;
                let percent = format!("Meta has prepared {} % of the report", polled.value.percent);
                self.checkpoint(tx, self.progress_of(0, &percent)).await?;
                Err(reschedule(
                    ads::compute_poll_wait(report.polls + 1),
                    polled.usage,
                    &percent,
                ))
            }
        }
    }

    async fn read_report(&self, report: &Report, run: &str) -> Result<(), Stop> {
        let mut cursor = report.cursor.clone();
        let mut rows = 0;
        for _ in 0..MAX_ATTEMPT_PAGES {
            let (page, usage) = self.read_page(run, cursor.as_deref()).await?;
            if page.next.is_some() && page.next == cursor {
                return Err(Stop::Failed(
                    "Meta's report has no end: a page repeats".to_owned(),
                ));
            }
            let days: Vec<AdDay> = page.rows.into_iter().filter_map(to_ad_day).collect();
            let mut tx = self.cx.begin().await?;
            let next = page.next.as_deref();
            let is_endless = ads::stage_page(
                &mut tx,
                self.cx.company(),
                self.refresh.id,
                report,
                &days,
                next,
            )
            .await?;
            rows += days.len() as u64;
            self.checkpoint(tx, self.progress_of(rows, "reading the report"))
                .await?;
            if is_endless {
                return Err(Stop::Failed(
                    "Meta's report has no end: its pages bring nothing".into(),
                ));
            }
            if page.next.is_none() {
                return Ok(());
            }
            cursor = page.next;
            if usage.percent >= BUSY_PERCENT {
                return Err(reschedule(
                    DEFAULT_WAIT,
                    usage,
                    "most of Meta's budget is spent",
                ));
            }
        }
        Err(Stop::Job(JobError::snooze(Duration::ZERO, "more pages")))
    }

    /// Reads one page, with fewer rows where the page is too large for Meta.
    async fn read_page(&self, run: &str, after: Option<&str>) -> Result<(ReportPage, Usage), Stop> {
        let mut limit = PAGE_ROWS;
        loop {
            match self
                .meta()
                .read_report(&self.token, run, after, limit)
                .await
            {
                Ok(page) => return Ok((page.value, page.usage)),
                Err(error) if error.class == Class::TooMuchData && limit > MIN_PAGE_ROWS => {
                    limit = (limit / 2).max(MIN_PAGE_ROWS);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn split_report(&self, report: &Report) -> Result<(), Stop> {
        if report.first_day == report.last_day {
            return Err(Stop::Failed(format!(
                "{} alone is too much for a report",
                report.first_day
            )));
        }
        let mut tx = self.cx.begin().await?;
        ads::split_report(&mut tx, self.cx.company(), self.refresh.id, report).await?;
        Ok(self
            .checkpoint(tx, self.progress_of(0, "report split"))
            .await?)
    }

    async fn drop_run(&self, report: &Report) -> Result<(), Stop> {
        let mut tx = self.cx.begin().await?;
        ads::discard_run(&mut tx, self.refresh.id, report).await?;
        Ok(self
            .checkpoint(tx, self.progress_of(0, "report abandoned"))
            .await?)
    }

    /// Makes every refresh wait that a limit holds for.
    pub(super) async fn record_limit(
        &self,
        code: Option<&str>,
        wait: Duration,
        reason: &str,
    ) -> Result<(), JobError> {
        let bucket = match scope_of_limit(code) {
            LimitScope::App => LimitBucket::App,
            LimitScope::Token => LimitBucket::Connection(self.account.connection.id),
            LimitScope::Account => return Ok(()),
        };
        let now = self.cx.now();
        let mut tx = self.cx.begin().await?;
        ads::record_limit(&mut tx, bucket, now + wait, reason, now).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn checkpoint(&self, tx: Tx, progress: Progress) -> Result<(), JobError> {
        self.cx.checkpoint(tx, &progress).await
    }

    /// Builds the progress after `rows` of this attempt.
    pub(super) fn progress_of(&self, rows: u64, message: &str) -> Progress {
        let (first, last) = (self.refresh.first_day, self.refresh.last_day);
        Progress {
            done: rows,
            total: 0,
            message: format!("{first} to {last}: {message}"),
        }
    }

    fn meta(&self) -> &Meta {
        &self.cx.services().providers.meta
    }
}

fn reschedule(ours: Duration, usage: Usage, reason: &str) -> Stop {
    Stop::Job(JobError::snooze(compute_wait(ours, usage), reason))
}

/// Returns the longer of our wait and, where the budget is nearly spent, Meta's.
fn compute_wait(ours: Duration, usage: Usage) -> Duration {
    if usage.percent >= BUSY_PERCENT {
        ours.max(usage.regain.unwrap_or(DEFAULT_WAIT))
    } else {
        ours
    }
}

/// Returns `None` for a row without an ad, which is of a coarser level than requested.
fn to_ad_day(row: InsightRow) -> Option<AdDay> {
    let purchases = row
        .purchases()
        .map(|count| i64::try_from(count.trunc()).unwrap_or(i64::MAX));
    let purchase_value = row.purchase_value();
    Some(AdDay {
        ad_id: row.ad_id?,
        day: row.day,
        ad_name: row.ad_name.unwrap_or_default(),
        adset_id: row.adset_id.unwrap_or_default(),
        adset_name: row.adset_name.unwrap_or_default(),
        campaign_id: row.campaign_id.unwrap_or_default(),
        campaign_name: row.campaign_name.unwrap_or_default(),
        impressions: row.impressions,
        clicks: row.clicks,
        link_clicks: row.link_clicks,
        purchases,
        purchase_value,
        spend: row.spend,
        reach: row.reach,
    })
}
