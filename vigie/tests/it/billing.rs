//! Stripe's events whose worker is killed in the middle: one subscription remains, in Stripe's
//! state.

use sandbox::{Fault, Match, Rule};
use serde_json::{Value, json};

use crate::support::{
    Client, Halt, Role, System, act_on_stripe, build_http_client, eventually,
    expect_nothing_lost_or_doubled, pay, run_alone, select_texts,
};

const EVENT: &str = "billing.apply_event";
const SUBSCRIPTION: &str = "billing.apply_subscription";

/// Where the worker is killed.
enum Moment {
    /// When it fires this trigger.
    Writing(&'static str),
    /// While it fetches the subscription from Stripe.
    Fetching,
}

const MOMENTS: [(Moment, &str); 4] = [
    (
        Moment::Writing("trigger halt before update on webhook_events for each row"),
        EVENT,
    ),
    (Moment::Fetching, SUBSCRIPTION),
    (
        Moment::Writing("trigger halt before insert on subscriptions for each row"),
        SUBSCRIPTION,
    ),
    (
        Moment::Writing(
            "trigger halt before insert on jobs_finished for each row
               when (new.kind = 'billing.apply_subscription')",
        ),
        SUBSCRIPTION,
    ),
];

/// Returns the number of events when all are acknowledged.
async fn until_delivered(system: &System) -> usize {
    let (http, url) = (
        build_http_client(),
        format!("{}/admin/stripe/events", system.sandbox.url()),
    );
    eventually("every event is delivered", async || {
        let text = http.get(&url).send().await.unwrap().text().await.unwrap();
        let listed: Value = serde_json::from_str(&text).unwrap();
        let events = listed["items"].as_array().unwrap();
        events
            .iter()
            .all(|event| event["delivered"] == true)
            .then_some(events.len())
    })
    .await
}

fn hold_next_fetch(system: &System) {
    let matches = Match {
        operation: Some("fetch_subscription".into()),
        ..Match::default()
    };
    let fault = Fault::TimeoutBefore { hold_ms: 60_000 };
    system.sandbox.sandbox().add_fault(Rule {
        matches,
        fault,
        times: Some(1),
    });
}

fn count_fetches(system: &System) -> u64 {
    system
        .sandbox
        .sandbox()
        .count_calls(sandbox::Provider::Stripe, "fetch_subscription")
}

/// Pays, changes to the larger plan while the worker is halted, kills the worker, and returns the
/// subscription.
async fn change_plan_around_a_kill(
    system: &mut System,
    client: &Client,
    moment: &Moment,
    kind: &str,
) -> String {
    let fetched = count_fetches(system);
    let mut halt = match moment {
        Moment::Writing(moment) => Some(Halt::at(system, moment).await),
        Moment::Fetching => None,
    };
    if halt.is_none() {
        hold_next_fetch(system);
    }
    let subscription = pay(system, client).await;
    match &mut halt {
        Some(halt) => halt.until_reached().await,
        None => {
            eventually("the subscription is fetched", async || {
                (count_fetches(system) > fetched).then_some(())
            })
            .await
        }
    }
    let larger = json!({"price": "price_sandbox_enterprise"});
    act_on_stripe(system, &format!("/subscriptions/{subscription}"), &larger).await;
    until_delivered(system).await;
    let workers = system.workers_running(kind).await;
    assert!(!workers.is_empty(), "no worker runs it");
    for worker in workers {
        system.replace(worker).await;
    }
    if let Some(halt) = halt {
        halt.release().await;
    }
    subscription
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stripe_event_whose_worker_is_killed_in_the_middle_leaves_one_correct_subscription() {
    run_alone(async {
        let mut system = System::new().await;
        for role in [Role::Api, Role::Worker, Role::Worker, Role::Scheduler] {
            system.start(role);
        }
        system.until_ready(2).await;
        let mut conn = system.db.owner().await;
        for (n, (moment, kind)) in MOMENTS.iter().enumerate() {
            let (client, crashes) = (
                system.register_company(n + 1).await,
                system.count_crashes(kind).await,
            );
            let subscription = change_plan_around_a_kill(&mut system, &client, moment, kind).await;
            system.until_all_finished().await;
            assert!(
                system.count_crashes(kind).await > crashes,
                "{n}: no {kind} was hit"
            );
            let shown = client.get("/billing/subscription").await.expect(200);
            assert_eq!(
                (&shown["plan"], &shown["status"]),
                (&json!("enterprise"), &json!("active")),
                "{shown}"
            );
            let kept = "select concat_ws(' ', stripe_id, plan, status)
              from subscriptions order by created_at desc";
            let kept = select_texts(&mut conn, kept).await;
            assert_eq!(
                (kept.len(), &kept[0]),
                (n + 1, &format!("{subscription} enterprise active")),
                "{kept:?}"
            );
        }
        let events = until_delivered(&system).await;
        let states = select_texts(&mut conn, "select state from webhook_events").await;
        assert_eq!(states, vec!["routed"; events]);
        expect_nothing_lost_or_doubled(&system).await;
    })
    .await;
}
