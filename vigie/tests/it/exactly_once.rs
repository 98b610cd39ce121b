//! Many doors into one evaluation, many processes behind it: one alert, one message for each person,
//! channel and cause.

use std::time::Duration;

use platform::ids::Uuid;
use serde_json::json;

use crate::support::{
    Shop, System, eventually, expect_nothing_lost_or_doubled, expect_told, guarded,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn products_that_run_out_are_told_of_once_whoever_looks_and_how_often() {
    guarded(async {
        let system = System::fleet().await;
        let shop = Shop::open(&system, 1, 8).await;
        let client = &shop.client;
        system.until_idle().await;
        assert!(system.sent().await.is_empty());

        let exits: Vec<_> = (0..4)
            .map(|i| json!({"sku": format!("P{i}"), "kind": "exit", "quantity": 10}))
            .collect();
        client
            .post("/stock-movements", &json!(exits))
            .await
            .expect(201);
        system.until_all_is_done().await;
        expect_told(&system, &[("rupture", "opened")]).await;

        // Five minutes on, both schedulers see the tick, while everybody asks for a look as well.
        let before = ticks(&system).await.len();
        system.db.advance(Duration::from_secs(300)).await;
        for _ in 0..10 {
            let (nothing, exit) = (
                json!({}),
                json!({"sku": "P7", "kind": "exit", "quantity": 1}),
            );
            let asked = client.post("/alerts/evaluations", &nothing);
            let (asked, moved) = tokio::join!(asked, client.post("/stock-movements", &exit));
            asked.expect(202);
            moved.expect(201);
        }
        eventually("the tick fired", async || {
            (ticks(&system).await.len() > before).then_some(())
        })
        .await;
        system.until_all_is_done().await;
        // P7 went from ten to none: seen at three or less it is low first, else it is simply out.
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
        let looks = sqlx::query_scalar!(
            "select id from job_bodies where unique_key = 'evaluate-alerts' order by id"
        )
        .fetch_all(&mut system.db.owner().await)
        .await
        .unwrap();
        assert_eq!(looks, ticks(&system).await, "a tick fired twice");
    })
    .await;
}

/// The jobs of the ticks at which all alerts are evaluated.
async fn ticks(system: &System) -> Vec<Uuid> {
    sqlx::query_scalar!(
        r#"select job_id as "job_id!" from schedule_ticks
           where schedule_name = 'evaluate-alerts' and job_id is not null order by job_id"#,
    )
    .fetch_all(&mut system.db.owner().await)
    .await
    .unwrap()
}
