//! Refreshes against the sandbox: they publish Meta's rows, whenever a worker dies.

mod limits;
mod unusual_pages;
mod world;

use std::sync::Arc;
use std::time::Duration;

use domain::ads;
use platform::db::Scope;
use platform::queue::Completions;
use platform::queue::runner::Runner;
use platform::queue::{liveness, rescue};
use sandbox::{Fault, Provider};
use tokio_util::sync::CancellationToken;

use self::world::{World, claim_due};
use crate::platform_job;
use crate::schedule::EnqueueForEach;

#[tokio::test]
async fn the_first_refresh_publishes_ninety_days_of_meta_s_rows() {
    let world = World::new().await;
    world.enqueue_refresh().await;
    assert_eq!(world.run_to_end().await.outcome.name(), "succeeded");
    let (first, last) = world.latest_window().await;
    assert_eq!((last - first).num_days() + 1, 90);
    assert_eq!(world.published_rows().await, world.rows_at_meta().await);
    assert_eq!(
        world
            .running
            .sandbox()
            .count_calls(Provider::Meta, "start_report"),
        2,
        "one of them is the test's own"
    );
}

#[tokio::test]
async fn a_refresh_whose_worker_dies_at_any_step_ends_with_every_day_once() {
    // The call during which the worker dies, and the attempts before it.
    for (operation, nth, attempts) in [
        ("start_report", 1, 0),
        ("poll_report", 1, 1),
        ("poll_report", 1, 2),
        ("read_report", 1, 2),
        ("read_report", 2, 2),
    ] {
        let world = World::new().await;
        world.set_last_good_day(300).await;
        world.enqueue_refresh().await;
        for _ in 0..attempts {
            world.drain.run_due().await;
            world.db.advance(Duration::from_secs(30)).await;
        }
        world.die_at(operation, nth).await;
        assert_eq!(
            world.run_to_end().await.outcome.name(),
            "succeeded",
            "{operation} {nth}"
        );
        assert_eq!(
            world.refresh_states().await,
            ["published"],
            "{operation} {nth}"
        );
        let started = world
            .running
            .sandbox()
            .count_calls(Provider::Meta, "start_report");
        let unknown = u64::from(operation == "start_report");
        assert_eq!(
            started,
            1 + unknown,
            "a known report is not requested again"
        );
        assert_eq!(
            world.published_rows().await,
            world.rows_at_meta().await,
            "{operation} {nth}"
        );
    }
}

#[tokio::test]
async fn a_refresh_whose_worker_dies_while_publishing_publishes_every_day_once() {
    let world = World::new().await;
    world.enqueue_refresh().await;
    world.drain.run_due().await;
    world.db.advance(Duration::from_secs(30)).await;
    world.drain.run_due().await;
    world.db.advance(Duration::from_secs(30)).await;
    world.die_while_publishing().await;
    assert_eq!(
        world.published_rows().await,
        [],
        "a publication is not visible in part"
    );
    let read = world
        .running
        .sandbox()
        .count_calls(Provider::Meta, "read_report");
    assert_eq!(world.run_to_end().await.outcome.name(), "succeeded");
    assert_eq!(
        world
            .running
            .sandbox()
            .count_calls(Provider::Meta, "read_report"),
        read,
        "pages that were read are not read again"
    );
    assert_eq!(world.refresh_states().await, ["published"]);
    assert_eq!(world.published_rows().await, world.rows_at_meta().await);
}

#[tokio::test]
async fn a_report_that_was_ready_for_hours_is_read() {
    let world = World::new().await;
    world.enqueue_refresh().await;
    world.drain.run_due().await;
    world.db.advance(Duration::from_secs(30)).await;
    world.drain.run_due().await;
    world.db.advance(Duration::from_secs(3 * 3600)).await;
    assert_eq!(world.run_to_end().await.outcome.name(), "succeeded");
    assert_eq!(
        world
            .running
            .sandbox()
            .count_calls(Provider::Meta, "start_report"),
        1
    );
    assert_eq!(world.published_rows().await, world.rows_at_meta().await);
}

#[tokio::test]
async fn a_worker_that_resumes_after_its_job_was_rescued_writes_nothing() {
    let world = World::new().await;
    world.enqueue_refresh().await;
    world.drain.run_due().await;
    let pool = world.db.db.engine();
    world.db.advance(Duration::from_secs(10)).await;
    let worker = liveness::register_worker(pool, "frozen").await.unwrap();
    let claimed = claim_due(pool, worker).await;
    rescue::rescue_lost_workers(pool, Duration::ZERO)
        .await
        .unwrap();
    let completions = Completions::start(&world.db.db);
    let registry = Arc::new(crate::build_registry());
    let runner = Runner {
        registry,
        services: world.services.clone(),
        db: world.db.db.clone(),
        completions,
    };
    let before = world.stored_state().await;
    assert_eq!(
        runner
            .run(claimed, CancellationToken::new(), &CancellationToken::new())
            .await
            .outcome
            .name(),
        "lost"
    );
    assert_eq!(world.stored_state().await, before);
    assert_eq!(world.run_to_end().await.outcome.name(), "succeeded");
    assert_eq!(world.published_rows().await, world.rows_at_meta().await);
}

