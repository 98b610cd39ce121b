//! Plans that do not depend on statistics. A staging table was empty a second ago, and a company's
//! first file multiplies its tables by thousands, so the planner's estimates are wrong by as much.
//! A nested loop chosen for "one row", or a scan of a table that was empty when the statement
//! began, then runs for hours. So joins are by hash and tables are read by index. A statement that
//! must find rows one by one among very many forces that itself: by `on conflict`, or by a lateral
//! subquery with `offset 0`.

use sqlx::PgConnection;

use crate::Result;

/// Makes joins hash joins until [`joins_as_usual`] or the end of the transaction.
pub(in crate::catalog) async fn join_by_hash(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!(
        "select set_config('enable_nestloop', 'off', true) as loops,
           set_config('enable_seqscan', 'off', true) as scans,
           set_config('work_mem', '64MB', true) as memory"
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}

pub(in crate::catalog) async fn joins_as_usual(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!(
        "select set_config('enable_nestloop', 'on', true) as loops,
           set_config('enable_seqscan', 'on', true) as scans"
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}
