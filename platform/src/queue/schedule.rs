//! The clock's side: schedules live in the database, and a tick is a row whose key makes a second
//! firing impossible, whatever the number of schedulers. Of ticks missed in an outage the last fires.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::cron::Cron;
use super::new_job::NewJob;
use crate::db::Db;

/// A schedule as the code declares it. What operators change in the database stays as they left it.
pub struct ScheduleSpec {
    pub name: &'static str,
    /// Six fields, seconds first.
    pub cron: &'static str,
    pub timezone: &'static str,
    pub job: Box<dyn Fn() -> NewJob + Send + Sync>,
}

/// What one look at the schedules did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fired {
    pub ticks: usize,
    /// The earliest tick to come.
    pub next_at: Option<DateTime<Utc>>,
    /// The database's time of the look.
    pub now: DateTime<Utc>,
}

/// Writes schedules that the database doesn't know yet, and what the code changed in those that nobody
/// edited; their first tick is the next one from now.
///
/// # Errors
/// The database's.
pub async fn declare(db: &Db, specs: &[ScheduleSpec]) -> sqlx::Result<()> {
    let mut tx = db.begin_engine().await?;
    for spec in specs {
        let kind = (spec.job)().kind;
        sqlx::query!(
            "insert into schedules as s
                 (name, kind, cron, timezone, declared_cron, declared_timezone, last_tick_at, updated_at)
             values ($1, $2, $3, $4, $3, $4, (select engine_now()), (select engine_now()))
             on conflict (name) do update set
                 kind = $2, declared_cron = $3, declared_timezone = $4,
                 cron = case when s.cron = s.declared_cron and s.timezone = s.declared_timezone then $3 else s.cron end,
                 timezone = case when s.cron = s.declared_cron and s.timezone = s.declared_timezone then $4
                                 else s.timezone end,
                 last_tick_at = case when s.cron = s.declared_cron and s.timezone = s.declared_timezone
                                     then excluded.last_tick_at else s.last_tick_at end,
                 updated_at = excluded.updated_at
             where (s.kind, s.declared_cron, s.declared_timezone) <> ($2, $3, $4)",
            spec.name,
            kind,
            spec.cron,
            spec.timezone,
        )
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await
}

/// Fires every due tick: the tick's row, its job and the schedule's mark are one commit each.
///
/// # Errors
/// The database's; ticks not fired are due again.
pub async fn fire_due(db: &Db, specs: &[ScheduleSpec]) -> sqlx::Result<Fired> {
    let mut tx = db.begin_engine().await?;
    let now = crate::db::now(&mut tx).await?;
    let stored = sqlx::query!(
        "select name, cron, timezone, last_tick_at from schedules where enabled order by name"
    )
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    let mut fired = Fired {
        now,
        ..Fired::default()
    };
    for row in stored {
        let Some(spec) = specs.iter().find(|spec| spec.name == row.name) else {
            continue;
        };
        let cron = match Cron::parse(&row.cron, &row.timezone) {
            Ok(cron) => cron,
            Err(cause) => {
                tracing::error!(schedule = spec.name, %cause, "schedule can't be read");
                continue;
            }
        };
        if let Some(tick) = cron.latest_due(row.last_tick_at.unwrap_or(now), now) {
            fired.ticks += usize::from(fire(db, spec, tick).await?);
        }
        fired.next_at = [fired.next_at, cron.next_after(now)]
            .into_iter()
            .flatten()
            .min();
    }
    Ok(fired)
}

/// Whether this call fired the tick; another scheduler may have.
async fn fire(db: &Db, spec: &ScheduleSpec, tick: DateTime<Utc>) -> sqlx::Result<bool> {
    let mut tx = db.begin_engine().await?;
    let first = claim_tick(&mut tx, spec.name, tick).await?;
    if first {
        let enqueued = tx.enqueue((spec.job)()).await?;
        sqlx::query!(
            "update schedule_ticks set job_id = $3 where schedule_name = $1 and tick_at = $2",
            spec.name,
            tick,
            enqueued.id().0,
        )
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await?;
    Ok(first)
}

/// The schedule's mark goes first and only forward: a scheduler that looked earlier can't fire a tick
/// that the catch-up left out.
async fn claim_tick(
    conn: &mut PgConnection,
    name: &str,
    tick: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let marked = sqlx::query!(
        "update schedules set last_tick_at = $2, updated_at = (select engine_now())
         where name = $1 and enabled and (last_tick_at is null or last_tick_at < $2)",
        name,
        tick,
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if marked == 0 {
        return Ok(false);
    }
    let inserted = sqlx::query!(
        "insert into schedule_ticks (schedule_name, tick_at, fired_at) values ($1, $2, (select engine_now()))
         on conflict do nothing",
        name,
        tick,
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(inserted == 1)
}
