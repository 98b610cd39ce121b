//! Processes are killed and Redis is flushed or restarted at any moment: each accepted request has
//! its effect once.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use platform::ids::Uuid;
use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use sandbox::{Fault, Match, Rule};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::{
    Client, Role, Shop, System, eventually, expect_nothing_lost_or_doubled, run_alone, seed_rng,
};

const ROUNDS: usize = 16;
const ROUND_REQUESTS: usize = 24;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disruption {
    Worker,
    AllWorkers,
    Api,
    Scheduler,
    RedisFlushed,
    RedisRestarted,
    RedisReplaced,
    PostgresCut,
}

const DISRUPTIONS: [Disruption; 8] = [
    Disruption::Worker,
    Disruption::AllWorkers,
    Disruption::Api,
    Disruption::Scheduler,
    Disruption::RedisFlushed,
    Disruption::RedisRestarted,
    Disruption::RedisReplaced,
    Disruption::PostgresCut,
];

async fn disrupt(system: &mut System, disruption: Disruption, rng: &mut StdRng) {
    eprintln!("{disruption:?}");
    let killed = match disruption {
        Disruption::Worker => vec![*system.indices(Role::Worker).choose(rng).unwrap()],
        Disruption::AllWorkers => system.indices(Role::Worker),
        Disruption::Api => system.indices(Role::Api),
        Disruption::Scheduler => vec![*system.indices(Role::Scheduler).choose(rng).unwrap()],
        Disruption::RedisFlushed => return system.redis.flush().await,
        Disruption::RedisRestarted => return system.redis.restart(),
        Disruption::RedisReplaced => return system.redis.restart_empty(),
        Disruption::PostgresCut => return cut_connections(system).await,
    };
    for index in killed {
        system.replace(index).await;
    }
}

/// Terminates every connection of the processes, as a restart of Postgres does.
async fn cut_connections(system: &System) {
    sqlx::query!(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'vigie'",
    )
    .fetch_all(&mut system.db.owner().await)
    .await
    .unwrap();
}

/// Sends the requests of one round, several at a time, and counts the responses.
struct Burst {
    responses: AtomicUsize,
    response: Notify,
}

impl Burst {
    async fn send(&self, requests: &[Request]) -> Vec<Option<Uuid>> {
        join_all(
            requests
                .chunks(ROUND_REQUESTS / 4)
                .map(|part| self.send_in_turn(part)),
        )
        .await
        .concat()
    }

    async fn send_in_turn(&self, requests: &[Request]) -> Vec<Option<Uuid>> {
        let mut jobs = Vec::new();
        for request in requests {
            let response = request
                .client
                .post_until_accepted(request.path, &request.body, &request.key)
                .await;
            jobs.push(response["job"]["id"].as_str().map(|id| id.parse().unwrap()));
            self.responses.fetch_add(1, Ordering::Relaxed);
            self.response.notify_one();
        }
        jobs
    }

    async fn until_responses(&self, count: usize) {
        while self.responses.load(Ordering::Relaxed) < count {
            self.response.notified().await;
        }
    }
}

struct Request {
    client: Client,
    path: &'static str,
    body: Value,
    key: String,
}

fn random_request(shop: &mut Shop, rng: &mut StdRng, n: usize) -> Request {
    let key = format!("request {n}");
    let (path, body) = match rng.random_range(0..5) {
        0 => ("/jobs", json!({"kind": "ops.ping"})),
        1 => ("/alerts/evaluations", json!({})),
        _ => ("/stock-movements", shop.some_movement(rng, &key)),
    };
    Request {
        client: shop.client.clone(),
        path,
        body,
        key,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_killed_or_flushed_nothing_is_lost_or_doubled() {
    survive_over("vigie").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_apalis_redis_too_nothing_is_lost_or_doubled() {
    survive_over("apalis-redis").await;
}

#[expect(
    clippy::too_many_lines,
    reason = "one scenario, read from top to bottom"
)]
async fn survive_over(backend: &'static str) {
    run_alone(async {
        let mut rng = seed_rng();
        let mut system = System::fleet_over(backend).await;
        make_providers_slow(&system);
        let mut shops = [
            Shop::open(&system, 1, 10).await,
            Shop::open(&system, 2, 10).await,
        ];
        let (mut movements, mut jobs) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let requests: Vec<_> = (0..ROUND_REQUESTS)
                .map(|n| {
                    let shop = rng.random_range(0..shops.len());
                    random_request(&mut shops[shop], &mut rng, round * ROUND_REQUESTS + n)
                })
                .collect();
            let burst = Burst {
                responses: AtomicUsize::new(0),
                response: Notify::new(),
            };
            // Each disruption once, then random ones.
            let disruption = DISRUPTIONS
                .get(round)
                .copied()
                .unwrap_or_else(|| *DISRUPTIONS.choose(&mut rng).unwrap());
            let moment = rng.random_range(0..ROUND_REQUESTS);
            let (accepted, ()) = tokio::join!(burst.send(&requests), async {
                burst.until_responses(moment).await;
                disrupt(&mut system, disruption, &mut rng).await;
            });
            jobs.extend(accepted.into_iter().flatten());
            movements.extend(
                requests
                    .into_iter()
                    .filter(|r| r.path == "/stock-movements")
                    .map(|r| r.key),
            );
        }
        system.until_ready(4).await;
        until_evaluated(&system).await;
        print_attempts(&system).await;
        let parked = companies_with_a_parked_evaluation(&system).await;
        for shop in shops
            .iter()
            .filter(|shop| !parked.contains(&shop.client.company))
        {
            expect_current_alerts(shop).await;
        }
        replay_parked_jobs(&system).await;
        until_evaluated(&system).await;
        for shop in &shops {
            expect_current_alerts(shop).await;
        }
        system.until_all_finished().await;
        replay_parked_jobs(&system).await;
        system.until_all_finished().await;
        expect_movements_once(&system, movements).await;
        expect_finished(&system, &jobs).await;
        expect_nothing_lost_or_doubled(&system).await;
    })
    .await;
}

