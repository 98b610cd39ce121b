//! Many triggers of one evaluation and many processes: one alert, and one message for each
//! recipient, channel and cause.

use std::time::Duration;

use platform::ids::Uuid;
use serde_json::json;

use crate::support::{
    Shop, System, eventually, expect_nothing_lost_or_doubled, expect_notified, run_alone,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn products_that_run_out_are_notified_once_however_often_they_are_evaluated() {
    run_alone(async {
        let system = System::fleet().await;
        let shop = Shop::open(&system, 1, 8).await;
        let client = &shop.client;
        system.until_idle().await;
        assert!(system.sent_items().await.is_empty());

        let exits: Vec<_> = (0..4)
            .map(|i| json!({"sku": format!("P{i}"), "kind": "exit", "quantity": 10}))
            .collect();
        client
            .post("/stock-movements", &json!(exits))
            .await
            .expect(201);
        system.until_all_finished().await;
        expect_notified(&system, &[("rupture", "opened")]).await;

        // Five minutes later both schedulers see the tick, while clients request evaluations too.
        let before = list_ticks(&system).await.len();
        system.db.advance(Duration::from_secs(300)).await;
        for _ in 0..10 {
            let (empty, exit) = (
                json!({}),
                json!({"sku": "P7", "kind": "exit", "quantity": 1}),
            );
            let requested = client.post("/alerts/evaluations", &empty);
            let (requested, moved) =
                tokio::join!(requested, client.post("/stock-movements", &exit));
            requested.expect(202);
            moved.expect(201);
        }
        eventually("the tick fired", async || {
            (list_ticks(&system).await.len() > before).then_some(())
        })
        .await;
        system.until_all_finished().await;
        // P7 went from ten to none. An evaluation at three or less finds it low first.
        let alerts = client.get("/alerts?state=open").await.expect(200);
        let rupture: Vec<_> = alerts["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|a| a["kind"] == "rupture")
            .collect();
        assert_eq!(rupture.len(), 1, "{alerts}");
        assert_eq!(rupture[0]["products"], 5, "{alerts}");
        expect_nothing_lost_or_doubled(&system).await;
        let evaluations = sqlx::query_scalar!(
            "select id from job_bodies where unique_key = 'evaluate-alerts' order by id"
        )
        .fetch_all(&mut system.db.owner().await)
        .await
        .unwrap();
        assert_eq!(evaluations, list_ticks(&system).await, "a tick fired twice");
    })
    .await;
}

/// Returns the jobs of the ticks of `evaluate-alerts`.
async fn list_ticks(system: &System) -> Vec<Uuid> {
    sqlx::query_scalar!(
        r#"select job_id as "job_id!" from schedule_ticks
           where schedule_name = 'evaluate-alerts' and job_id is not null order by job_id"#,
    )
    .fetch_all(&mut system.db.owner().await)
    .await
    .unwrap()
}
