//! Predictions whose worker is killed in the middle, or that lose Redis: their results equal
//! undisturbed ones, and what follows happens once.

use std::fmt::Write as _;

use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::support::{
    Client, Halt, Role, System, eventually, expect_nothing_lost_or_doubled, run_alone,
    select_texts, until_succeeded, upload,
};

/// A day on which more products were about to run out than on the last one.
const AS_OF: &str = "2026-01-30";

/// Sixty days of twelve products; the last four are bought much until [`AS_OF`], then no more.
fn sales_file() -> Vec<u8> {
    let mut file = String::from("invoice,sku,quantity,price,date\n");
    for day in 0..60 {
        for product in 0..12 {
            let quantity = if product < 8 {
                2 + day * product % 3
            } else {
                20
            };
            if product < 8 || day < 30 {
                let (month, of_month) = [(1, day + 1), (2, day - 30)][usize::from(day > 30)];
                writeln!(
                    file,
                    "{day}-{product},p{product},{quantity},150,2026-{month:02}-{of_month:02}"
                )
                .unwrap();
            }
        }
    }
    file.into_bytes()
}

/// Levels that are empty, that will not last, that will last, and that would have run out soon.
fn count_file() -> Vec<u8> {
    let levels = [0, 0, 10, 10, 5_000, 5_000, 5_000, 5_000, 60, 60, 60, 60];
    let lines = (0..)
        .zip(levels)
        .map(|(product, level)| format!("p{product},{level}\n"));
    format!("sku,quantity\n{}", lines.collect::<String>()).into_bytes()
}

/// Reads what a prediction writes and what follows from it, without ids and times.
async fn read_results(conn: &mut PgConnection, client: &Client) -> Vec<String> {
    let company = client.company.as_deref().unwrap();
    let statement = format!(
        "select concat_ws('|', 'demand', p.sku, d.as_of, d.history_days, d.class, d.rate_per_day,
           d.weekday_factors, d.dispersion, d.abc)
         from demand d join products p on p.id = d.product_id where d.company_id = '{company}'
         union all
         select concat_ws('|', 'outlook', p.sku, o.level, o.probability, o.days_p10, o.days_p50,
           o.days_p90, o.reorder_point, o.safety_stock, o.suggested_quantity, o.urgency)
         from outlooks o join products p on p.id = o.product_id where o.company_id = '{company}'
         union all
         select concat_ws('|', 'run', r.state, r.live, r.as_of, r.data_through, r.products)
         from prediction_runs r where r.company_id = '{company}'
         union all
         select concat_ws('|', 'item', r.as_of, p.sku, i.rate_per_day, i.level, i.probability,
           i.days_p50, i.urgency)
         from prediction_items i join prediction_runs r on r.id = i.run_id
           join products p on p.id = i.product_id
         where i.company_id = '{company}'
         union all
         select concat_ws('|', 'alert', a.kind, a.state, a.severity, a.revision, p.sku, i.urgency)
         from alerts a join alert_items i on i.alert_id = a.id
           join products p on p.id = i.product_id
         where a.company_id = '{company}'
         union all
         select concat_ws('|', 'notice', a.kind, n.cause, n.revision, n.channel)
         from notifications n join alerts a on a.id = n.alert_id where n.company_id = '{company}'"
    );
    let mut rows = select_texts(conn, &statement).await;
    rows.sort();
    rows
}

fn count_rows(rows: &[String], beginning: &str) -> usize {
    rows.iter().filter(|row| row.starts_with(beginning)).count()
}

