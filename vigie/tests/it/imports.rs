//! Files that come in through the API while workers are killed under them.

use std::fmt::Write as _;

use platform::ids::Uuid;
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::support::{Client, Halt, Role, System, expect_nothing_lost_or_doubled, guarded, until_succeeded, upload};

const LINES: usize = 60_000;

/// More lines than a chunk of staging holds; some that cancel earlier ones, some refused.
fn sales_file() -> Vec<u8> {
    let mut file = String::from("invoice,sku,quantity,price,date,customer\n");
    for line in 0..LINES {
        let (document, sku, customer) = (line / 6, line * 7 % 120, line % 53);
        let (prefix, sign) = if line % 31 == 30 { ("C", "-") } else { ("", "") };
        let quantity = if line % 9_999 == 9_998 { "many".to_owned() } else { format!("{sign}{}", 1 + line % 4) };
        let day = 1 + line / 2_500;
        writeln!(file, "{prefix}{document},p{sku},{quantity},150,2026-02-{day:02},c{customer}").unwrap();
    }
    file.into_bytes()
}

fn options() -> Value {
    json!({"cancellation_prefix": "C"})
}

/// All that an import leaves, without ids.
async fn books(conn: &mut PgConnection, client: &Client) -> Vec<String> {
    let company: Uuid = client.company.as_deref().unwrap().parse().unwrap();
    let rows = sqlx::query_scalar!(
        r#"select concat_ws('|', p.sku, c.external_ref, s.document, s.quantity, s.unit_price, s.amount, s.netted_quantity, s.kind,
               s.status, s.sold_at, s.day, s.currency) as "row!"
           from sales s join products p on p.id = s.product_id left join customers c on c.id = s.customer_id
           where s.company_id = $1
           union all
           select concat_ws('|', 'refused', e.line, e.column_name, e.value, e.code) from import_errors e
           where e.company_id = $1"#,
        company,
    )
    .fetch_all(conn)
    .await
    .unwrap();
    let mut rows = rows;
    rows.sort();
    rows
}

fn counts(import: &Value) -> Vec<Value> {
    let names = ["rows_total", "rows_imported", "rows_updated", "rows_unchanged", "rows_rejected", "rows_ignored"];
    names.iter().chain(&["totals", "warnings"]).map(|name| import[name].clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_whose_worker_is_killed_in_the_middle_ends_in_the_rows_of_an_undisturbed_one() {
    guarded(async {
        let mut system = System::new().await;
        for role in [Role::Api, Role::Worker, Role::Worker, Role::Scheduler] {
            system.start(role);
        }
        system.until_ready(2).await;
        let file = sales_file();
        let mut conn = system.db.owner().await;
        let undisturbed = system.company(1).await;
        let id = upload(&undisturbed, "sales", &options(), &file).await;
        let expected = until_succeeded(&undisturbed, &id).await;
        assert_eq!(expected["rows_total"], LINES);
        assert_eq!(expected["rows_rejected"], 6);
        let rows = books(&mut conn, &undisturbed).await;
        assert_eq!(rows.len(), LINES);
        // From here on the planner knows of one company, and takes the next one for empty.
        sqlx::raw_sql("analyze").execute(&mut conn).await.unwrap();

        let moments = [
            "trigger halt before insert on staging.sale_lines for each row when (new.line = 55001)",
            "trigger halt before insert on sales for each row when (new.document = '7000')",
        ];
        for (n, moment) in moments.into_iter().enumerate() {
            let client = system.company(n + 2).await;
            let mut halt = Halt::at(&system, moment).await;
            let id = upload(&client, "sales", &options(), &file).await;
            let worker = halt.worker(&system, "catalog.import_file").await;
            system.replace(worker).await;
            halt.let_go().await;
            let import = until_succeeded(&client, &id).await;
            assert_eq!(counts(&import), counts(&expected), "{moment}");
            assert!(books(&mut conn, &client).await == rows, "other rows: {moment}");
        }
        system.until_all_is_done().await;
        let crashes = sqlx::query_scalar!("select count(*) from job_attempts where class = 'crash'")
            .fetch_one(&mut conn)
            .await
            .unwrap();
        assert_eq!(crashes, Some(2));
        expect_nothing_lost_or_doubled(&system).await;
    })
    .await;
}
