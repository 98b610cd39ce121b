//! A year of a real shop, 541,909 lines. One company uploads them undisturbed and ignores codes
//! that are no products; the worker of another company's import is killed in the middle. After a
//! stock count, predictions, alerts and messages follow.

mod file;
mod outcome;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::PgConnection;

use self::file::{Counted, NO_PRODUCTS, Retail, load_retail};
use self::outcome::{expect_alerts, expect_predictions, find_concerned};
use crate::support::{
    Client, Process, Role, System, eventually, expect_nothing_lost_or_doubled, run_alone_for,
    select_texts, subscribe, until_succeeded, upload,
};

/// Bytes of resident memory that no process may exceed, whatever the size of the file.
const MAX_MEMORY_BYTES: u64 = 200_000_000;
/// Three imports of the whole file, unoptimised, on a machine that is busy with other tests.
const TEST_TIMEOUT: Duration = Duration::from_secs(420);

fn options(ignore_codes: &[&str]) -> Value {
    json!({
        "ignore_codes": ignore_codes,
        "mapping": {"document": "InvoiceNo", "sku": "StockCode", "name": "Description",
        "quantity": "Quantity",
            "date": "InvoiceDate", "unit_price": "UnitPrice", "customer": "CustomerID",
            "country": "Country"},
        "cancellation_prefix": "C", "currency": "GBP", "timezone": "Europe/London",
    })
}

/// Makes a level for each product: each fiftieth has run out, some will not last, most will.
fn make_levels(products: BTreeSet<String>) -> BTreeMap<String, u32> {
    let level = |n: u32| {
        if n.is_multiple_of(50) {
            0
        } else {
            n % 7 * 500 + 3
        }
    };
    products.into_iter().zip((0..).map(level)).collect()
}

fn count_file(levels: &BTreeMap<String, u32>) -> Vec<u8> {
    let lines = levels
        .iter()
        .map(|(sku, level)| format!("\"{sku}\",{level}\n"));
    format!("sku,quantity\n{}", lines.collect::<String>()).into_bytes()
}

/// Kills the worker that holds this import once half of the file is committed.
async fn kill_in_the_middle(system: &mut System, conn: &mut PgConnection, import: &str) {
    let statement = format!(
        "select w.name from jobs_open o join workers w on w.id = o.worker_id
           join imports i on i.job_id = o.id
         where o.state = 'running' and i.id = '{import}' and i.staged_through > 270000"
    );
    let name = eventually("half of the file is staged", async || {
        select_texts(conn, &statement).await.pop()
    })
    .await;
    let id: u32 = name.split('-').next().unwrap().parse().unwrap();
    let index = system
        .processes
        .iter()
        .position(|process| process.id() == id)
        .expect("one of ours");
    expect_flat_memory(&system.processes[index]);
    system.replace(index).await;
    let lost = format!(
        "select a.error from job_attempts a join imports i on i.job_id = a.job_id
         where i.id = '{import}' and a.class = 'crash'"
    );
    eventually("the import is rescued", async || {
        select_texts(conn, &lost).await.pop()
    })
    .await;
}

fn expect_counts(import: &Value, counted: &Counted) {
    let rows = [
        "rows_total",
        "rows_ignored",
        "rows_rejected",
        "rows_imported",
    ]
    .map(|name| &import[name]);
    let totals = ["netted", "cancellations", "adjustments", "products_created"]
        .map(|name| &import["totals"][name]);
    let figures: Vec<_> = rows
        .into_iter()
        .chain(totals)
        .map(|n| n.as_i64().unwrap())
        .collect();
    assert_eq!(figures, self::figures(counted), "{import}");
}

fn figures(counted: &Counted) -> [i64; 8] {
    let products = i64::try_from(counted.products.len()).unwrap();
    let Counted {
        lines,
        ignored,
        rejected,
        netted,
        cancellations,
        adjustments,
        ..
    } = *counted;
    [
        lines,
        ignored,
        rejected,
        counted.imported(),
        netted,
        cancellations,
        adjustments,
        products,
    ]
}

/// Counts by code the rows of one company that the other lacks, without ids.
async fn count_missing_rows(
    conn: &mut PgConnection,
    one: &Client,
    other: &Client,
) -> BTreeMap<String, i64> {
    let rows = |client: &Client| {
        format!(
            "select upper(p.sku) as code, p.name, c.external_ref, s.document, s.quantity, s.unit_price,
               s.amount, s.netted_quantity, s.kind, s.status, s.sold_at, s.day, s.currency
             from sales s
             join products p on p.id = s.product_id
             left join customers c on c.id = s.customer_id
             where s.company_id = '{}'",
            client.company.as_deref().unwrap()
        )
    };
    let statement = format!(
        "select concat_ws('=', code, count(*))
           from ({} except all {}) as lacking group by code",
        rows(one),
        rows(other)
    );
    let lines = select_texts(conn, &statement).await;
    let pairs = lines.iter().map(|line| line.rsplit_once('=').unwrap());
    pairs
        .map(|(code, rows)| (code.to_owned(), rows.parse().unwrap()))
        .collect()
}

