//! Deletes files that nobody needs: those of imports that ended a month ago, and those that no
//! import names because the upload's client or process died.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::catalog::import::{self, FILE_RETENTION};
use platform::db::Scope;
use platform::ids::CompanyId;
use platform::queue::{Done, Job, JobContext, JobError, JobResult, Platform, Queue, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Services;

/// Younger files may belong to an open upload: its row is written once the file is whole.
const MAX_UPLOAD_AGE: TimeDelta = TimeDelta::hours(24);

/// Deletes the files of imports that ended 30 days ago, or yesterday where they wrote nothing, and
/// files that no import names.
///
/// - Trigger: daily.
/// - Uniqueness: one open job.
/// - Rerun: deletes what has expired since.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepFiles {}

impl Job<Services, Platform> for SweepFiles {
    const NAME: &'static str = "catalog.sweep_files";
    const QUEUE: Queue = Queue::Heavy;

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::Singleton
    }

    async fn run(self, cx: JobContext<Services, Platform>) -> JobResult {
        let Services { blobs, db, .. } = cx.services();
        let mut swept = 0;
        let old = blobs
            .list_older_files(cx.now() - MAX_UPLOAD_AGE)
            .await
            .map_err(JobError::retry)?;
        for (company, mut names) in group_by_company(old) {
            let mut tx = db.begin(Scope::company(company)).await?;
            let in_use =
                import::list_files_in_use(&mut tx, company, cx.now() - FILE_RETENTION).await?;
            import::release_unused_files(&mut tx, company, cx.now()).await?;
            tx.commit().await?;
            names.retain(|name| !in_use.contains(name));
            swept += names.len();
            blobs.delete_files(names).await.map_err(JobError::retry)?;
        }
        Ok(Done::with(&json!({ "swept": swept })))
    }
}

/// Groups keys by the company with which they begin; other files aren't ours.
fn group_by_company(names: Vec<String>) -> BTreeMap<CompanyId, Vec<String>> {
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for name in names {
        let company = name
            .split_once('/')
            .and_then(|(company, _)| company.parse().ok());
        if let Some(company) = company {
            found.entry(company).or_default().push(name);
        }
    }
    found
}
