//! Predictions over the real statements: what counts as demand, and the responses.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::Days;
use platform::db::Scope;
use platform::ids::Uuid;
use serde_json::json;
use tracing::field::Field;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::app::{Client, TestApp};
use crate::shop::{insert_product, insert_sale, insert_steady_sales, read_clock, set_level};

/// Inserts products that sell 2 units a day, with levels for 5, 13 and 500 days. Returns a fourth
/// one, whose level is unknown.
async fn insert_shelves(owner: &Client<'_>) -> Uuid {
    let (fast, slow, plenty) = (
        insert_product(owner, "fast").await,
        insert_product(owner, "slow").await,
        insert_product(owner, "plenty").await,
    );
    for (id, level) in [(fast, 10), (slow, 26), (plenty, 1000)] {
        insert_steady_sales(owner, id, 40, 2).await;
        set_level(owner, id, level).await;
    }
    let unknown = insert_product(owner, "unknown level").await;
    insert_steady_sales(owner, unknown, 40, 2).await;
    unknown
}

#[tokio::test]
async fn a_run_lists_the_products_that_run_out_soonest_first() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    insert_shelves(&owner).await;
    let started = owner
        .post("/predictions/runs", json!({"horizon_days": 15}))
        .await;
    let location = started.header("location").unwrap().to_owned();
    let started = started.expect(202);
    assert_eq!(
        (&started["run"]["state"], &started["job"]["state"]),
        (&json!("queued"), &json!("queued"))
    );
    app.run_jobs().await;
    let run = owner
        .get(location.strip_prefix("/api/v1").unwrap())
        .await
        .expect(200);
    assert_eq!(
        (&run["state"], &run["products"]),
        (&json!("succeeded"), &json!(4))
    );

    let listed = owner.get("/predictions/ruptures?limit=1").await.expect(200);
    assert_eq!(listed["run"]["id"], run["id"]);
    let item = &listed["items"][0];
    assert_eq!(
        (&item["product"]["name"], &item["level"]),
        (&json!("fast"), &json!("10.000"))
    );
    assert_eq!(
        (&item["rate_per_day"], &item["urgency"]),
        (&json!("2.000"), &json!("within_7_days"))
    );
    assert_eq!(
        (&item["stale"], &item["as_of"]),
        (&json!(false), &run["as_of"])
    );
    let days = &item["days_to_rupture"];
    assert!(
        days["p10"].as_i64() <= days["p50"].as_i64()
            && days["p50"].as_i64() <= days["p90"].as_i64()
    );
    assert!(
        item["explanation"]
            .as_str()
            .unwrap()
            .starts_with("Demande attendue : 2 par jour"),
        "{item}"
    );
}

#[tokio::test]
async fn ruptures_are_paged_and_filtered_and_an_unknown_level_has_none() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let unknown = insert_shelves(&owner).await;
    owner.post("/predictions/runs", json!({})).await.expect(202);
    app.run_jobs().await;

    let listed = owner.get("/predictions/ruptures?limit=1").await.expect(200);
    let cursor = listed["next_cursor"].as_str().unwrap();
    let rest = owner
        .get(&format!("/predictions/ruptures?limit=5&cursor={cursor}"))
        .await
        .expect(200);
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    assert_eq!(rest["items"][0]["product"]["name"], "slow");
    let likely = owner
        .get("/predictions/ruptures?min_probability=0.5")
        .await
        .expect(200);
    assert_eq!(likely["items"].as_array().unwrap().len(), 1);

    let unknown = owner
        .get(&format!("/products/{unknown}/prediction"))
        .await
        .expect(200);
    assert_eq!(
        (
            &unknown["rate_per_day"],
            &unknown["level"],
            &unknown["probability"]
        ),
        (&json!("2.000"), &json!(null), &json!(null))
    );
}

