//! Staged rows of an import, which COPY writes: another company's transaction reaches none.

use platform::db::{Scope, Tx};
use platform::ids::{CompanyId, Uuid};
use sqlx::{AssertSqlSafe, Executor as _};

use crate::app::TestApp;

/// Each staging table with columns beside those of the row, and their values.
const TABLES: [(&str, &str, &str); 3] = [
    (
        "sale_lines",
        "key, may_repeat, by_day, sku_key, kind, quantity, unit_price, amount, currency, \
         sold_at, day",
        "\\\\x00\tf\tf\ta\tsale\t1\t1\t1\tXOF\t2026-01-05 00:00Z\t2026-01-05",
    ),
    ("product_lines", "sku_key, sku, currency", "a\tA\tXOF"),
    (
        "count_lines",
        "key, sku_key, quantity, at",
        "\\\\x00\ta\t1\t2026-01-05 00:00Z",
    ),
];

async fn begin(app: &TestApp, company: CompanyId) -> Tx {
    app.db.db.begin(Scope::company(company)).await.unwrap()
}

/// Copies one row of an import; `company` is written too, where it is named.
async fn copy_row(
    tx: &mut Tx,
    (table, columns, values): (&str, &str, &str),
    import: Uuid,
    company: Option<CompanyId>,
) -> sqlx::Result<u64> {
    let (named, value) = match company {
        Some(company) => ("company_id, ", format!("{company}\t")),
        None => ("", String::new()),
    };
    let statement =
        format!("copy staging.{table} ({named}import_id, line, id, {columns}) from stdin");
    let row = format!("{value}{import}\t2\t{}\t{values}\n", Uuid::now_v7());
    let mut copy = tx.copy_in_raw(&statement).await?;
    copy.send(row.as_bytes()).await?;
    copy.finish().await
}

/// Runs a statement and returns how many rows it reached.
async fn reach(tx: &mut Tx, statement: String) -> sqlx::Result<u64> {
    let done = tx.execute(AssertSqlSafe(statement)).await?;
    Ok(done.rows_affected())
}

/// Panics unless the statement is refused, and begins a new transaction.
fn require_denied<T: std::fmt::Debug>(outcome: sqlx::Result<T>) {
    let refused = outcome.unwrap_err();
    let code = refused.as_database_error().and_then(|cause| cause.code());
    assert!(
        // Privileges and policies; COPY under row-level security.
        matches!(code.as_deref(), Some("42501" | "0A000" | "23502")),
        "{refused}"
    );
}

#[tokio::test]
async fn a_company_reaches_no_staged_row_of_another() {
    let app = TestApp::start().await;
    let (theirs, mine) = (app.with_company().await, app.with_company().await);
    let (theirs, mine) = (theirs.company(), mine.company());
    for (table, columns, values) in TABLES {
        let partition = format!("{table}_in");
        let (import, other) = (Uuid::now_v7(), Uuid::now_v7());
        let mut tx = begin(&app, theirs).await;
        copy_row(&mut tx, (&partition, columns, values), import, None)
            .await
            .unwrap();
        tx.commit().await.unwrap();

        // By the very id of their import.
        let mut tx = begin(&app, mine).await;
        let own = copy_row(&mut tx, (&partition, columns, values), other, None).await;
        assert_eq!(own.unwrap(), 1, "{table}");
        for statement in [
            format!("select from staging.{table} where import_id = '{import}'"),
            format!("select from staging.{table} where company_id = '{theirs}'"),
            format!("update staging.{table} set line = -line where import_id = '{import}'"),
            format!("delete from staging.{table} where import_id = '{import}'"),
            format!("delete from staging.{table} where company_id <> '{mine}'"),
        ] {
            assert_eq!(
                reach(&mut tx, statement.clone()).await.unwrap(),
                0,
                "{statement}"
            );
        }
        let all = reach(&mut tx, format!("delete from staging.{table}")).await;
        assert_eq!(all.unwrap(), 1, "its own row of {table}");
        tx.commit().await.unwrap();

        let mut tx = begin(&app, theirs).await;
        let left = format!("select from staging.{table} where import_id = '{import}' and line = 2");
        assert_eq!(reach(&mut tx, left).await.unwrap(), 1, "{table}");
    }
}

#[tokio::test]
async fn no_statement_writes_a_staged_row_for_another_company_or_passes_the_policy() {
    let app = TestApp::start().await;
    let (theirs, mine) = (app.with_company().await, app.with_company().await);
    let (theirs, mine) = (theirs.company(), mine.company());
    for (table, columns, values) in TABLES {
        let partition = format!("{table}_in");
        let import = Uuid::now_v7();
        for company in [theirs, mine] {
            let mut tx = begin(&app, mine).await;
            let row = (partition.as_str(), columns, values);
            require_denied(copy_row(&mut tx, row, import, Some(company)).await);
        }
        let mut tx = begin(&app, mine).await;
        require_denied(copy_row(&mut tx, (table, columns, values), import, None).await);
        // Without a company there is none to write for.
        let mut conn = app.db.db.app().begin().await.unwrap();
        let statement =
            format!("copy staging.{partition} (import_id, line, id, {columns}) from stdin");
        let mut copy = conn.copy_in_raw(&statement).await.unwrap();
        let row = format!("{import}\t2\t{import}\t{values}\n");
        copy.send(row.as_bytes()).await.unwrap();
        require_denied(copy.finish().await);
        drop(conn);
        let mut tx = begin(&app, mine).await;
        copy_row(&mut tx, (&partition, columns, values), import, None)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        for statement in [
            format!("select from staging.{partition}"),
            format!("update staging.{partition} set line = 1"),
            format!("delete from staging.{partition}"),
            format!("truncate staging.{partition}"),
            format!("truncate staging.{table}"),
            format!("update staging.{table} set company_id = '{theirs}'"),
        ] {
            let mut tx = begin(&app, mine).await;
            require_denied(reach(&mut tx, statement).await);
        }
    }
}
