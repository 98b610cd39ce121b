//! What the merges of all kinds share: their counts, and the turn of one company.

use platform::ids::CompanyId;
use sqlx::PgConnection;

use crate::{Error, Result};

/// How Postgres reports a lock that wasn't granted in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// The merged rows by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MergedRows {
    pub imported: i64,
    pub updated: i64,
    pub unchanged: i64,
}

/// Whether the company's turn was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    Taken,
    /// Another job holds it longer than a statement may wait; the transaction is aborted.
    Busy,
}

/// Takes the company's turn until the end of the transaction. One import of a company merges at a
/// time from here on, because netting must see all lines of the other.
pub async fn take_merge_turn(conn: &mut PgConnection, company: CompanyId) -> Result<Turn> {
    take_turn_named(conn, format!("import {}", company.0)).await
}

/// Takes the company's turn to be compared with its plan, until the end of the transaction.
pub(super) async fn take_admission_turn(
    conn: &mut PgConnection,
    company: CompanyId,
) -> Result<Turn> {
    take_turn_named(conn, format!("admission {}", company.0)).await
}

/// Keeps imports of the company from beginning to merge until the transaction ends.
///
/// # Errors
/// `Conflict` while one merges.
pub async fn require_no_merge(conn: &mut PgConnection, company: CompanyId) -> Result<()> {
    let is_free = take_admission_turn(&mut *conn, company).await? == Turn::Taken;
    let is_merging = is_free
        && sqlx::query_scalar!(
            r#"select exists (
                 select from imports
                 where company_id = $1 and state = 'loading' and admitted_at is not null)
                 as "exists!""#,
            company.0,
        )
        .fetch_one(conn)
        .await?;
    if is_free && !is_merging {
        return Ok(());
    }
    let message = "an import of the company is under way; try again once it has ended";
    Err(Error::conflict("conflict", message))
}

async fn take_turn_named(conn: &mut PgConnection, name: String) -> Result<Turn> {
    let turn = sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended($1, 0))",
        name
    )
    .execute(conn)
    .await;
    match turn {
        Err(sqlx::Error::Database(cause))
            if cause.code().as_deref() == Some(LOCK_NOT_AVAILABLE) =>
        {
            Ok(Turn::Busy)
        }
        other => Ok(other.map(|_| Turn::Taken)?),
    }
}
