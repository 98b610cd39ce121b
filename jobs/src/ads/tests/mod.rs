//! Refreshes against the sandbox: what is published is what Meta tells, whenever a worker dies.

mod world;

use std::sync::Arc;
use std::time::Duration;

use domain::ads;
use platform::db::Scope;
use platform::queue::batch::Completions;
use platform::queue::runner::Runner;
use platform::queue::{liveness, rescue};
use sandbox::Fault;
use tokio_util::sync::CancellationToken;

use self::world::{World, claim_due};
use super::RefreshAllAccounts;
use crate::platform_job;

#[tokio::test]
async fn the_first_refresh_publishes_ninety_days_as_meta_tells_them() {
    let world = World::new().await;
    world.ask().await;
    assert_eq!(world.finish().await.outcome.name(), "succeeded");
    let (first, last) = world.window().await;
    assert_eq!((last - first).num_days() + 1, 90);
    assert_eq!(world.published().await, world.told().await);
    assert_eq!(
        world.running.sandbox().calls("meta", "start_report"),
        2,
        "one of them is the test's own"
    );
}

#[tokio::test]
async fn a_refresh_whose_worker_dies_at_any_step_ends_with_every_day_once() {
    // Which call is its last one, and how many tries came before it.
    for (operation, nth, tries) in [
        ("start_report", 1, 0),
        ("poll_report", 1, 1),
        ("poll_report", 1, 2),
        ("read_report", 1, 2),
        ("read_report", 2, 2),
    ] {
        let world = World::new().await;
        world.pretend_good_until(300).await;
        world.ask().await;
        for _ in 0..tries {
            world.drain.run_due().await;
            world.db.advance(Duration::from_secs(30)).await;
        }
        world.die_at(operation, nth).await;
        assert_eq!(
            world.finish().await.outcome.name(),
            "succeeded",
            "{operation} {nth}"
        );
        assert_eq!(world.refreshes().await, ["published"], "{operation} {nth}");
        let started = world.running.sandbox().calls("meta", "start_report");
        let unknown = u64::from(operation == "start_report");
        assert_eq!(
            started,
            1 + unknown,
            "a report that is known is not asked for again"
        );
        assert_eq!(
            world.published().await,
            world.told().await,
            "{operation} {nth}"
        );
    }
}

#[tokio::test]
async fn a_refresh_whose_worker_dies_while_publishing_publishes_every_day_once() {
    let world = World::new().await;
    world.ask().await;
    world.drain.run_due().await;
    world.db.advance(Duration::from_secs(30)).await;
    world.drain.run_due().await;
    world.db.advance(Duration::from_secs(30)).await;
    world.die_while_publishing().await;
    assert_eq!(world.published().await, [], "not by halves");
    let read = world.running.sandbox().calls("meta", "read_report");
    assert_eq!(world.finish().await.outcome.name(), "succeeded");
    assert_eq!(
        world.running.sandbox().calls("meta", "read_report"),
        read,
        "what was read isn't read again"
    );
    assert_eq!(world.refreshes().await, ["published"]);
    assert_eq!(world.published().await, world.told().await);
}

#[tokio::test]
async fn a_report_that_was_made_while_nobody_looked_for_hours_is_read() {
    let world = World::new().await;
    world.ask().await;
    world.drain.run_due().await;
    world.db.advance(Duration::from_secs(30)).await;
    world.drain.run_due().await;
    world.db.advance(Duration::from_secs(3 * 3600)).await;
    assert_eq!(world.finish().await.outcome.name(), "succeeded");
    assert_eq!(world.running.sandbox().calls("meta", "start_report"), 1);
    assert_eq!(world.published().await, world.told().await);
}

#[tokio::test]
async fn a_frozen_worker_that_wakes_up_after_its_rescue_writes_nothing() {
    let world = World::new().await;
    world.ask().await;
    world.drain.run_due().await;
    let pool = world.db.db.engine();
    world.db.advance(Duration::from_secs(10)).await;
    let worker = liveness::register_worker(pool, "frozen").await.unwrap();
    let claimed = claim_due(pool, worker).await;
    rescue::rescue_lost_workers(pool, Duration::ZERO)
        .await
        .unwrap();
    let completions = Completions::start(&world.db.db);
    let registry = Arc::new(crate::registry());
    let runner = Runner {
        registry,
        services: world.services.clone(),
        db: world.db.db.clone(),
        completions,
    };
    let before = world.state().await;
    assert_eq!(
        runner
            .run(claimed, CancellationToken::new(), &CancellationToken::new())
            .await
            .outcome
            .name(),
        "lost"
    );
    assert_eq!(world.state().await, before);
    assert_eq!(world.finish().await.outcome.name(), "succeeded");
    assert_eq!(world.published().await, world.told().await);
}

