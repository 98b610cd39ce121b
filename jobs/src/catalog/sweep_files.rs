//! Removes files that nobody needs: those of imports that ended a month ago, and those that no import names,
//! which an upload left behind whose client or process died.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::catalog::import;
use platform::db::Scope;
use platform::ids::CompanyId;
use platform::queue::{Done, Job, JobContext, JobError, JobResult, Platform, Queue, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Services;

/// No upload takes longer: its row is written once the file is whole.
const UPLOAD: TimeDelta = TimeDelta::hours(24);
/// How long a source can be looked at after its import.
const KEPT: TimeDelta = TimeDelta::days(30);

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
            .older_than(cx.now() - UPLOAD)
            .await
            .map_err(JobError::retry)?;
        for (company, mut names) in by_company(old) {
            let mut tx = db.begin(Scope::company(company)).await?;
            let in_use = import::files_in_use(&mut tx, company, cx.now() - KEPT).await?;
            drop(tx);
            names.retain(|name| !in_use.contains(name));
            swept += names.len();
            blobs.sweep(names).await.map_err(JobError::retry)?;
        }
        Ok(Done::with(&json!({ "swept": swept })))
    }
}

/// A key begins with its company; what doesn't isn't ours.
fn by_company(names: Vec<String>) -> BTreeMap<CompanyId, Vec<String>> {
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