/// The moments at which workers are killed: while demand is computed after the sales, in a
/// requested run, and in a run as of another day.
type Moments = [&'static str; 3];

const MOMENTS: [Moments; 2] = [
    [
        "trigger halt before insert on demand for each row",
        "trigger halt before insert on outlooks for each row",
        "trigger halt before insert on prediction_items for each row",
    ],
    [
        "trigger halt before insert on prediction_runs for each row",
        "trigger halt before insert on demand for each row",
        "trigger halt before update on prediction_runs for each row when (new.state = 'succeeded')",
    ],
];

async fn halt_at(system: &System, moment: Option<&str>) -> Option<Halt> {
    match moment {
        Some(moment) => Some(Halt::at(system, moment).await),
        None => None,
    }
}

/// Kills the worker of this kind where it is halted, then waits until everything is finished.
async fn kill_and_finish(system: &mut System, halt: Option<Halt>, kind: &str) {
    if let Some(mut halt) = halt {
        let worker = halt.until_worker(system, kind).await;
        system.replace(worker).await;
        halt.release().await;
    }
    system.until_all_finished().await;
}

/// Uploads a stock count and sales, requests two runs, and returns them.
async fn predict(system: &mut System, client: &Client, moments: Option<&Moments>) -> [Value; 2] {
    let moment = |n: usize| moments.map(|moments| moments[n]);
    let counts = upload(client, "stock_counts", &json!({}), &count_file()).await;
    until_succeeded(client, &counts).await;
    system.until_all_finished().await;
    let halt = halt_at(system, moment(0)).await;
    upload(client, "sales", &json!({}), &sales_file()).await;
    kill_and_finish(system, halt, "rupture.compute_demand").await;
    let mut runs = [Value::Null, Value::Null];
    for (n, body) in [json!({}), json!({"as_of": AS_OF})].iter().enumerate() {
        let (halt, key) = (halt_at(system, moment(n + 1)).await, format!("run {n}"));
        let requested = client
            .post_until_accepted("/predictions/runs", body, &key)
            .await;
        kill_and_finish(system, halt, "rupture.run_prediction").await;
        let repeated = client
            .post_until_accepted("/predictions/runs", body, &key)
            .await;
        let id = requested["run"]["id"].as_str().unwrap();
        assert_eq!(repeated["run"]["id"], id);
        runs[n] = client
            .get(&format!("/predictions/runs/{id}"))
            .await
            .expect(200);
    }
    runs
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prediction_whose_worker_is_killed_in_the_middle_equals_an_undisturbed_one() {
    run_alone(async {
        let mut system = System::new().await;
        for role in [Role::Api, Role::Worker, Role::Worker, Role::Scheduler] {
            system.start(role);
        }
        system.until_ready(2).await;
        let mut conn = system.db.owner().await;
        let client = system.register_company(1).await;
        let runs = predict(&mut system, &client, None).await;
        let expected = read_results(&mut conn, &client).await;
        let days = ["2026-02-28", AS_OF];
        for (run, day) in runs.iter().zip(days) {
            assert_eq!(
                (&run["state"], &run["as_of"]),
                (&json!("succeeded"), &json!(day)),
                "{run}"
            );
        }
        let [live, study] = days.map(|day| format!("item|{day}"));
        let figures = ["demand", "outlook", "run", &live, &study, "notice"]
            .map(|figure| count_rows(&expected, figure));
        assert_eq!(figures, [12, 12, 3, 4, 8, 6], "{expected:#?}");

        for (n, moments) in MOMENTS.iter().enumerate() {
            let client = system.register_company(n + 2).await;
            for (run, undisturbed) in predict(&mut system, &client, Some(moments))
                .await
                .iter()
                .zip(&runs)
            {
                for figure in ["state", "live", "as_of", "data_through", "products"] {
                    assert_eq!(run[figure], undisturbed[figure], "{run}");
                }
            }
            assert_eq!(read_results(&mut conn, &client).await, expected);
        }
        let crashes = "select b.kind from job_attempts a join job_bodies b on b.id = a.job_id
                       where a.class = 'crash' and b.kind like 'rupture.%' order by b.kind";
        let [computed, ran] = ["rupture.compute_demand", "rupture.run_prediction"];
        assert_eq!(
            select_texts(&mut conn, crashes).await,
            [computed, computed, ran, ran, ran, ran]
        );
        expect_nothing_lost_or_doubled(&system).await;
    })
    .await;
}

/// Loses Redis while demand is computed after the sales, then while one run is active and another
/// waits.
async fn predict_without_redis(system: &mut System, client: &Client) {
    let counts = upload(client, "stock_counts", &json!({}), &count_file()).await;
    until_succeeded(client, &counts).await;
    system.until_all_finished().await;
    let mut halt = Halt::at(system, "trigger halt before insert on demand for each row").await;
    upload(client, "sales", &json!({}), &sales_file()).await;
    halt.until_worker(system, "rupture.compute_demand").await;
    system.lose_redis().await;
    halt.release().await;
    system.until_all_finished().await;
    let mut halt = Halt::at(
        system,
        "trigger halt before insert on outlooks for each row",
    )
    .await;
    for body in [json!({}), json!({"as_of": AS_OF})] {
        client.post("/predictions/runs", &body).await.expect(202);
    }
    halt.until_worker(system, "rupture.run_prediction").await;
    eventually("the other run waits", async || {
        (system.waiting_in_redis("heavy").await > 0).then_some(())
    })
    .await;
    system.lose_redis().await;
    halt.release().await;
    system.until_all_finished().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn predictions_that_run_and_wait_while_redis_is_lost_equal_undisturbed_ones() {
    run_alone(async {
        let mut system = System::patient().await;
        for role in [Role::Api, Role::Worker, Role::Scheduler] {
            system.start(role);
        }
        system.until_ready(1).await;
        let mut conn = system.db.owner().await;
        let client = system.register_company(1).await;
        predict(&mut system, &client, None).await;
        let expected = read_results(&mut conn, &client).await;
        let client = system.register_company(2).await;
        predict_without_redis(&mut system, &client).await;
        assert_eq!(read_results(&mut conn, &client).await, expected);
        let attempts = "select class from job_attempts";
        assert_eq!(
            select_texts(&mut conn, attempts).await,
            [""; 0],
            "an attempt was lost with Redis"
        );
        expect_nothing_lost_or_doubled(&system).await;
    })
    .await;
}
