//! Schedules: rows in the database, declared by the code and editable by operators. A tick is a row
//! too; its key makes a second firing impossible, whatever the number of schedulers. Of the ticks
//! missed in an outage the last one fires.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::cron::Cron;
use super::new_job::NewJob;
use crate::db::Db;

/// A schedule as the code declares it. Edits of operators in the database take precedence.
pub struct ScheduleSpec {
    pub name: &'static str,
    /// Six fields, seconds first.
    pub cron: &'static str,
    pub timezone: &'static str,
    pub job: Box<dyn Fn() -> NewJob + Send + Sync>,
}

/// The result of one check for due ticks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fired {
    pub ticks: usize,
    /// The earliest future tick.
    pub next_at: Option<DateTime<Utc>>,
    /// The database's time of the check.
    pub now: DateTime<Utc>,
}

/// Stores new schedules, and changes of the code in those that no operator edited. Their first tick
/// is the next one from now.
pub async fn declare_schedules(db: &Db, specs: &[ScheduleSpec]) -> sqlx::Result<()> {
    let mut tx = db.begin_engine().await?;
    for spec in specs {
        let kind = (spec.job)().kind;
        sqlx::query!(
            "insert into schedules as s
                 (name, kind, cron, timezone, declared_cron, declared_timezone, last_tick_at,
                  updated_at)
             values ($1, $2, $3, $4, $3, $4, (select engine_now()), (select engine_now()))
             -- A schedule that differs from its declaration was edited by an operator and stays.
             on conflict (name) do update set
                 kind = $2, declared_cron = $3, declared_timezone = $4,
                 (cron, timezone, last_tick_at) = (
                     select case when is_declared then $3 else s.cron end,
                            case when is_declared then $4 else s.timezone end,
                            case when is_declared then excluded.last_tick_at
                                 else s.last_tick_at end
                     from (select (s.cron, s.timezone) = (s.declared_cron, s.declared_timezone)
                                  as is_declared) d),
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

/// Fires every due tick. The tick's row, its job and the schedule's `last_tick_at` are one commit.
/// After an error, ticks that weren't fired are due again.
pub async fn fire_due_ticks(db: &Db, specs: &[ScheduleSpec]) -> sqlx::Result<Fired> {
    let mut tx = db.begin_engine().await?;
    let now = crate::db::load_now(&mut tx).await?;
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
                tracing::error!(schedule = spec.name, %cause, "schedule can't be parsed");
                continue;
            }
        };
        if let Some(tick) = cron.latest_due(row.last_tick_at.unwrap_or(now), now) {
            fired.ticks += usize::from(fire_tick(db, spec, tick).await?);
        }
        fired.next_at = [fired.next_at, cron.next_after(now)]
            .into_iter()
            .flatten()
            .min();
    }
    Ok(fired)
}

/// Fires a tick, unless another scheduler has. Returns whether this call fired it.
async fn fire_tick(db: &Db, spec: &ScheduleSpec, tick: DateTime<Utc>) -> sqlx::Result<bool> {
    let mut tx = db.begin_engine().await?;
    let claimed = claim_tick(&mut tx, spec.name, tick).await?;
    if claimed {
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
    Ok(claimed)
}

/// Claims a tick. `last_tick_at` only moves forward and is written first, so that a scheduler that
/// read the schedule earlier can't fire a tick that the catch-up skipped.
async fn claim_tick(
    conn: &mut PgConnection,
    name: &str,
    tick: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let advanced = sqlx::query!(
        "update schedules set last_tick_at = $2, updated_at = (select engine_now())
         where name = $1 and enabled and (last_tick_at is null or last_tick_at < $2)",
        name,
        tick,
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if advanced == 0 {
        return Ok(false);
    }
    let inserted = sqlx::query!(
        "insert into schedule_ticks (schedule_name, tick_at, fired_at)
         values ($1, $2, (select engine_now()))
         on conflict do nothing",
        name,
        tick,
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(inserted == 1)
}
