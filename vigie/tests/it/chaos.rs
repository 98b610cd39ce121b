//! Processes killed and Redis emptied or restarted at any moment: what was accepted has its effect,
//! once.

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
    Client, Role, Shop, System, eventually, expect_nothing_lost_or_doubled, guarded, seeded,
};

const ROUNDS: usize = 16;
const REQUESTS: usize = 24;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blow {
    Worker,
    AllWorkers,
    Api,
    Scheduler,
    RedisFlushed,
    RedisRestarted,
    RedisReplaced,
    PostgresCut,
}

const BLOWS: [Blow; 8] = [
    Blow::Worker,
    Blow::AllWorkers,
    Blow::Api,
    Blow::Scheduler,
    Blow::RedisFlushed,
    Blow::RedisRestarted,
    Blow::RedisReplaced,
    Blow::PostgresCut,
];

async fn strike(system: &mut System, blow: Blow, rng: &mut StdRng) {
    eprintln!("{blow:?}");
    let killed = match blow {
        Blow::Worker => vec![*system.indices(Role::Worker).choose(rng).unwrap()],
        Blow::AllWorkers => system.indices(Role::Worker),
        Blow::Api => system.indices(Role::Api),
        Blow::Scheduler => vec![*system.indices(Role::Scheduler).choose(rng).unwrap()],
        Blow::RedisFlushed => return system.redis.flush().await,
        Blow::RedisRestarted => return system.redis.restart(),
        Blow::RedisReplaced => return system.redis.restart_empty(),
        Blow::PostgresCut => return cut_connections(system).await,
    };
    for index in killed {
        system.replace(index).await;
    }
}

/// Ends every connection of the processes, as a restart of Postgres does.
async fn cut_connections(system: &System) {
    sqlx::query!(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'vigie'",
    )
    .fetch_all(&mut system.db.owner().await)
    .await
    .unwrap();
}

/// Requests of one round, several at a time; says how many were answered.
struct Burst {
    answered: AtomicUsize,
    one_more: Notify,
}

impl Burst {
    async fn send(&self, requests: &[Request]) -> Vec<Option<Uuid>> {
        join_all(
            requests
                .chunks(REQUESTS / 4)
                .map(|part| self.one_by_one(part)),
        )
        .await
        .concat()
    }

    async fn one_by_one(&self, requests: &[Request]) -> Vec<Option<Uuid>> {
        let mut jobs = Vec::new();
        for request in requests {
            let answer = request
                .client
                .post_surely(request.path, &request.body, &request.key)
                .await;
            jobs.push(answer["job"]["id"].as_str().map(|id| id.parse().unwrap()));
            self.answered.fetch_add(1, Ordering::Relaxed);
            self.one_more.notify_one();
        }
        jobs
    }

    async fn until(&self, answers: usize) {
        while self.answered.load(Ordering::Relaxed) < answers {
            self.one_more.notified().await;
        }
    }
}

struct Request {
    client: Client,
    path: &'static str,
    body: Value,
    key: String,
}