#[tokio::test]
async fn a_second_refresh_changes_no_row_and_covers_the_gap() {
    let world = World::new().await;
    world.enqueue_refresh().await;
    world.run_to_end().await;
    let first = world.published_rows().await;
    world.set_last_good_day(120).await;
    world.enqueue_refresh().await;
    world.run_to_end().await;
    let (since, until) = world.latest_window().await;
    assert_eq!((until - since).num_days(), 148);
    let again = world.published_rows().await;
    assert_eq!(again, world.rows_at_meta().await);
    assert!(first.iter().all(|row| again.contains(row)));
}

#[tokio::test]
async fn a_window_that_is_too_large_is_split_in_halves() {
    let world = World::new().await;
    world
        .running
        .sandbox()
        .set(|settings| settings.meta_max_days = 30);
    world.enqueue_refresh().await;
    assert_eq!(world.run_to_end().await.outcome.name(), "succeeded");
    world
        .running
        .sandbox()
        .set(|settings| settings.meta_max_days = 400);
    assert_eq!(world.published_rows().await, world.rows_at_meta().await);
}

#[tokio::test]
async fn a_rate_limit_spends_no_attempt() {
    let world = World::new().await;
    world.add_fault("start_report", Fault::RateLimit { retry_after: 600 }, 1);
    world.enqueue_refresh().await;
    let ran = world.drain.run_due().await;
    assert_eq!(
        ran.iter().map(|ran| ran.outcome.name()).collect::<Vec<_>>(),
        ["snoozed"]
    );
    world.db.advance(Duration::from_secs(590)).await;
    assert!(
        world.drain.run_due().await.is_empty(),
        "Meta requires ten minutes"
    );
    assert_eq!(world.run_to_end().await.outcome.name(), "succeeded");
    let failed = sqlx::query_scalar!("select count(*) from job_attempts")
        .fetch_one(&mut world.db.owner().await)
        .await;
    assert_eq!(failed.unwrap(), Some(0));
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one scenario, read from top to bottom"
)]
async fn an_expired_token_stops_the_connection_and_keeps_published_rows() {
    let world = World::new().await;
    world.enqueue_refresh().await;
    world.run_to_end().await;
    let published = world.published_rows().await;
    let ended =
        serde_json::json!({"error": {"code": 190, "error_subcode": 463, "message": "expired"}});
    world.add_fault(
        "start_report",
        Fault::Status {
            code: 400,
            body: Some(ended),
        },
        1,
    );
    world.enqueue_refresh().await;
    let ran = world.run_to_end().await;
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
    assert_eq!(world.published_rows().await, published);
    let messages = sqlx::query!("select template, recipient, state from messages");
    let messages = messages
        .fetch_all(&mut world.db.owner().await)
        .await
        .unwrap();
    let messages: Vec<_> = messages
        .iter()
        .map(|m| [m.template.as_str(), &m.recipient, &m.state])
        .collect();
    assert_eq!(
        messages,
        [["ads_reconnect", "awa@vigie.example", "sent"]],
        "its owner is notified once"
    );
    world.enqueue_refresh().await;
    let calls = world
        .running
        .sandbox()
        .count_calls(Provider::Meta, "start_report");
    assert_eq!(
        world.run_to_end().await.outcome.name(),
        "succeeded",
        "skipped"
    );
    assert_eq!(
        world
            .running
            .sandbox()
            .count_calls(Provider::Meta, "start_report"),
        calls
    );
}

#[tokio::test]
async fn three_permission_errors_in_a_row_disable_the_account() {
    let world = World::new().await;
    let refused = serde_json::json!({"error": {"code": 200, "message": "no permission"}});
    world.add_fault(
        "start_report",
        Fault::Status {
            code: 403,
            body: Some(refused),
        },
        3,
    );
    for _ in 0..3 {
        world.enqueue_refresh().await;
        assert_eq!(world.run_to_end().await.outcome.name(), "dead");
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
        ads::list_refreshable_accounts(&mut engine, None, 10)
            .await
            .unwrap(),
        []
    );
}

#[tokio::test]
async fn the_timer_enqueues_one_refresh_for_each_connected_account() {
    let world = World::new().await;
    for _ in 0..2 {
        let mut tx = world.db.db.begin_engine().await.unwrap();
        tx.enqueue(platform_job(&EnqueueForEach {
            timer: "refresh-ads".to_owned(),
        }))
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
    assert_eq!(world.run_to_end().await.outcome.name(), "succeeded");
    assert_eq!(world.refresh_states().await, ["published"]);
}
