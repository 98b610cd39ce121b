//! Evaluations and messages whose worker is killed in the middle, or that lose Redis: each alert
//! opens once, and each recipient is notified once on each channel.

use sandbox::{Fault, Match, Rule};
use serde_json::json;

use crate::support::{
    Client, Halt, Role, Shop, System, eventually, expect_nothing_lost_or_doubled, expect_notified,
    run_alone, select_texts,
};

async fn start_two_workers() -> System {
    let mut system = System::new().await;
    for role in [Role::Api, Role::Worker, Role::Worker, Role::Scheduler] {
        system.start(role);
    }
    system.until_ready(2).await;
    system
}

async fn run_out(client: &Client, sku: &str) {
    client
        .post(
            "/stock-movements",
            &json!({"sku": sku, "kind": "exit", "quantity": 10}),
        )
        .await
        .expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_evaluation_whose_worker_is_killed_in_the_middle_notifies_each_recipient_once() {
    run_alone(async {
        let mut system = start_two_workers().await;
        let client = Shop::open(&system, 1, 6).await.client;
        system.until_all_finished().await;
        let moments = [
            "trigger halt before insert on alerts for each row",
            "trigger halt before insert on notifications for each row",
            "trigger halt before insert on job_bodies for each row
               when (new.kind = 'notifications.send_message')",
        ];
        let mut notified = vec![("rupture", "opened")];
        for (n, moment) in moments.into_iter().enumerate() {
            let mut halt = Halt::at(&system, moment).await;
            run_out(&client, &format!("P{}", 2 * n)).await;
            let worker = halt.until_worker(&system, "alerts.evaluate").await;
            // Requests a rerun, for what the killed evaluation has not read.
            run_out(&client, &format!("P{}", 2 * n + 1)).await;
            system.replace(worker).await;
            halt.release().await;
            system.until_all_finished().await;
            assert_eq!(
                system.count_crashes("alerts.evaluate").await,
                n + 1,
                "{moment}"
            );
            expect_notified(&system, &notified).await;
            let alerts = client.get("/alerts").await.expect(200);
            assert_eq!(alerts["items"].as_array().unwrap().len(), 1, "{alerts}");
            assert_eq!(alerts["items"][0]["products"], 2 * n + 2, "{alerts}");
            notified.push(("rupture", "product_added"));
        }
    })
    .await;
}

/// Holds the next call of each provider, before or after its work.
fn hold_next_calls(system: &System, fault: &Fault) {
    for (provider, operation) in [
        (sandbox::Provider::Twilio, "create_message"),
        (sandbox::Provider::Brevo, "send_email"),
    ] {
        let matches = Match {
            provider: Some(provider),
            operation: Some(operation.into()),
            ..Match::default()
        };
        system.sandbox.sandbox().add_fault(Rule {
            matches,
            fault: fault.clone(),
            times: Some(1),
        });
    }
}

/// Drops all callbacks, so that only a look-up shows the outcome of a call.
fn silence_callbacks(system: &System) {
    for operation in ["status_callback", "email_event"] {
        let matches = Match {
            operation: Some(operation.into()),
            ..Match::default()
        };
        system.sandbox.sandbox().add_fault(Rule {
            matches,
            fault: Fault::Drop,
            times: None,
        });
    }
}

fn count_calls(system: &System) -> [u64; 2] {
    [
        (sandbox::Provider::Twilio, "create_message"),
        (sandbox::Provider::Brevo, "send_email"),
    ]
    .map(|(provider, operation)| system.sandbox.sandbox().count_calls(provider, operation))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_whose_worker_is_killed_while_the_provider_is_called_arrive_once() {
    run_alone(async {
        let mut system = start_two_workers().await;
        let client = Shop::open(&system, 1, 2).await.client;
        system.until_all_finished().await;
        silence_callbacks(&system);
        let faults = [
            // Twilio is called again, because the look-up finds nothing. Brevo's message is found.
            (Fault::TimeoutBefore { hold_ms: 60_000 }, 0, 2),
            (Fault::TimeoutAfter { hold_ms: 60_000 }, 2, 1),
        ];
        let mut notified = vec![("rupture", "opened")];
        for (n, (fault, done, twilio_calls)) in faults.into_iter().enumerate() {
            let (before, sent) = (count_calls(&system), system.sent_items().await.len());
            hold_next_calls(&system, &fault);
            run_out(&client, &format!("P{n}")).await;
            eventually("both providers are called", async || {
                let called = count_calls(&system) == before.map(|calls| calls + 1);
                (called && system.sent_items().await.len() == sent + done).then_some(())
            })
            .await;
            for worker in system.workers_running("notifications.send_message").await {
                system.replace(worker).await;
            }
            system.until_all_finished().await;
            assert_eq!(
                system.count_crashes("notifications.send_message").await,
                2 * n + 2,
                "{fault:?}"
            );
            assert_eq!(
                count_calls(&system),
                [before[0] + twilio_calls, before[1] + 2],
                "{fault:?}"
            );
            expect_notified(&system, &notified).await;
            notified.push(("rupture", "product_added"));
        }
        expect_nothing_lost_or_doubled(&system).await;
    })
    .await;
}

/// Evaluations that one worker runs at once.
const SLOTS: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn evaluations_that_run_and_wait_while_redis_is_lost_notify_each_recipient_once() {
    run_alone(async {
        let mut system = System::patient().await;
        for role in [Role::Api, Role::Worker, Role::Scheduler] {
            system.start(role);
        }
        system.until_ready(1).await;
        let mut clients = Vec::new();
        for n in 0..=SLOTS {
            clients.push(Shop::open(&system, n, 2).await.client);
        }
        system.until_all_finished().await;
        let halt = Halt::at(&system, "trigger halt before insert on alerts for each row").await;
        for client in &clients {
            run_out(client, "P0").await;
        }
        until_one_waits(&system).await;
        // Requests reruns, for what the running evaluations have not read.
        for client in &clients {
            run_out(client, "P1").await;
        }
        system.lose_redis().await;
        halt.release().await;
        system.until_all_finished().await;
        for client in &clients {
            let alerts = client.get("/alerts").await.expect(200);
            let products: Vec<_> = alerts["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|a| &a["products"])
                .collect();
            assert_eq!(products, [&json!(2)], "{alerts}");
        }
        expect_nothing_lost_or_doubled(&system).await;
        let attempts = "select class from job_attempts";
        assert_eq!(
            select_texts(&mut system.db.owner().await, attempts).await,
            [""; 0],
            "an attempt was lost with Redis"
        );
    })
    .await;
}

/// Returns when every slot runs a halted evaluation and one evaluation waits in Redis.
async fn until_one_waits(system: &System) {
    let running =
        "select id::text from jobs_open where kind = 'alerts.evaluate' and state = 'running'";
    let mut conn = system.db.owner().await;
    eventually("one evaluation waits", async || {
        let running = select_texts(&mut conn, running).await.len();
        (running == SLOTS && system.waiting_in_redis("fast").await > 0).then_some(())
    })
    .await;
}
