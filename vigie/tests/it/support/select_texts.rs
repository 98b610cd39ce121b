//! Queries that a test builds at run time.

use sqlx::{AssertSqlSafe, PgConnection, Row as _};

/// Returns the rows of a statement with one text column.
pub(crate) async fn select_texts(conn: &mut PgConnection, statement: &str) -> Vec<String> {
    let rows = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
        .fetch_all(conn)
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}
