//! Refreshes: at most one open per account, by a unique index. An open refresh is not a lock that a
//! killed job could leave behind: the next job continues it.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::super::{AccountId, Refresh, RefreshId, ReportId};
use crate::Result;

/// An open refresh that is older has failed, because Meta has deleted its reports.
const REFRESH_TIMEOUT: TimeDelta = TimeDelta::hours(12);

/// Returns the account's open refresh, else a new one over `window` with one report.
pub async fn continue_refresh(
    conn: &mut PgConnection,
    company: CompanyId,
    account: AccountId,
    window: (NaiveDate, NaiveDate),
    now: DateTime<Utc>,
) -> Result<Refresh> {
    sqlx::query!(
        "update ad_refreshes
         set state = 'failed', error = 'timed out: not published within 12 hours', finished_at = $2
         where account_id = $1 and state = 'open' and created_at < $3",
        account.0,
        now,
        now - REFRESH_TIMEOUT,
    )
    .execute(&mut *conn)
    .await?;
    let created = sqlx::query!(
        "insert into ad_refreshes
           (company_id, id, account_id, state, first_day, last_day, created_at)
         values ($1, $2, $3, 'open', $4, $5, $6)
         on conflict (company_id, account_id) where state = 'open' do nothing",
        company.0,
        RefreshId::new().0,
        account.0,
        window.0,
        window.1,
        now,
    )
    .execute(&mut *conn)
    .await?;
    let refresh = sqlx::query_as!(
        Refresh,
        r#"select id as "id: RefreshId", first_day, last_day from ad_refreshes
           where account_id = $1 and state = 'open'"#,
        account.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    if created.rows_affected() == 1 {
        add_report(conn, company, refresh.id, window).await?;
    }
    Ok(refresh)
}

/// Adds a waiting report of a range of days.
pub(super) async fn add_report(
    conn: &mut PgConnection,
    company: CompanyId,
    refresh: RefreshId,
    (first, last): (NaiveDate, NaiveDate),
) -> Result<()> {
    sqlx::query!(
        "insert into ad_reports (company_id, id, refresh_id, first_day, last_day, state)
         values ($1, $2, $3, $4, $5, 'waiting')",
        company.0,
        ReportId::new().0,
        refresh.0,
        first,
        last,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a refresh without publishing and deletes its staged rows.
pub async fn fail_refresh(
    conn: &mut PgConnection,
    id: RefreshId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!("delete from ad_daily_staged where refresh_id = $1", id.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        "update ad_refreshes set state = 'failed', error = $2, finished_at = $3
         where id = $1 and state = 'open'",
        id.0,
        reason,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