fn some_request(shop: &mut Shop, rng: &mut StdRng, n: usize) -> Request {
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
async fn whatever_is_killed_or_emptied_nothing_is_lost_and_nothing_done_twice() {
    survive_over("vigie").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_apalis_redis_as_well_nothing_is_lost_and_nothing_done_twice() {
    survive_over("apalis-redis").await;
}

async fn survive_over(backend: &'static str) {
    guarded(async {
        let mut rng = seeded();
        let mut system = System::fleet_over(backend).await;
        make_providers_slow(&system);
        let mut shops = [
            Shop::open(&system, 1, 10).await,
            Shop::open(&system, 2, 10).await,
        ];
        let (mut movements, mut jobs) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let requests: Vec<_> = (0..REQUESTS)
                .map(|n| {
                    let shop = rng.random_range(0..shops.len());
                    some_request(&mut shops[shop], &mut rng, round * REQUESTS + n)
                })
                .collect();
            let burst = Burst {
                answered: AtomicUsize::new(0),
                one_more: Notify::new(),
            };
            // Each blow at least once, in any order from there on.
            let blow = BLOWS
                .get(round)
                .copied()
                .unwrap_or_else(|| *BLOWS.choose(&mut rng).unwrap());
            let moment = rng.random_range(0..REQUESTS);
            let (answers, ()) = tokio::join!(burst.send(&requests), async {
                burst.until(moment).await;
                strike(&mut system, blow, &mut rng).await;
            });
            jobs.extend(answers.into_iter().flatten());
            movements.extend(
                requests
                    .into_iter()
                    .filter(|r| r.path == "/stock-movements")
                    .map(|r| r.key),
            );
        }
        system.until_ready(4).await;
        until_evaluated(&system).await;
        print_tries(&system).await;
        let parked = companies_with_a_parked_evaluation(&system).await;
        for shop in shops
            .iter()
            .filter(|shop| !parked.contains(&shop.client.company))
        {
            expect_alerts_to_fit(shop).await;
        }
        run_parked_again(&system).await;
        until_evaluated(&system).await;
        for shop in &shops {
            expect_alerts_to_fit(shop).await;
        }
        system.until_all_is_done().await;
        run_parked_again(&system).await;
        system.until_all_is_done().await;
        expect_movements_once(&system, movements).await;
        expect_ended(&system, &jobs).await;
        expect_nothing_lost_or_doubled(&system).await;
    })
    .await;
}

/// So slow that processes die in the middle of calls; and some answers are lost, before the work was
/// done or after it.
fn make_providers_slow(system: &System) {
    for (provider, operation) in [("twilio", "create_message"), ("brevo", "send_email")] {
        let faults = [
            (Fault::TimeoutAfter { hold_ms: 20 }, Some(2)),
            (Fault::TimeoutBefore { hold_ms: 20 }, Some(1)),
            (Fault::LatencyMs(100), None),
        ];
        for (fault, times) in faults {
            let matches = Match {
                provider: Some(provider.into()),
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

/// For whoever reads a failure: how much the blows hit.
async fn print_tries(system: &System) {
    let tries = sqlx::query!(
        r#"select b.kind, a.class, count(*) as "count!" from job_attempts a join job_bodies b on b.id = a.job_id
           group by 1, 2 order by 1, 2"#,
    )
    .fetch_all(&mut system.db.owner().await)
    .await
    .unwrap();
    for row in tries {
        eprintln!("{} failed {} times: {}", row.kind, row.count, row.class);
    }
}

/// Returns once no evaluation is due, runs or waits for its next try. The clock stays: a tick would
/// make good what a lost wake-up left undone.
async fn until_evaluated(system: &System) {
    let mut conn = system.db.owner().await;
    eventually("every evaluation has ended", async || {
        let open =
            sqlx::query_scalar!("select count(*) from jobs_open where kind = 'alerts.evaluate'")
                .fetch_one(&mut conn)
                .await
                .unwrap();
        (open == Some(0)).then_some(())
    })
    .await;
}

/// What they miss waits for a person, in a job that isn't lost.
async fn companies_with_a_parked_evaluation(system: &System) -> Vec<Option<String>> {
    sqlx::query_scalar!(
        "select company_id::text from jobs_finished where kind = 'alerts.evaluate' and state = 'parked'"
    )
    .fetch_all(&mut system.db.owner().await)
    .await
    .unwrap()
}

/// The last movement was looked at: no wake-up was lost.
async fn expect_alerts_to_fit(shop: &Shop) {
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
        shop.empty().len() as u64,
        "{:?} are empty; {open}",
        shop.empty()
    );
}

/// A job whose worker was killed twice is set aside for a person, who lets it run again.
async fn run_parked_again(system: &System) {
    for (id, kind, state, error) in system.failed_jobs().await {
        assert_eq!(state, "parked", "{kind} ended badly: {error}");
        eprintln!("{kind} is run again: {error}");
        let mut conn = system.db.owner().await;
        platform::queue::control::replay_job(&mut conn, id.into(), "the processes stay now")
            .await
            .unwrap();
    }
}

async fn expect_movements_once(system: &System, mut sent: Vec<String>) {
    sent.sort();
    let kept = sqlx::query_scalar!(
        r#"select reference as "reference!" from stock_movements where reference is not null order by reference collate "C""#,
    )
    .fetch_all(&mut system.db.owner().await)
    .await
    .unwrap();
    assert_eq!(kept, sent);
}

async fn expect_ended(system: &System, jobs: &[Uuid]) {
    let ended = sqlx::query_scalar!(
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
        ended,
        i64::try_from(distinct.len()).ok(),
        "jobs that were accepted and are gone"
    );
}