#[tokio::test]
async fn refreshing_again_changes_no_row_and_covers_the_gap() {
    let world = World::new().await;
    world.ask().await;
    world.finish().await;
    let first = world.published().await;
    world.pretend_good_until(120).await;
    world.ask().await;
    world.finish().await;
    let (since, until) = world.window().await;
    assert_eq!((until - since).num_days(), 148);
    let again = world.published().await;
    assert_eq!(again, world.told().await);
    assert!(first.iter().all(|row| again.contains(row)));
}

#[tokio::test]
async fn too_much_data_is_read_in_halves() {
    let world = World::new().await;
    world
        .running
        .sandbox()
        .set(|settings| settings.meta_max_days = 30);
    world.ask().await;
    assert_eq!(world.finish().await.outcome.name(), "succeeded");
    world
        .running
        .sandbox()
        .set(|settings| settings.meta_max_days = 400);
    assert_eq!(world.published().await, world.told().await);
}

#[tokio::test]
async fn a_rate_limit_waits_without_spending_a_try() {
    let world = World::new().await;
    world.strike("start_report", Fault::RateLimit { retry_after: 600 }, 1);
    world.ask().await;
    let ran = world.drain.run_due().await;
    assert_eq!(
        ran.iter().map(|ran| ran.outcome.name()).collect::<Vec<_>>(),
        ["snoozed"]
    );
    world.db.advance(Duration::from_secs(590)).await;
    assert!(
        world.drain.run_due().await.is_empty(),
        "Meta said ten minutes"
    );
    assert_eq!(world.finish().await.outcome.name(), "succeeded");
    let failed = sqlx::query_scalar!("select count(*) from job_attempts")
        .fetch_one(&mut world.db.owner().await)
        .await;
    assert_eq!(failed.unwrap(), Some(0));
}

#[tokio::test]
async fn a_token_that_ended_stops_the_connection_and_keeps_what_was_published() {
    let world = World::new().await;
    world.ask().await;
    world.finish().await;
    let published = world.published().await;
    let ended =
        serde_json::json!({"error": {"code": 190, "error_subcode": 463, "message": "expired"}});
    world.strike(
        "start_report",
        Fault::Status {
            code: 400,
            body: Some(ended),
        },
        1,
    );
    world.ask().await;
    let ran = world.finish().await;
    assert_eq!(ran.outcome.name(), "dead");
    let mut tx = world
        .db
        .db
        .begin(Scope::company(world.company))
        .await
        .unwrap();
    let account = ads::list_accounts(&mut tx, None, 10)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        account.connection_status,
        ads::ConnectionStatus::NeedsReauth
    );
    assert_eq!(account.refresh_state, Some(ads::RefreshState::Failed));
    drop(tx);
    assert_eq!(world.published().await, published);
    let told = sqlx::query!("select template, recipient, state from messages");
    let told = told.fetch_all(&mut world.db.owner().await).await.unwrap();
    let told: Vec<_> = told
        .iter()
        .map(|m| [m.template.as_str(), &m.recipient, &m.state])
        .collect();
    assert_eq!(
        told,
        [["ads_reconnect", "awa@vigie.example", "sent"]],
        "its owner is told, once"
    );
    world.ask().await;
    let calls = world.running.sandbox().calls("meta", "start_report");
    assert_eq!(world.finish().await.outcome.name(), "succeeded", "skipped");
    assert_eq!(world.running.sandbox().calls("meta", "start_report"), calls);
}

#[tokio::test]
async fn three_refusals_in_a_row_disable_the_account_with_the_reason() {
    let world = World::new().await;
    let refused = serde_json::json!({"error": {"code": 200, "message": "no permission"}});
    world.strike(
        "start_report",
        Fault::Status {
            code: 403,
            body: Some(refused),
        },
        3,
    );
    for _ in 0..3 {
        world.ask().await;
        assert_eq!(world.finish().await.outcome.name(), "dead");
    }
    let mut tx = world
        .db
        .db
        .begin(Scope::company(world.company))
        .await
        .unwrap();
    let account = ads::list_accounts(&mut tx, None, 10)
        .await
        .unwrap()
        .remove(0);
    assert!(account.disabled_reason.unwrap().contains("no permission"));
    let mut engine = world.db.db.begin_engine().await.unwrap();
    assert_eq!(
        ads::list_refreshable_accounts(&mut engine).await.unwrap(),
        []
    );
}

#[tokio::test]
async fn the_clock_asks_for_each_connected_account_once() {
    let world = World::new().await;
    for _ in 0..2 {
        let mut tx = world.db.db.begin_engine().await.unwrap();
        tx.enqueue(platform_job(&RefreshAllAccounts {}))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        world.drain.run_due().await;
    }
    let waiting =
        sqlx::query_scalar!("select count(*) from jobs_open where kind = 'ads.refresh_account'");
    assert_eq!(
        waiting
            .fetch_one(&mut world.db.owner().await)
            .await
            .unwrap(),
        Some(1)
    );
    world.db.advance(Duration::from_secs(2 * 3600)).await;
    assert_eq!(world.finish().await.outcome.name(), "succeeded");
    assert_eq!(world.refreshes().await, ["published"]);
}
