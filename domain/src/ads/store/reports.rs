//! The reports of a refresh. Each function is one step, committed before the next call to Meta.

use chrono::{DateTime, Utc};
use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::super::report::split_days;
use super::super::{RefreshId, Report, ReportId, ReportState};
use super::refreshes::add_report;
use crate::{Error, Result};

/// Returns the earliest report that isn't read yet.
pub async fn find_next_report(
    conn: &mut PgConnection,
    refresh: RefreshId,
) -> Result<Option<Report>> {
    let report = sqlx::query_as!(
        Report,
        r#"select id as "id: ReportId", first_day, last_day, state as "state: ReportState", run_id,
                  runs, polls, started_at, cursor
           from ad_reports where refresh_id = $1 and state <> 'read' order by first_day limit 1"#,
        refresh.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(report)
}

/// Records the run that Meta has started for a report.
pub async fn record_run(
    conn: &mut PgConnection,
    id: ReportId,
    run_id: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update ad_reports
         set state = 'running', run_id = $2, runs = runs + 1, polls = 0, started_at = $3,
             cursor = null, pages = 0, barren_pages = 0
         where id = $1",
        id.0,
        run_id,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts a poll of the present run.
pub async fn record_poll(conn: &mut PgConnection, id: ReportId) -> Result<()> {
    sqlx::query!(
        "update ad_reports set polls = least(polls + 1, 1000) where id = $1",
        id.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Records that the present run is complete.
pub async fn record_ready_run(conn: &mut PgConnection, id: ReportId) -> Result<()> {
    sqlx::query!("update ad_reports set state = 'ready' where id = $1", id.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Discards a run and its staged rows; the report waits for another run.
pub async fn discard_run(
    conn: &mut PgConnection,
    refresh: RefreshId,
    report: &Report,
) -> Result<()> {
    delete_staged(conn, refresh, report).await?;
    sqlx::query!(
        "update ad_reports set state = 'waiting', run_id = null, cursor = null where id = $1",
        report.id.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Replaces a report that is too large by two reports of half the days.
///
/// # Errors
/// `Conflict` where the report is of a single day.
pub async fn split_report(
    conn: &mut PgConnection,
    company: CompanyId,
    refresh: RefreshId,
    report: &Report,
) -> Result<()> {
    let halves = split_days(report.first_day, report.last_day).ok_or_else(|| {
        Error::conflict(
            "conflict",
            format!("{} alone is too large for a report", report.first_day),
        )
    })?;
    delete_staged(conn, refresh, report).await?;
    sqlx::query!("delete from ad_reports where id = $1", report.id.0)
        .execute(&mut *conn)
        .await?;
    for half in halves {
        add_report(conn, company, refresh, half).await?;
    }
    Ok(())
}

async fn delete_staged(conn: &mut PgConnection, refresh: RefreshId, report: &Report) -> Result<()> {
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
