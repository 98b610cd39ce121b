//! The reports of a refresh. Each function is one step, committed before the next call to Meta.

use chrono::{DateTime, Utc};
use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::super::{RefreshId, Report, ReportId, ReportState, split};
use super::refreshes::add_report;
use crate::{Error, Result};

/// The earliest report that isn't read yet.
///
/// # Errors
/// The database's.
pub async fn next_report(conn: &mut PgConnection, refresh: RefreshId) -> Result<Option<Report>> {
    let report = sqlx::query_as!(
        Report,
        r#"select id as "id: ReportId", first_day, last_day, state as "state: ReportState", run_id, runs, polls,
                  started_at, cursor
           from ad_reports where refresh_id = $1 and state <> 'read' order by first_day limit 1"#,
        refresh.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(report)
}

/// Writes the run that Meta started for a report.
///
/// # Errors
/// The database's.
pub async fn note_run(
    conn: &mut PgConnection,
    id: ReportId,
    run_id: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update ad_reports set state = 'running', run_id = $2, runs = runs + 1, polls = 0, started_at = $3,
           cursor = null
         where id = $1",
        id.0,
        run_id,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// The database's.
pub async fn note_poll(conn: &mut PgConnection, id: ReportId) -> Result<()> {
    sqlx::query!(
        "update ad_reports set polls = least(polls + 1, 1000) where id = $1",
        id.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// The database's.
pub async fn note_ready(conn: &mut PgConnection, id: ReportId) -> Result<()> {
    sqlx::query!("update ad_reports set state = 'ready' where id = $1", id.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Gives a run up: the report waits for another, and what was staged of its days goes.
///
/// # Errors
/// The database's.
pub async fn drop_run(conn: &mut PgConnection, refresh: RefreshId, report: &Report) -> Result<()> {
    unstage(conn, refresh, report).await?;
    sqlx::query!(
        "update ad_reports set state = 'waiting', run_id = null, cursor = null where id = $1",
        report.id.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts two reports of half the days in the place of one that is too much.
///
/// # Errors
/// `Conflict` where it is a single day already.
pub async fn split_report(
    conn: &mut PgConnection,
    company: CompanyId,
    refresh: RefreshId,
    report: &Report,
) -> Result<()> {
    let halves = split(report.first_day, report.last_day).ok_or_else(|| {
        Error::conflict(
            "conflict",
            format!("{} alone is too much for a report", report.first_day),
        )
    })?;
    unstage(conn, refresh, report).await?;
    sqlx::query!("delete from ad_reports where id = $1", report.id.0)
        .execute(&mut *conn)
        .await?;
    for half in halves {
        add_report(conn, company, refresh, half).await?;
    }
    Ok(())
}

async fn unstage(conn: &mut PgConnection, refresh: RefreshId, report: &Report) -> Result<()> {
    sqlx::query!(
        "delete from ad_daily_staged where refresh_id = $1 and day between $2 and $3",
        refresh.0,
        report.first_day,
        report.last_day,
    )
    .execute(conn)
    .await?;
    Ok(())
}