/// Makes calls so slow that processes are killed in the middle of them. Some responses are lost,
/// before or after the provider's work.
fn make_providers_slow(system: &System) {
    for (provider, operation) in [
        (sandbox::Provider::Twilio, "create_message"),
        (sandbox::Provider::Brevo, "send_email"),
    ] {
        let faults = [
            (Fault::TimeoutAfter { hold_ms: 20 }, Some(2)),
            (Fault::TimeoutBefore { hold_ms: 20 }, Some(1)),
            (Fault::LatencyMs(100), None),
        ];
        for (fault, times) in faults {
            let matches = Match {
                provider: Some(provider),
                operation: Some(operation.into()),
                ..Match::default()
            };
            system.sandbox.sandbox().add_fault(Rule {
                matches,
                fault,
                times,
            });
        }
    }
}

/// Prints how many attempts failed, to explain a failure of the test.
async fn print_attempts(system: &System) {
    let attempts = sqlx::query!(
        r#"select b.kind, a.class, count(*) as "count!"
           from job_attempts a join job_bodies b on b.id = a.job_id
           group by 1, 2 order by 1, 2"#,
    )
    .fetch_all(&mut system.db.owner().await)
    .await
    .unwrap();
    for row in attempts {
        eprintln!("{} failed {} times: {}", row.kind, row.count, row.class);
    }
}

/// Returns when no evaluation is open. The clock does not move, because a tick would hide a lost
/// wake-up.
async fn until_evaluated(system: &System) {
    let mut conn = system.db.owner().await;
    eventually("every evaluation is finished", async || {
        let open =
            sqlx::query_scalar!("select count(*) from jobs_open where kind = 'alerts.evaluate'")
                .fetch_one(&mut conn)
                .await
                .unwrap();
        (open == Some(0)).then_some(())
    })
    .await;
}

/// A company with a parked evaluation may lack alerts until a person replays the job.
async fn companies_with_a_parked_evaluation(system: &System) -> Vec<Option<String>> {
    sqlx::query_scalar!(
        "select company_id::text from jobs_finished where kind = 'alerts.evaluate' and state = 'parked'"
    )
    .fetch_all(&mut system.db.owner().await)
    .await
    .unwrap()
}

/// Expects that the last movement was evaluated: no wake-up was lost.
async fn expect_current_alerts(shop: &Shop) {
    let open = shop.client.get("/alerts?state=open").await.expect(200);
    let rupture: Vec<_> = open["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|a| a["kind"] == "rupture")
        .collect();
    assert!(rupture.len() <= 1, "{open}");
    let concerned = rupture
        .first()
        .map_or(0, |alert| alert["products"].as_u64().unwrap());
    assert_eq!(
        concerned,
        shop.empty_skus().len() as u64,
        "{:?} are empty; {open}",
        shop.empty_skus()
    );
}

/// Replays the jobs that were parked because their worker was killed twice.
async fn replay_parked_jobs(system: &System) {
    for (id, kind, state, error) in system.failed_jobs().await {
        assert_eq!(state, "parked", "{kind} failed: {error}");
        eprintln!("{kind} is replayed: {error}");
        let mut conn = system.db.owner().await;
        platform::queue::control::replay_job(&mut conn, id.into(), "the processes stay now")
            .await
            .unwrap();
    }
}

async fn expect_movements_once(system: &System, mut sent: Vec<String>) {
    sent.sort();
    let stored = sqlx::query_scalar!(
        r#"select reference as "reference!" from stock_movements
           where reference is not null order by reference collate "C""#,
    )
    .fetch_all(&mut system.db.owner().await)
    .await
    .unwrap();
    assert_eq!(stored, sent);
}

async fn expect_finished(system: &System, jobs: &[Uuid]) {
    let finished = sqlx::query_scalar!(
        "select count(*) from jobs_finished where id = any($1)",
        jobs
    )
    .fetch_one(&mut system.db.owner().await)
    .await
    .unwrap();
    let mut distinct = jobs.to_vec();
    distinct.sort();
    distinct.dedup();
    assert_eq!(
        finished,
        i64::try_from(distinct.len()).ok(),
        "accepted jobs are lost"
    );
}
