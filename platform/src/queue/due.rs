//! Due jobs as the relay reads them: waiting rows in the order (run_at, id), by the index of each
//! queue. Nothing is written. Pushing an id twice is harmless, because the claim decides.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::priority::Priority;
use super::queue_name::Queue;
use crate::ids::Uuid;

/// A place in the order of due rows.
pub type Place = (DateTime<Utc>, Uuid);

/// The place before every row.
pub const START: Place = (DateTime::UNIX_EPOCH, Uuid::nil());

/// A due job, to be pushed to Redis.
#[derive(Debug, Clone)]
pub struct Due {
    pub id: Uuid,
    pub company_id: Option<Uuid>,
    pub queue: Queue,
    pub priority: Priority,
    pub run_at: DateTime<Utc>,
    /// Seconds since the job became due.
    pub lag_seconds: f64,
}

impl Due {
    pub fn place(&self) -> Place {
        (self.run_at, self.id)
    }
}

/// Lists due jobs after `place`, oldest first.
pub async fn list_due_after(pool: &PgPool, place: Place, limit: i64) -> sqlx::Result<Vec<Due>> {
    sqlx::query_as!(
        Due,
        r#"
        select o.id, o.company_id, o.queue as "queue: _", o.priority as "priority: _", o.run_at,
               extract(epoch from (select engine_now()) - o.run_at)::float8 as "lag_seconds!"
        from unnest($4::int2[]) q
        cross join lateral (
            select id, company_id, queue, priority, run_at from jobs_open
            where queue = q and (run_at, id) > ($1, $2) and run_at <= (select engine_now())
              and state = 'waiting'
            order by run_at, id
            limit $3
        ) o
        order by o.run_at, o.id
        limit $3
        "#,
        place.0,
        place.1,
        limit,
        &Queue::ALL.map(Queue::code),
    )
    .fetch_all(pool)
    .await
}

/// Lists due jobs of the five seconds up to `place`, newest first: those whose transaction
/// committed after the relay had read past them.
///
/// Few enqueueing transactions last five seconds. The relay's look-back finds the jobs of longer
/// ones.
pub async fn list_late_commits(pool: &PgPool, place: Place, limit: i64) -> sqlx::Result<Vec<Due>> {
    sqlx::query_as!(
        Due,
        r#"
        select o.id, o.company_id, o.queue as "queue: _", o.priority as "priority: _", o.run_at,
               extract(epoch from (select engine_now()) - o.run_at)::float8 as "lag_seconds!"
        from unnest($4::int2[]) q
        cross join lateral (
            select id, company_id, queue, priority, run_at from jobs_open
            where queue = q and run_at > $1::timestamptz - interval '5 s'
              and (run_at, id) <= ($1, $2) and state = 'waiting'
            order by run_at desc, id desc
            limit $3
        ) o
        order by o.run_at desc, o.id desc
        limit $3
        "#,
        place.0,
        place.1,
        limit,
        &Queue::ALL.map(Queue::code),
    )
    .fetch_all(pool)
    .await
}

/// Returns the seconds until the next scheduled job is due; `None` if none is scheduled.
pub async fn load_seconds_to_next(pool: &PgPool) -> sqlx::Result<Option<f64>> {
    sqlx::query_scalar!(
        "select extract(epoch from min(o.run_at) - (select engine_now()))::float8
         from unnest($1::int2[]) q
         cross join lateral (
             select run_at from jobs_open
             where queue = q and run_at > (select engine_now()) order by run_at limit 1
         ) o",
        &Queue::ALL.map(Queue::code),
    )
    .fetch_one(pool)
    .await
}
