//! What the relay reads: rows that wait and are due, in the order (run_at, id), by the index of each
//! queue. Nothing is written: pushing an id twice is harmless, and the claim decides.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgPool};

use super::queue_name::Queue;
use crate::ids::Uuid;

/// A place in the order of due rows.
pub type Place = (DateTime<Utc>, Uuid);

/// Before every row.
pub const START: Place = (DateTime::UNIX_EPOCH, Uuid::nil());

/// A row to push.
#[derive(Debug, Clone, FromRow)]
pub struct Due {
    pub id: Uuid,
    pub company_id: Option<Uuid>,
    pub queue: i16,
    pub priority: i16,
    pub run_at: DateTime<Utc>,
    /// How long it has been due.
    pub lag_seconds: f64,
}

impl Due {
    pub fn place(&self) -> Place {
        (self.run_at, self.id)
    }
}

/// Due rows after `place`, oldest first.
///
/// # Errors
/// The database's.
pub async fn after(pool: &PgPool, place: Place, limit: i64) -> sqlx::Result<Vec<Due>> {
    sqlx::query_as!(
        Due,
        r#"
        select r.id, r.company_id, r.queue, r.priority, r.run_at,
               extract(epoch from (select engine_now()) - r.run_at)::float8 as "lag_seconds!"
        from unnest($4::int2[]) q cross join lateral (
            select id, company_id, queue, priority, run_at from jobs_open
            where queue = q and (run_at, id) > ($1, $2) and run_at <= (select engine_now()) and state = 0
            order by run_at, id
            limit $3
        ) r
        order by r.run_at, r.id
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

/// Due rows of the five seconds up to `place`, newest first: those whose transaction committed after
/// the relay had read past them.
///
/// # Errors
/// The database's.
pub async fn late(pool: &PgPool, place: Place, limit: i64) -> sqlx::Result<Vec<Due>> {
    sqlx::query_as!(
        Due,
        r#"
        select r.id, r.company_id, r.queue, r.priority, r.run_at,
               extract(epoch from (select engine_now()) - r.run_at)::float8 as "lag_seconds!"
        from unnest($4::int2[]) q cross join lateral (
            select id, company_id, queue, priority, run_at from jobs_open
            where queue = q and run_at > $1::timestamptz - interval '5 s' and (run_at, id) <= ($1, $2) and state = 0
            order by run_at desc, id desc
            limit $3
        ) r
        order by r.run_at desc, r.id desc
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

/// Seconds until the next scheduled row is due; `None` where none is scheduled.
///
/// # Errors
/// The database's.
pub async fn seconds_to_next(pool: &PgPool) -> sqlx::Result<Option<f64>> {
    sqlx::query_scalar!(
        "select extract(epoch from min(r.run_at) - (select engine_now()))::float8
         from unnest($1::int2[]) q cross join lateral (
             select run_at from jobs_open where queue = q and run_at > (select engine_now()) order by run_at limit 1
         ) r",
        &Queue::ALL.map(Queue::code),
    )
    .fetch_one(pool)
    .await
}