/// Expects that one company has the rows of all products, and the other the same rows and those of
/// codes that are no products.
async fn expect_all_but_no_products(
    conn: &mut PgConnection,
    goods: &Client,
    all: &Client,
    retail: &Retail,
) {
    assert_eq!(count_missing_rows(conn, goods, all).await, BTreeMap::new());
    let lacking = count_missing_rows(conn, all, goods).await;
    let codes: BTreeSet<_> = lacking.keys().cloned().collect();
    assert_eq!(codes, &retail.all.products - &retail.goods.products);
    assert_eq!(
        lacking.values().sum::<i64>(),
        retail.all.imported() - retail.goods.imported()
    );
    let company = goods.company.as_deref().unwrap();
    let products = select_texts(
        conn,
        &format!("select upper(sku) from products where company_id = '{company}'"),
    )
    .await;
    assert_eq!(BTreeSet::from_iter(products), retail.goods.products);
}

/// Computes a fingerprint of everything that imports write, ids included.
async fn fingerprint_tables(conn: &mut PgConnection) -> Vec<String> {
    let tables = [
        "sales",
        "products",
        "customers",
        "stock_movements",
        "stock_levels",
    ];
    let print = |table| {
        format!(
            "select concat('{table} ', count(*), ' ', sum(hashtextextended(t::text, 0)))
               from {table} t"
        )
    };
    let prints = tables.map(print);
    select_texts(conn, &prints.join(" union all ")).await
}

/// Expects that the peak of a process's resident memory is below the limit.
fn expect_flat_memory(process: &Process) {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let peak: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(
        peak * 1_024 < MAX_MEMORY_BYTES,
        "{:?} had {peak} KiB",
        process.role
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_year_of_sales_becomes_predictions_alerts_and_one_message_per_alert_and_channel() {
    let Some(mut retail) = load_retail() else {
        return;
    };
    assert_eq!(
        figures(&retail.all),
        [541_909, 0, 2, 541_907, 2_899, 9_288, 1_336, 3_958]
    );
    assert_eq!(
        figures(&retail.goods),
        [541_909, 2_950, 0, 538_959, 2_835, 8_704, 1_336, 3_942]
    );
    run_alone_for(TEST_TIMEOUT, async {
        let mut system = System::patient_fleet().await;
        let (undisturbed, client) = (
            system.register_company(1).await,
            system.register_company(2).await,
        );
        for client in [&undisturbed, &client] {
            subscribe(&system, client).await;
        }
        let mut conn = system.db.owner().await;
        let first = upload(&undisturbed, "sales", &options(&NO_PRODUCTS), &retail.file).await;
        let second = upload(&client, "sales", &options(&[]), &retail.file).await;
        kill_in_the_middle(&mut system, &mut conn, &second).await;
        for (client, id, counted) in [
            (&undisturbed, first, &retail.goods),
            (&client, second, &retail.all),
        ] {
            expect_counts(&until_succeeded(client, &id).await, counted);
        }
        expect_all_but_no_products(&mut conn, &undisturbed, &client, &retail).await;
        system.until_idle().await;

        let levels = make_levels(std::mem::take(&mut retail.all.products));
        let id = upload(&client, "stock_counts", &json!({}), &count_file(&levels)).await;
        until_succeeded(&client, &id).await;
        system.until_idle().await;
        expect_predictions(&client, &levels).await;
        let concerned = find_concerned(&mut conn, &levels).await;
        expect_alerts(&system, &client, &concerned).await;

        let before = fingerprint_tables(&mut conn).await;
        let repeated = upload(&client, "sales", &options(&[]), &retail.file).await;
        let repeated = until_succeeded(&client, &repeated).await;
        let rows = ["rows_imported", "rows_updated", "rows_unchanged"]
            .map(|name| repeated[name].as_i64().unwrap());
        assert_eq!(rows, [0, 0, retail.all.imported()], "{repeated}");
        system.until_all_finished().await;
        assert_eq!(fingerprint_tables(&mut conn).await, before);
        expect_alerts(&system, &client, &concerned).await;
        expect_nothing_lost_or_doubled(&system).await;
        system.processes.iter().for_each(expect_flat_memory);
        assert_eq!(system.indices(Role::Worker).len(), 4);
    })
    .await;
}
