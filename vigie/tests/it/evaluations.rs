//! Evaluations and messages whose worker is killed in the middle, or that lose Redis: each alert opens once,
//! and each person is told once on each channel.

use sandbox::{Fault, Match, Rule};
use serde_json::json;

use crate::support::{
    Client, Halt, Role, Shop, System, eventually, expect_nothing_lost_or_doubled, expect_told,
    guarded, look,
};

async fn two_workers() -> System {
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
async fn an_evaluation_whose_worker_is_killed_in_the_middle_tells_each_person_once() {
    guarded(async {
        let mut system = two_workers().await;
        let client = Shop::open(&system, 1, 6).await.client;
        system.until_all_is_done().await;
        let moments = [
            "trigger halt before insert on alerts for each row",
            "trigger halt before insert on notifications for each row",
            "trigger halt before insert on job_bodies for each row when (new.kind = 'notifications.send_message')",
        ];
        let mut told = vec![("rupture", "opened")];
        for (n, moment) in moments.into_iter().enumerate() {
            let mut halt = Halt::at(&system, moment).await;
            run_out(&client, &format!("P{}", 2 * n)).await;
            let worker = halt.worker(&system, "alerts.evaluate").await;
            // Asked for again by what the evaluation that dies has not seen.
            run_out(&client, &format!("P{}", 2 * n + 1)).await;
            system.replace(worker).await;
            halt.let_go().await;
            system.until_all_is_done().await;
            assert_eq!(system.crashes("alerts.evaluate").await, n + 1, "{moment}");
            expect_told(&system, &told).await;
            let alerts = client.get("/alerts").await.expect(200);
            assert_eq!(alerts["items"].as_array().unwrap().len(), 1, "{alerts}");
            assert_eq!(alerts["items"][0]["products"], 2 * n + 2, "{alerts}");
            told.push(("rupture", "product_added"));
        }
    })
    .await;
}

/// The next call of each provider is held, before its work or after it.
fn hold_next(system: &System, fault: &Fault) {
    for (provider, operation) in [("twilio", "create_message"), ("brevo", "send_email")] {
        let matches = Match {
            provider: Some(provider.into()),
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

/// Nothing but a look-up can tell what became of a call.
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

fn calls(system: &System) -> [u64; 2] {
    [("twilio", "create_message"), ("brevo", "send_email")]
        .map(|(provider, operation)| system.sandbox.sandbox().calls(provider, operation))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_whose_worker_is_killed_while_the_provider_is_called_arrive_once() {
    guarded(async {
        let mut system = two_workers().await;
        let client = Shop::open(&system, 1, 2).await.client;
        system.until_all_is_done().await;
        silence_callbacks(&system);
        let faults = [
            // Twilio is called again, as the look-up finds nothing; the other is found there.
            (Fault::TimeoutBefore { hold_ms: 60_000 }, 0, 2),
            (Fault::TimeoutAfter { hold_ms: 60_000 }, 2, 1),
        ];
        let mut told = vec![("rupture", "opened")];
        for (n, (fault, done, twilio_calls)) in faults.into_iter().enumerate() {
            let (before, sent) = (calls(&system), system.sent().await.len());
            hold_next(&system, &fault);
            run_out(&client, &format!("P{n}")).await;
            eventually("both providers are called", async || {
                let called = calls(&system) == before.map(|calls| calls + 1);
                (called && system.sent().await.len() == sent + done).then_some(())
            })
            .await;
            for worker in system.workers_of("notifications.send_message").await {
                system.replace(worker).await;
            }
            system.until_all_is_done().await;
            assert_eq!(
                system.crashes("notifications.send_message").await,
                2 * n + 2,
                "{fault:?}"
            );
            assert_eq!(
                calls(&system),
                [before[0] + twilio_calls, before[1] + 2],
                "{fault:?}"
            );
            expect_told(&system, &told).await;
            told.push(("rupture", "product_added"));
        }
        expect_nothing_lost_or_doubled(&system).await;
    })
    .await;
}

/// As many evaluations as one worker runs at once.
const SLOTS: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn evaluations_that_run_and_wait_while_redis_is_lost_tell_each_person_once() {
    guarded(async {
        let mut system = System::patient().await;
        for role in [Role::Api, Role::Worker, Role::Scheduler] {
            system.start(role);
        }
        system.until_ready(1).await;
        let mut clients = Vec::new();
        for n in 0..=SLOTS {
            clients.push(Shop::open(&system, n, 2).await.client);
        }
        system.until_all_is_done().await;
        let halt = Halt::at(&system, "trigger halt before insert on alerts for each row").await;
        for client in &clients {
            run_out(client, "P0").await;
        }
        until_one_waits(&system).await;
        // Asked for again by what those that run have not seen.
        for client in &clients {
            run_out(client, "P1").await;
        }
        system.lose_redis().await;
        halt.let_go().await;
        system.until_all_is_done().await;
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
        let tries = "select class from job_attempts";
        assert_eq!(
            look(&mut system.db.owner().await, tries).await,
            [""; 0],
            "a try was lost with Redis"
        );
    })
    .await;
}

/// Every slot is taken by an evaluation that is halted, and the last one is in Redis.
async fn until_one_waits(system: &System) {
    let running =
        "select id::text from jobs_open where kind = 'alerts.evaluate' and state = 'running'";
    let mut conn = system.db.owner().await;
    eventually("one evaluation waits", async || {
        let running = look(&mut conn, running).await.len();
        (running == SLOTS && system.waiting_in_redis("fast").await > 0).then_some(())
    })
    .await;
}
