//! The staging tables: filling and emptying them.

use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::issues::insert_issues;
use super::transitions::require_open;
use crate::Result;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::lifecycle::ImportId;
use crate::catalog::import::stage::{COPY_HEADER, COPY_TRAILER, Chunk, copy_statement};

/// Where staging goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResumePoint {
    /// The last line whose row is staged.
    pub staged_through: i64,
    /// Whether the whole file is staged and its rows are numbered.
    pub is_complete: bool,
}

/// Writes one chunk and records where it ends.
pub async fn write_chunk(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    kind: Kind,
    mut chunk: Chunk,
) -> Result<()> {
    if chunk.rows > 0 {
        let mut copy = conn.copy_in_raw(&copy_statement(kind)).await?;
        copy.send(COPY_HEADER).await?;
        copy.send(chunk.take_tuples()).await?;
        copy.send(COPY_TRAILER).await?;
        copy.finish().await?;
    }
    insert_issues(&mut *conn, company, import, &chunk.reported).await?;
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let done = sqlx::query!(
        "update imports set staged_through = $3, staged_rows = staged_rows + $4, rows_total = $5,
           rows_rejected = $6, rows_ignored = $7
         where company_id = $1 and id = $2 and state = 'loading'",
        company.0,
        import.0,
        count(chunk.through),
        count(chunk.rows),
        count(chunk.totals.rows),
        count(chunk.totals.rejected),
        count(chunk.totals.ignored),
    )
    .execute(conn)
    .await?;
    require_open(done.rows_affected())
}

/// Returns where staging goes on. Staging isn't logged: where a crash of the server left fewer rows
/// than were committed, clears what is left, and the file is staged again from its start. Lines
/// that are merged stay merged.
pub async fn find_resume_point(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<ResumePoint> {
    let state = sqlx::query!(
        r#"select staged_through, staged_at is not null as "is_complete!",
             staged_rows = (select count(*) from staging.sale_lines where import_id = $2)
               + (select count(*) from staging.product_lines where import_id = $2)
               + (select count(*) from staging.count_lines where import_id = $2) as "is_whole!"
           from imports where company_id = $1 and id = $2"#,
        company.0,
        import.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    if state.is_whole {
        return Ok(ResumePoint {
            staged_through: state.staged_through,
            is_complete: state.is_complete,
        });
    }
    discard_staging(conn, company, import).await?;
    Ok(ResumePoint {
        staged_through: 0,
        is_complete: false,
    })
}

/// Deletes the staged rows and what was said about them: the file is to be staged again.
pub async fn discard_staging(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<()> {
    clear_staging(&mut *conn, import).await?;
    sqlx::query!(
        "delete from import_issues where company_id = $1 and import_id = $2",
        company.0,
        import.0
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update imports set staged_through = 0, staged_rows = 0, staged_at = null,
           placed_at = null
         where company_id = $1 and id = $2",
        company.0,
        import.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes the staged rows of an import.
pub async fn clear_staging(conn: &mut PgConnection, import: ImportId) -> Result<()> {
    sqlx::query!(
        "delete from staging.sale_lines where import_id = $1",
        import.0
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from staging.product_lines where import_id = $1",
        import.0
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from staging.count_lines where import_id = $1",
        import.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes the staged rows of the company's imports that are over: a worker that dies right after
/// its last commit leaves them behind.
pub async fn sweep_staging(conn: &mut PgConnection, company: CompanyId) -> Result<()> {
    let left = sqlx::query_scalar!(
        r#"select i.id as "id: ImportId" from imports i
           where i.company_id = $1 and i.state in ('succeeded', 'failed', 'cancelled', 'reverted')
             and i.staged_rows > 0"#,
        company.0,
    )
    .fetch_all(&mut *conn)
    .await?;
    for import in left {
        clear_staging(&mut *conn, import).await?;
        sqlx::query!(
            "update imports set staged_rows = 0 where company_id = $1 and id = $2",
            company.0,
            import.0
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}
