//! Looking into tables with statements that a test puts together from what it was given.

use sqlx::{AssertSqlSafe, PgConnection, Row as _};

/// The rows of a statement that has one column of text.
pub(crate) async fn look(conn: &mut PgConnection, statement: &str) -> Vec<String> {
    let rows = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
        .fetch_all(conn)
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}
