//! Enqueueing: the only way in for new work, in the caller's transaction.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::envelope::{Enqueued, NewJob, Uniqueness};
use crate::ids::{CompanyId, JobId, Uuid};

type Key<'a> = (Option<CompanyId>, &'a str, &'a str);

/// Writes the jobs in one statement and answers in their order. A taken unique key gives the job that
/// holds it, pulls that job's back-off forward and, where it is a reconciler that runs, asks it for
/// another round; it never fails the batch.
///
/// # Errors
/// The database's.
pub(crate) async fn enqueue(
    conn: &mut PgConnection,
    jobs: &[NewJob],
) -> sqlx::Result<Vec<Enqueued>> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let first_by_key = first_by_key(jobs);
    let mut fresh: Vec<&NewJob> = jobs
        .iter()
        .filter(|job| key(job).is_none_or(|key| first_by_key[&key] == job.id))
        .collect();
    // One order of keys for all: two batches that name the same keys wait for each other, not in a ring.
    fresh.sort_by_key(|job| key(job));
    let survivors = insert(conn, &fresh).await?;
    Ok(jobs
        .iter()
        .map(|job| {
            let asked = key(job).map_or(job.id, |key| first_by_key[&key]);
            let kept = survivors.get(&asked).copied().unwrap_or(asked);
            let outcome = if kept == job.id {
                Enqueued::New(kept)
            } else {
                Enqueued::Existing(kept)
            };
            count(job.kind, outcome);
            outcome
        })
        .collect())
}

/// One insert can't touch a row twice, so of equal keys in one batch the first speaks for all.
fn first_by_key(jobs: &[NewJob]) -> HashMap<Key<'_>, JobId> {
    let mut first = HashMap::new();
    for job in jobs {
        if let Some(key) = key(job) {
            first.entry(key).or_insert(job.id);
        }
    }
    first
}

fn key(job: &NewJob) -> Option<Key<'_>> {
    job.unique.key().map(|key| (job.company, job.kind, key))
}

/// Inserts, and gives for each suppressed id the one that survived. A reconciler in back-off that is
/// asked for anew is due anew, with all its tries: else events in quick succession would spend them in
/// a moment of trouble. What should have been run before now is due now: readers begin at no earlier time, and
/// the age of the queue would be the asker's fancy.
async fn insert(conn: &mut PgConnection, jobs: &[&NewJob]) -> sqlx::Result<HashMap<JobId, JobId>> {
    let rows = sqlx::query_file!(
        "src/queue/enqueue.sql",
        &column(jobs, |j| j.id.0),
        &column(jobs, |j| j.company.map(|c| c.0)) as &[Option<Uuid>],
        &column(jobs, |j| j.kind) as &[&str],
        &column(jobs, |j| j.version.cast_signed()),
        &column(jobs, |j| j.args.as_str()) as &[&str],
        &column(jobs, |j| j.queue.code()),
        &column(jobs, |j| j.priority.code()),
        &column(jobs, |j| j.max_attempts.cast_signed()),
        &column(jobs, |j| j.unique.key()) as &[Option<&str>],
        &column(jobs, |j| matches!(j.unique, Uniqueness::Reconciler(_))),
        &column(jobs, |j| j.run_at) as &[Option<chrono::DateTime<chrono::Utc>>],
        &column(jobs, |j| j.created_by.map(|u| u.0)) as &[Option<Uuid>],
        &column(jobs, |j| j.trace.request_id.as_deref()) as &[Option<&str>],
        &column(jobs, |j| j.trace.traceparent.as_deref()) as &[Option<&str>],
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.asked, row.kept)).collect())
}

/// One value of each job, for `unnest`.
fn column<'a, T>(jobs: &[&'a NewJob], value: impl Fn(&'a NewJob) -> T) -> Vec<T> {
    jobs.iter().map(|job| value(job)).collect()
}

fn count(kind: &'static str, outcome: Enqueued) {
    let name = match outcome {
        Enqueued::New(_) => "vigie_jobs_enqueued_total",
        Enqueued::Existing(_) => "vigie_jobs_suppressed_total",
    };
    metrics::counter!(name, "kind" => kind).increment(1);
}
