//! Requests whose API is killed after the commit and before the response: the client repeats them.

use serde_json::json;

use crate::support::{
    Halt, Role, Shop, System, expect_nothing_lost_or_doubled, run_alone, select_texts,
};

/// Halts the commit itself, so that the API is killed before the database confirms it.
const COMMITTED: &str =
    "constraint trigger halt after insert on idempotency_keys deferrable initially deferred
    for each row";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_whose_api_is_killed_between_commit_and_response_has_its_effect_once() {
    run_alone(async {
        let mut system = System::new().await;
        for role in [Role::Worker, Role::Scheduler, Role::Api] {
            system.start(role);
        }
        system.until_ready(1).await;
        let client = Shop::open(&system, 1, 1).await.client;
        let mut conn = system.db.owner().await;
        let exit = json!({"sku": "P0", "kind": "exit", "quantity": 3, "reference": "once"});
        let requests = [
            (
                "/jobs",
                json!({"kind": "ops.ping"}),
                "select id::text from job_bodies where kind = 'ops.ping'",
            ),
            (
                "/stock-movements",
                exit,
                "select id::text from stock_movements where reference = 'once'",
            ),
            (
                "/predictions/runs",
                json!({}),
                "select id::text from prediction_runs",
            ),
        ];
        for (path, body, created) in requests {
            let request = || client.request("POST", path).json(&body);
            let mut halt = Halt::at(&system, COMMITTED).await;
            let (lost, ()) = tokio::join!(
                client.send(request().header("Idempotency-Key", "key")),
                async {
                    halt.until_reached().await;
                    let api = system.indices(Role::Api)[0];
                    system.replace(api).await;
                }
            );
            assert!(lost.is_err(), "{path} got a response: {lost:?}");
            halt.release().await;
            let response = client.send_until_accepted(request, "key").await;
            assert!(response.replayed, "{path} was not replayed: {response:?}");
            let created = select_texts(&mut conn, created).await;
            assert_eq!(created.len(), 1, "{path}: {created:?}");
            assert!(
                response.body.to_string().contains(&created[0]),
                "{path} created {created:?}: {}",
                response.body
            );
        }
        system.until_all_finished().await;
        let level = select_texts(
            &mut conn,
            "select trim_scale(level)::text from stock_levels",
        )
        .await;
        assert_eq!(level, ["7"]);
        expect_nothing_lost_or_doubled(&system).await;
    })
    .await;
}
