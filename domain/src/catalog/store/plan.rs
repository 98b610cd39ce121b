//! Statements whose plan doesn't hang on statistics. A staging table was empty a second ago, and a company's
//! first file multiplies its tables by thousands: what the planner believes of their sizes is wrong by as much,
//! and a nested loop chosen for "one row", or a scan of a table that was empty when the statement began, runs
//! for hours. So joins here are by hash and tables are read by index; and where rows have to be found one by
//! one among very many, the statement says so itself (`on conflict`, or a lateral subquery with `offset 0`).

use sqlx::PgConnection;

use crate::Result;

/// From here on joins are by hash, until [`joins_as_usual`] or the end of the transaction.
pub(in crate::catalog) async fn join_by_hash(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!(
        "select set_config('enable_nestloop', 'off', true) as loops, set_config('enable_seqscan', 'off', true) as scans,
           set_config('work_mem', '64MB', true) as memory"
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}

pub(in crate::catalog) async fn joins_as_usual(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!(
        "select set_config('enable_nestloop', 'on', true) as loops, set_config('enable_seqscan', 'on', true) as scans"
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}
