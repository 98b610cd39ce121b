//! Retention: how long finished jobs are kept.

use sqlx::PgPool;

/// Of succeeded and cancelled jobs.
const RETENTION_DAYS: f64 = 7.0;
/// Of dead and parked jobs.
const FAILED_RETENTION_DAYS: f64 = 30.0;

/// Deletes up to `limit` expired jobs with their bodies, attempts and events. Returns how many.
pub async fn prune_jobs(pool: &PgPool, limit: i64) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"
        with expired as (
            delete from jobs_finished where id in (
                select id from jobs_finished
                where finished_at < (select engine_now()) - make_interval(days => 1) * $2
                  and (state in ('succeeded', 'cancelled')
                       or finished_at < (select engine_now()) - make_interval(days => 1) * $3)
                limit $1
                for update skip locked
            )
            returning id
        ),
        bodies as (delete from job_bodies where id in (select id from expired)),
        attempts as (delete from job_attempts where job_id in (select id from expired)),
        events as (delete from job_events where job_id in (select id from expired))
        select count(*) as "count!" from expired
        "#,
        limit,
        RETENTION_DAYS,
        FAILED_RETENTION_DAYS,
    )
    .fetch_one(pool)
    .await
}
