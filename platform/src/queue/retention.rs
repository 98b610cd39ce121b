//! How long finished jobs are kept.

use sqlx::PgPool;

const KEEP_DONE_DAYS: f64 = 7.0;
const KEEP_FAILED_DAYS: f64 = 30.0;

/// Forgets up to `limit` finished jobs with their bodies, attempts and events; gives how many.
///
/// # Errors
/// The database's.
pub async fn prune(pool: &PgPool, limit: i64) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"
        with old as (
            delete from jobs_finished where id in (
                select id from jobs_finished
                where finished_at < (select engine_now()) - make_interval(days => 1) * $2
                  and (state in (2, 4) or finished_at < (select engine_now()) - make_interval(days => 1) * $3)
                limit $1
                for update skip locked
            )
            returning id
        ), bodies as (delete from job_bodies where id in (select id from old)),
        attempts as (delete from job_attempts where job_id in (select id from old)),
        events as (delete from job_events where job_id in (select id from old))
        select count(*) as "count!" from old
        "#,
        limit,
        KEEP_DONE_DAYS,
        KEEP_FAILED_DAYS,
    )
    .fetch_one(pool)
    .await
}