#[tokio::test]
async fn cancelled_pending_netted_and_returned_units_are_not_demand() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let rice = insert_product(&owner, "Riz").await;
    let day = read_clock(&app).await.date_naive() - Days::new(1);
    insert_sale(&owner, rice, day, 10).await;
    let mut conn = app.owner().await;
    sqlx::query!("update sales set netted_quantity = 4")
        .execute(&mut conn)
        .await
        .unwrap();
    for status in ["cancelled", "pending"] {
        insert_sale(&owner, rice, day, 1000).await;
        sqlx::query!(
            "update sales set status = $1 where quantity = 1000 and status = 'delivered'",
            status
        )
        .execute(&mut conn)
        .await
        .unwrap();
    }
    insert_sale(&owner, rice, day, -2).await;
    let back = json!({
        "product_id": rice, "kind": "return", "quantity": 1, "at": format!("{day}T12:00:00Z")
    });
    owner.post("/stock-movements", back).await.expect(201);
    insert_sale(&owner, rice, read_clock(&app).await.date_naive(), 7777).await;
    owner.post("/predictions/runs", json!({})).await.expect(202);
    app.run_jobs().await;
    let prediction = owner
        .get(&format!("/products/{rice}/prediction"))
        .await
        .expect(200);
    assert_eq!(
        (&prediction["rate_per_day"], &prediction["as_of"]),
        (&json!("3.000"), &json!(day))
    );
}

#[tokio::test]
async fn free_lines_are_not_demand_unless_nothing_has_a_price() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let (priced, unpriced) = (
        insert_product(&owner, "priced").await,
        insert_product(&owner, "unpriced").await,
    );
    let day = read_clock(&app).await.date_naive() - Days::new(1);
    for (product, quantity) in [(priced, 300), (unpriced, 5)] {
        insert_sale(&owner, product, day, quantity).await;
    }
    sqlx::query!("update sales set unit_price = 0, amount = 0")
        .execute(&mut app.owner().await)
        .await
        .unwrap();
    insert_sale(&owner, priced, day, 3).await;
    owner.post("/predictions/runs", json!({})).await.expect(202);
    app.run_jobs().await;
    for (product, rate) in [(priced, "3.000"), (unpriced, "5.000")] {
        let prediction = owner
            .get(&format!("/products/{product}/prediction"))
            .await
            .expect(200);
        assert_eq!(prediction["rate_per_day"], rate);
    }
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one scenario, read from top to bottom"
)]
async fn old_data_is_predicted_as_of_its_last_day() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let rice = insert_product(&owner, "Riz").await;
    for day in ["2011-12-01", "2011-12-05", "2011-12-09"] {
        insert_sale(&owner, rice, day.parse().unwrap(), 6).await;
    }
    owner.post("/predictions/runs", json!({})).await.expect(202);
    app.run_jobs().await;
    let latest = owner
        .get(&format!("/products/{rice}/prediction"))
        .await
        .expect(200);
    assert_eq!(
        (&latest["as_of"], &latest["stale"]),
        (&json!("2011-12-09"), &json!(true))
    );
    set_level(&owner, rice, 1).await;
    let request = json!({"as_of": "2011-12-06", "horizon_days": 30});
    let study = owner.post("/predictions/runs", request).await.expect(202)["run"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    app.run_jobs().await;
    let now = owner
        .get(&format!("/products/{rice}/prediction"))
        .await
        .expect(200);
    assert_eq!(
        now, latest,
        "a run as of another day changes no live prediction"
    );
    assert_eq!(
        owner.get("/alerts").await.expect(200)["items"],
        json!([]),
        "and opens no alert"
    );
    let listed = owner.get("/predictions/ruptures").await.expect(200);
    assert_eq!(
        (&listed["items"], &listed["run"]["as_of"]),
        (&json!([]), &json!("2011-12-09"))
    );
    let listed = owner
        .get(&format!("/predictions/ruptures?run={study}"))
        .await
        .expect(200);
    assert_eq!(
        (&listed["run"]["id"], &listed["run"]["live"]),
        (&json!(study), &json!(false))
    );
    let item = &listed["items"][0];
    assert_eq!(
        (&item["product"]["name"], &item["as_of"]),
        (&json!("Riz"), &json!("2011-12-06"))
    );
    assert_eq!(item["data_through"], "2011-12-09");
    assert_eq!(
        owner
            .get(&format!("/predictions/ruptures?run={study}&horizon_days=1"))
            .await
            .expect(200)["items"],
        json!([])
    );
}

