//! The way of a season of a real shop: sales and stock counts go in through the API, with a worker
//! killed in the middle; predictions, alerts and messages come out by themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::support::{
    Client, Role, System, eventually, expect_nothing_lost_or_doubled, guarded, until_succeeded, upload,
};

/// The first month that goes in: a quarter of the file's lines, which tests of the import take whole.
const SINCE: &str = "2011-10";
/// Of resident memory, in KiB; of each process, whatever the size of the file.
const MEMORY: u64 = 200 * 1_024;

/// The season's lines, and how many of them are what.
#[derive(Debug, Default)]
struct Season {
    file: Vec<u8>,
    lines: i64,
    rejected: i64,
    cancellations: i64,
    adjustments: i64,
}

/// The file from [`SINCE`] on, or nothing where the data sets aren't there.
#[expect(clippy::disallowed_methods, reason = "tests find the data where the command left it")]
fn retail() -> Option<Season> {
    let folder = std::env::var("VIGIE_TEST_DATA")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data").to_owned());
    let path = Path::new(&folder).join("online_retail_2010_2011.csv.gz");
    let Ok(packed) = std::fs::File::open(&path) else {
        eprintln!("skipped: no {} (set VIGIE_TEST_DATA)", path.display());
        return None;
    };
    let mut lines = csv::Reader::from_reader(flate2::read::GzDecoder::new(packed));
    let mut file = csv::Writer::from_writer(Vec::new());
    file.write_record(lines.headers().unwrap()).unwrap();
    let mut season = Season::default();
    for line in lines.records() {
        let line = line.unwrap();
        if &line[4] < SINCE {
            continue;
        }
        let price: f64 = line[5].parse().unwrap();
        season.lines += 1;
        season.rejected += i64::from(price < 0.0);
        season.cancellations += i64::from(line[0].starts_with('C'));
        season.adjustments += i64::from(line[3].starts_with('-') && price == 0.0);
        file.write_record(&line).unwrap();
    }
    season.file = file.into_inner().unwrap();
    Some(season)
}

fn options() -> Value {
    json!({
        "mapping": {"document": "InvoiceNo", "sku": "StockCode", "name": "Description", "quantity": "Quantity",
            "date": "InvoiceDate", "unit_price": "UnitPrice", "customer": "CustomerID", "country": "Country"},
        "cancellation_prefix": "C", "currency": "GBP", "timezone": "Europe/London",
    })
}

/// What is on the shelf of each product of the file: each fiftieth has run out, some won't last, most will.
fn levels(skus: Vec<String>) -> BTreeMap<String, u32> {
    let level = |n: u32| if n.is_multiple_of(50) { 0 } else { n % 7 * 500 + 3 };
    skus.into_iter().zip((0..).map(level)).collect()
}

fn count_file(levels: &BTreeMap<String, u32>) -> Vec<u8> {
    let lines = levels.iter().map(|(sku, level)| format!("\"{sku}\",{level}\n"));
    format!("sku,quantity\n{}", lines.collect::<String>()).into_bytes()
}

async fn skus(conn: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar!("select sku from products order by sku").fetch_all(conn).await.unwrap()
}

/// Kills the worker that holds the import once part of it is committed.
async fn kill_in_the_middle(system: &mut System, conn: &mut PgConnection) {
    let name = eventually("part of the file is staged", async || {
        sqlx::query_scalar!(
            "select w.name from jobs_ready r join workers w on w.id = r.worker_id
               join imports i on i.job_id = r.id
             where r.state = 1 and i.staged_through > 0",
        )
        .fetch_optional(&mut *conn)
        .await
        .unwrap()
    })
    .await;
    let id: u32 = name.split('-').next().unwrap().parse().unwrap();
    let index = system.processes.iter().position(|process| process.id() == id).expect("one of ours");
    system.replace(index).await;
}

/// Fingerprint of all sale lines, ids included.
async fn books(conn: &mut PgConnection) -> Option<String> {
    sqlx::query_scalar!("select md5(string_agg(md5(s::text), '' order by id)) from sales s")
        .fetch_one(conn)
        .await
        .unwrap()
}

