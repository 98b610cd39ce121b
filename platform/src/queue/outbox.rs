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
pub async fn enqueue(conn: &mut PgConnection, jobs: &[NewJob]) -> sqlx::Result<Vec<Enqueued>> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let first_by_key = first_by_key(jobs);
    let mut fresh: Vec<&NewJob> =
        jobs.iter().filter(|job| key(job).is_none_or(|key| first_by_key[&key] == job.id)).collect();
    // One order of keys for all: two batches that name the same keys wait for each other, not in a ring.
    fresh.sort_by_key(|job| key(job));
    let survivors = insert(conn, &fresh).await?;
    note_suppressed(conn, &fresh, &survivors).await?;
    Ok(jobs
        .iter()
        .map(|job| {
            let asked = key(job).map_or(job.id, |key| first_by_key[&key]);
            let kept = survivors.get(&asked).copied().unwrap_or(asked);
            let outcome = if kept == job.id { Enqueued::New(kept) } else { Enqueued::Existing(kept) };
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
    let rows = sqlx::query!(
        r#"
        with input as materialized (
            select i.*, c.now as created_at, greatest(i.run_at, c.now) as due_at
            from unnest($1::uuid[], $2::uuid[], $3::text[], $4::int2[], $5::text[], $6::int2[], $7::int2[],
                        $8::int2[], $9::text[], $10::bool[], $11::timestamptz[], $12::uuid[],
                        $13::text[], $14::text[])
              as i (id, company_id, kind, version, args, queue, priority, max_attempts, unique_key,
                    reconciler, run_at, created_by, request_id, traceparent)
            cross join (select engine_now() as now) c
        ), ready as (
            insert into jobs_ready as r
                (id, company_id, run_at, queue, priority, max_attempts, reconciler, kind, unique_key)
            select id, company_id, due_at, queue, priority, max_attempts, reconciler,
                   kind, unique_key
            from input
            on conflict (company_id, kind, unique_key) where unique_key is not null
            do update set
                again = r.again or (r.reconciler and r.state = 1),
                attempt = case when r.reconciler and r.state = 0 and excluded.run_at < r.run_at then 0 else r.attempt end,
                run_at = case when r.state = 0 then least(r.run_at, excluded.run_at) else r.run_at end
            returning r.id, r.company_id, r.kind, r.unique_key
        ), bodies as (
            insert into job_bodies
                (id, company_id, kind, version, args, unique_key, reconciler, request_id, traceparent, created_by, created_at)
            select id, company_id, kind, version, args, unique_key, reconciler, request_id, traceparent, created_by, created_at
            from input
            where id in (select id from ready)
        )
        select i.id as "asked!: JobId", r.id as "kept!: JobId"
        from ready r
        join input i on i.company_id is not distinct from r.company_id
                    and i.kind = r.kind and i.unique_key = r.unique_key
        where r.id <> i.id
        "#,
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

/// Tells in a job's timeline of the first time that it stood in for another; all are counted, and being asked for
/// again is a reconciler's ordinary way.
async fn note_suppressed(
    conn: &mut PgConnection,
    jobs: &[&NewJob],
    survivors: &HashMap<JobId, JobId>,
) -> sqlx::Result<()> {
    let is_noted = |job: &&&NewJob| survivors.contains_key(&job.id) && !matches!(job.unique, Uniqueness::Reconciler(_));
    let suppressed: Vec<&NewJob> = jobs.iter().filter(is_noted).copied().collect();
    if suppressed.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        r#"
        insert into job_events (job_id, company_id, at, event, reason)
        select kept, company_id, (select engine_now()), 'deduplicated',
               'asked for again' || coalesce(' by request ' || request_id, '')
        from unnest($1::uuid[], $2::uuid[], $3::text[]) as s (kept, company_id, request_id)
        where not exists (select from job_events e where e.job_id = s.kept and e.event = 'deduplicated')
        "#,
        &column(&suppressed, |j| survivors[&j.id].0),
        &column(&suppressed, |j| j.company.map(|c| c.0)) as &[Option<Uuid>],
        &column(&suppressed, |j| j.trace.request_id.as_deref()) as &[Option<&str>],
    )
    .execute(conn)
    .await?;
    Ok(())
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
