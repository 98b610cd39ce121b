//! Requests whose API is killed after the commit and before the answer: the client sends them again.

use serde_json::json;

use crate::support::{Halt, Role, Shop, System, expect_nothing_lost_or_doubled, guarded, look};

/// The database is told to commit, and waits; nobody is there any more when it has.
const COMMITTED: &str =
    "constraint trigger halt after insert on idempotency_keys deferrable initially deferred
    for each row";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_whose_api_is_killed_between_commit_and_answer_has_its_effect_once() {
    guarded(async {
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
        for (path, body, made) in requests {
            let request = || client.request("POST", path).json(&body);
            let mut halt = Halt::at(&system, COMMITTED).await;
            let (lost, ()) = tokio::join!(
                client.send(request().header("Idempotency-Key", "key")),
                async {
                    halt.reached().await;
                    let api = system.indices(Role::Api)[0];
                    system.replace(api).await;
                }
            );
            assert!(lost.is_err(), "{path} was answered: {lost:?}");
            halt.let_go().await;
            let answer = client.send_surely(request, "key").await;
            assert!(answer.replayed, "{path} did it again: {answer:?}");
            let made = look(&mut conn, made).await;
            assert_eq!(made.len(), 1, "{path}: {made:?}");
            assert!(
                answer.body.to_string().contains(&made[0]),
                "{path} made {made:?}: {}",
                answer.body
            );
        }
        system.until_all_is_done().await;
        let level = look(
            &mut conn,
            "select trim_scale(level)::text from stock_levels",
        )
        .await;
        assert_eq!(level, ["7"]);
        expect_nothing_lost_or_doubled(&system).await;
    })
    .await;
}