/// Most resident memory that a process ever had, in KiB.
fn peak_memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_season_of_sales_becomes_predictions_alerts_and_one_message_for_each() {
    let Some(season) = retail() else { return };
    guarded(async {
        let mut system = System::patient_fleet().await;
        let client = system.company(1).await;
        let mut conn = system.db.owner().await;
        let id = upload(&client, "sales", &options(), &season.file).await;
        kill_in_the_middle(&mut system, &mut conn).await;
        let import = until_succeeded(&client, &id).await;
        let figures = [
            &import["rows_total"],
            &import["rows_rejected"],
            &import["totals"]["cancellations"],
            &import["totals"]["adjustments"],
        ];
        let counted = [season.lines, season.rejected, season.cancellations, season.adjustments];
        assert_eq!(figures.map(|n| n.as_i64().unwrap()), counted, "{import}");
        let kept = sqlx::query_scalar!("select count(*) from sales").fetch_one(&mut conn).await.unwrap();
        assert_eq!(kept, Some(season.lines - season.rejected));
        system.until_idle().await;

        let levels = levels(skus(&mut conn).await);
        let id = upload(&client, "stock_counts", &json!({}), &count_file(&levels)).await;
        until_succeeded(&client, &id).await;
        system.until_idle().await;
        expect_predictions(&client, &levels).await;
        let concerned = concerned(&mut conn, &levels).await;
        expect_alerts(&system, &client, &concerned).await;

        let before = books(&mut conn).await;
        let again = upload(&client, "sales", &options(), &season.file).await;
        until_succeeded(&client, &again).await;
        system.until_all_is_done().await;
        assert_eq!(books(&mut conn).await, before);
        expect_alerts(&system, &client, &concerned).await;
        expect_nothing_lost_or_doubled(&system).await;
        for process in &system.processes {
            let peak = peak_memory(process.id());
            assert!(peak < MEMORY, "{:?} had {peak} KiB", process.role);
        }
        assert_eq!(system.indices(Role::Worker).len(), 4);
    })
    .await;
}

/// As of the last day of the data, what runs out first comes first, from the level that was counted.
async fn expect_predictions(client: &Client, levels: &BTreeMap<String, u32>) {
    let list = client.get("/predictions/ruptures?horizon_days=15&limit=100").await.expect(200);
    let items = list["items"].as_array().unwrap();
    assert!(items.len() > 20, "{list}");
    let median = |item: &Value| item["days_to_rupture"]["p50"].as_i64().unwrap();
    assert!(items.is_sorted_by_key(median), "{list}");
    for item in items {
        assert_eq!((&item["as_of"], &item["data_through"]), (&json!("2011-12-09"), &json!("2011-12-09")), "{item}");
        assert!(item["probability"].as_f64().is_some_and(|p| (0.0..=1.0).contains(&p)), "{item}");
        let level: f64 = item["level"].as_str().unwrap().parse().unwrap();
        assert_eq!(level, f64::from(levels[item["product"]["sku"].as_str().unwrap()]), "{item}");
        assert!(median(item) <= 15 && item["explanation"].is_string(), "{item}");
    }
}

/// Which products each alert is about: the empty ones, and those that are likely to run out before goods that
/// are ordered now arrive, or within a week.
async fn concerned(conn: &mut PgConnection, levels: &BTreeMap<String, u32>) -> BTreeMap<String, BTreeSet<String>> {
    let soon = sqlx::query_scalar!(
        "select p.sku from outlooks o join products p on p.id = o.product_id
         where o.level > 0 and (o.probability >= 0.5 or o.days_p50 <= 7)",
    )
    .fetch_all(conn)
    .await
    .unwrap();
    let empty = levels.iter().filter(|(_, level)| **level == 0).map(|(sku, _)| sku.clone());
    [("rupture", empty.collect()), ("predicted_rupture", soon.into_iter().collect())]
        .map(|(kind, skus)| (kind.to_owned(), skus))
        .into()
}

/// One alert for what has run out, one for what will; each told of once on both channels.
async fn expect_alerts(system: &System, client: &Client, concerned: &BTreeMap<String, BTreeSet<String>>) {
    let open = client.get("/alerts?state=open").await.expect(200);
    let alerts = open["items"].as_array().unwrap();
    let mut kinds: Vec<_> = alerts.iter().map(|alert| alert["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["predicted_rupture", "rupture"], "{open}");
    let items = sqlx::query!(
        "select a.kind, p.sku from alert_items i join alerts a on a.id = i.alert_id join products p on p.id = i.product_id
         where i.resolved_at is null",
    )
    .fetch_all(&mut system.db.owner().await)
    .await
    .unwrap();
    let mut found = BTreeMap::<_, BTreeSet<_>>::new();
    for item in items {
        found.entry(item.kind).or_default().insert(item.sku);
    }
    assert_eq!(&found, concerned);
    let told = sqlx::query!(
        "select a.kind, n.channel, n.cause from notices n join alerts a on a.id = n.alert_id order by 1, 2"
    )
    .fetch_all(&mut system.db.owner().await)
    .await
    .unwrap();
    let told: Vec<_> = told.iter().map(|n| [n.kind.as_str(), n.channel.as_str(), n.cause.as_str()]).collect();
    let once = ["predicted_rupture", "rupture"]
        .into_iter()
        .flat_map(|kind| ["email", "whatsapp"].map(|channel| [kind, channel, "opened"]));
    assert_eq!(told, once.collect::<Vec<_>>());
}