#[tokio::test]
async fn a_run_as_of_a_future_day_is_rejected() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    owner
        .post("/predictions/runs", json!({"as_of": "2999-01-01"}))
        .await
        .expect_problem(422, "invalid_input");
}

#[tokio::test]
async fn a_run_keeps_the_items_within_its_horizon() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for (name, level) in [("soon", 6), ("later", 40)] {
        let id = insert_product(&owner, name).await;
        insert_steady_sales(&owner, id, 40, 2).await;
        set_level(&owner, id, level).await;
    }
    for (horizon, expected) in [(5, 1), (30, 2)] {
        let started = owner
            .post("/predictions/runs", json!({"horizon_days": horizon}))
            .await
            .expect(202);
        app.run_jobs().await;
        let path = format!(
            "/predictions/ruptures?run={}",
            started["run"]["id"].as_str().unwrap()
        );
        let listed = owner.get(&path).await.expect(200);
        assert_eq!(
            listed["items"].as_array().unwrap().len(),
            expected,
            "{horizon} days"
        );
        assert_eq!(listed["run"]["live"], true);
    }
}

#[tokio::test]
async fn a_run_whose_job_was_cancelled_or_died_shows_failed() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let started = owner.post("/predictions/runs", json!({})).await.expect(202);
    let job = started["job"]["id"].as_str().unwrap();
    owner
        .post(&format!("/jobs/{job}/cancel"), json!({}))
        .await
        .expect(202);
    app.run_jobs().await;
    let run = owner
        .get(&format!(
            "/predictions/runs/{}",
            started["run"]["id"].as_str().unwrap()
        ))
        .await
        .expect(200);
    assert_eq!(run["state"], "failed");
    assert!(run["finished_at"].is_string());
}

#[tokio::test]
async fn the_number_of_statements_does_not_grow_with_the_products() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let company = owner.company();
    let mut counts = Vec::new();
    for round in 0..2 {
        for i in 0..(1 + round * 30) {
            let id = insert_product(&owner, &format!("p{round}-{i}")).await;
            insert_steady_sales(&owner, id, 3, 1).await;
            set_level(&owner, id, 0).await;
        }
        let mut tx = app.db.db.begin(Scope::company(company)).await.unwrap();
        let now = platform::db::load_now(&mut tx).await.unwrap();
        let counted = Statements::default();
        let counting = tracing::subscriber::set_default(counted.clone());
        domain::rupture::recompute_demand(&mut tx, company, now)
            .await
            .unwrap();
        let done = jobs::alerts::evaluate_company(&mut tx, company, now)
            .await
            .unwrap();
        drop(counting);
        tx.commit().await.unwrap();
        assert_eq!((done.changed, done.messages), (1, 2));
        counts.push(counted.0.load(Ordering::Relaxed));
        app.run_jobs().await;
    }
    assert!((10..40).contains(&counts[0]), "{counts:?}");
    assert_eq!(counts[0], counts[1]);
}

/// Counts the statements that sqlx logs on this thread, without its own look-ups of types: each
/// connection makes them once.
#[derive(Clone, Default)]
struct Statements(Arc<AtomicUsize>);

impl Subscriber for Statements {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn event(&self, event: &Event<'_>) {
        let mut is_type_look_up = false;
        event.record(&mut |field: &Field, value: &dyn Debug| {
            is_type_look_up |=
                field.name() == "summary" && format!("{value:?}").contains("pg_type.oid");
        });
        self.0
            .fetch_add(usize::from(!is_type_look_up), Ordering::Relaxed);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
