//! Files that are uploaded while workers are killed or Redis is lost.

use std::fmt::Write as _;

use platform::ids::Uuid;
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::support::{
    Client, Halt, Role, System, expect_nothing_lost_or_doubled, run_alone, select_texts,
    until_succeeded, upload,
};

const LINES: usize = 60_000;

/// More lines than a staging chunk holds. Some cancel earlier lines, some are rejected.
fn sales_file() -> Vec<u8> {
    let mut file = String::from("invoice,sku,quantity,price,date,customer\n");
    for line in 0..LINES {
        let (document, sku, customer) = (line / 6, line * 7 % 120, line % 53);
        let (prefix, sign) = if line % 31 == 30 {
            ("C", "-")
        } else {
            ("", "")
        };
        let quantity = if line % 9_999 == 9_998 {
            "many".to_owned()
        } else {
            format!("{sign}{}", 1 + line % 4)
        };
        let day = 1 + line / 2_500;
        writeln!(
            file,
            "{prefix}{document},p{sku},{quantity},150,2026-02-{day:02},c{customer}"
        )
        .unwrap();
    }
    file.into_bytes()
}

fn options() -> Value {
    json!({"cancellation_prefix": "C"})
}

/// Reads everything that an import writes, without ids.
async fn read_books(conn: &mut PgConnection, client: &Client) -> Vec<String> {
    let company: Uuid = client.company.as_deref().unwrap().parse().unwrap();
    let rows = sqlx::query_scalar!(
        r#"select concat_ws('|', p.sku, c.external_ref, s.document, s.quantity, s.unit_price,
             s.amount, s.netted_quantity, s.kind, s.status, s.sold_at, s.day, s.currency) as "row!"
           from sales s
           join products p on p.id = s.product_id
           left join customers c on c.id = s.customer_id
           where s.company_id = $1
           union all
           select concat_ws('|', e.severity, e.line, e.issues) from import_issues e
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
    let names = [
        "rows_total",
        "rows_imported",
        "rows_updated",
        "rows_unchanged",
        "rows_rejected",
        "rows_ignored",
    ];
    names
        .iter()
        .chain(&["totals", "warnings"])
        .map(|name| import[name].clone())
        .collect()
}

/// Two workers, and a company whose import was undisturbed.
struct ImportSystem {
    system: System,
    conn: PgConnection,
    file: Vec<u8>,
    /// The undisturbed import and its rows.
    expected: (Value, Vec<String>),
}

impl ImportSystem {
    async fn new(mut system: System) -> Self {
        for role in [Role::Api, Role::Worker, Role::Worker, Role::Scheduler] {
            system.start(role);
        }
        system.until_ready(2).await;
        let (mut conn, file) = (system.db.owner().await, sales_file());
        let client = system.register_company(1).await;
        let id = upload(&client, "sales", &options(), &file).await;
        let import = until_succeeded(&client, &id).await;
        assert_eq!(import["rows_total"], LINES);
        assert_eq!(import["rows_rejected"], 6);
        let rows = read_books(&mut conn, &client).await;
        assert_eq!(rows.len(), LINES);
        // From here on the planner's statistics know one company, and the next one seems empty.
        sqlx::raw_sql("analyze").execute(&mut conn).await.unwrap();
        Self {
            system,
            conn,
            file,
            expected: (import, rows),
        }
    }

    /// Expects that another company's import has the outcome of the undisturbed one.
    async fn expect_same_outcome(&mut self, client: &Client, id: &str, moment: &str) {
        let import = until_succeeded(client, id).await;
        assert_eq!(counts(&import), counts(&self.expected.0), "{moment}");
        assert!(
            read_books(&mut self.conn, client).await == self.expected.1,
            "other rows: {moment}"
        );
    }
}

const STAGING: &str =
    "trigger halt before insert on staging.sale_lines for each row when (new.line = 55001)";
const MERGING: &str =
    "trigger halt before insert on sales for each row when (new.document = '7000')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_whose_worker_is_killed_in_the_middle_ends_in_the_rows_of_an_undisturbed_one() {
    run_alone(async {
        let mut imports = ImportSystem::new(System::new().await).await;
        for (n, moment) in [STAGING, MERGING].into_iter().enumerate() {
            let client = imports.system.register_company(n + 2).await;
            let mut halt = Halt::at(&imports.system, moment).await;
            let id = upload(&client, "sales", &options(), &imports.file).await;
            let worker = halt
                .until_worker(&imports.system, "catalog.import_file")
                .await;
            imports.system.replace(worker).await;
            halt.release().await;
            imports.expect_same_outcome(&client, &id, moment).await;
        }
        imports.system.until_all_finished().await;
        let crashes = select_texts(
            &mut imports.conn,
            "select class from job_attempts where class = 'crash'",
        )
        .await;
        assert_eq!(crashes.len(), 2);
        expect_nothing_lost_or_doubled(&imports.system).await;
    })
    .await;
}

/// The enqueueing of what follows an import: demand is computed, alerts are evaluated.
const FINISHING: &str = "trigger halt before insert on job_bodies for each row
    when (new.kind = 'rupture.compute_demand')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_during_which_redis_is_lost_ends_in_the_rows_of_an_undisturbed_one() {
    run_alone(async {
        let mut imports = ImportSystem::new(System::patient().await).await;
        for (n, moment) in [STAGING, MERGING, FINISHING].into_iter().enumerate() {
            let client = imports.system.register_company(n + 2).await;
            let mut halt = Halt::at(&imports.system, moment).await;
            let id = upload(&client, "sales", &options(), &imports.file).await;
            halt.until_worker(&imports.system, "catalog.import_file")
                .await;
            imports.system.lose_redis().await;
            halt.release().await;
            imports.expect_same_outcome(&client, &id, moment).await;
        }
        imports.system.until_all_finished().await;
        let attempts = "select attempt::text from jobs_finished where kind = 'catalog.import_file'";
        assert_eq!(
            select_texts(&mut imports.conn, attempts).await,
            ["1"; 4],
            "an import took another attempt"
        );
        let demand = "select count(distinct company_id)::text from demand";
        assert_eq!(
            select_texts(&mut imports.conn, demand).await,
            ["4"],
            "what follows was lost"
        );
        expect_nothing_lost_or_doubled(&imports.system).await;
    })
    .await;
}
