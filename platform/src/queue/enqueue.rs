//! Enqueueing, the only entry of new work, in the caller's transaction.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::new_job::{Enqueued, NewJob};
use crate::ids::{CompanyId, JobId, Uuid};

type UniqueKey<'a> = (Option<CompanyId>, &'a str, &'a str);

/// Writes the jobs in one statement and returns the results in their order.
///
/// A taken unique key never fails the batch: the result names the job that holds the key. A
/// reconciler moves forward to the earlier `run_at`, or is marked for a rerun while it runs. A job
/// that is none moves forward only if it hasn't started yet and the duplicate names an earlier
/// time.
pub(crate) async fn enqueue_jobs(
    conn: &mut PgConnection,
    jobs: &[NewJob],
) -> sqlx::Result<Vec<Enqueued>> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let first_by_key = first_by_key(jobs);
    let mut distinct: Vec<&NewJob> = jobs
        .iter()
        .filter(|job| unique_key(job).is_none_or(|key| first_by_key[&key] == job.id))
        .collect();
    // Batches that share keys lock them in one order, so that they cannot deadlock.
    distinct.sort_by_key(|job| unique_key(job));
    let holders = insert_jobs(conn, &distinct).await?;
    let enqueued = jobs.iter().map(|job| {
        let first = unique_key(job).map_or(job.id, |key| first_by_key[&key]);
        let kept = holders.get(&first).copied().unwrap_or(first);
        let enqueued = if kept == job.id {
            Enqueued::New(kept)
        } else {
            Enqueued::Existing(kept)
        };
        count_enqueued(job.kind, enqueued);
        enqueued
    });
    Ok(enqueued.collect())
}

/// Returns the first job of each key. ON CONFLICT cannot touch a row twice, so duplicate keys in a
/// batch collapse to the first.
fn first_by_key(jobs: &[NewJob]) -> HashMap<UniqueKey<'_>, JobId> {
    let mut first = HashMap::new();
    for job in jobs {
        if let Some(key) = unique_key(job) {
            first.entry(key).or_insert(job.id);
        }
    }
    first
}

fn unique_key(job: &NewJob) -> Option<UniqueKey<'_>> {
    job.unique.key().map(|key| (job.company, job.kind, key))
}

/// Inserts jobs of distinct keys. Returns the key's holder for each job that was deduplicated.
async fn insert_jobs(
    conn: &mut PgConnection,
    jobs: &[&NewJob],
) -> sqlx::Result<HashMap<JobId, JobId>> {
    let rows = sqlx::query_file!(
        "src/queue/enqueue.sql",
        &column_of(jobs, |j| j.id.0),
        &column_of(jobs, |j| j.company.map(|c| c.0)) as &[Option<Uuid>],
        &column_of(jobs, |j| j.kind) as &[&str],
        &column_of(jobs, |j| j.version.cast_signed()),
        &column_of(jobs, |j| j.args.as_str()) as &[&str],
        &column_of(jobs, |j| j.queue.code()),
        &column_of(jobs, |j| j.priority.code()),
        &column_of(jobs, |j| j.max_attempts.cast_signed()),
        &column_of(jobs, |j| j.unique.key()) as &[Option<&str>],
        &column_of(jobs, |j| j.unique.is_reconciler()),
        &column_of(jobs, |j| j.run_at) as &[Option<chrono::DateTime<chrono::Utc>>],
        &column_of(jobs, |j| j.created_by.map(|u| u.0)) as &[Option<Uuid>],
        &column_of(jobs, |j| j.trace.request_id.as_deref()) as &[Option<&str>],
        &column_of(jobs, |j| j.trace.traceparent.as_deref()) as &[Option<&str>],
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id, row.holder_id))
        .collect())
}

/// Returns one value of each job, for `unnest`.
fn column_of<'a, T>(jobs: &[&'a NewJob], value: impl Fn(&'a NewJob) -> T) -> Vec<T> {
    jobs.iter().map(|job| value(job)).collect()
}

fn count_enqueued(kind: &'static str, enqueued: Enqueued) {
    let name = match enqueued {
        Enqueued::New(_) => "vigie_jobs_enqueued_total",
        Enqueued::Existing(_) => "vigie_jobs_deduplicated_total",
    };
    metrics::counter!(name, "kind" => kind).increment(1);
}
