//! Schedules: each tick fires once, with any number of schedulers.

use std::time::Duration;

use platform::queue::schedule::{self, ScheduleSpec};
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;

use crate::support::{TestFleet, Upkeep, guarded, platform_job};

const FIVE_MINUTES: Duration = Duration::from_secs(300);

fn every_five_minutes() -> Vec<ScheduleSpec> {
    vec![ScheduleSpec {
        name: "test",
        cron: "0 */5 * * * *",
        timezone: "Africa/Dakar",
        job: Box::new(|| platform_job(&Upkeep { n: 0 })),
    }]
}

async fn count_ticks(conn: &mut PgConnection) -> i64 {
    sqlx::query_scalar!(r#"select count(*) as "count!" from schedule_ticks"#)
        .fetch_one(conn)
        .await
        .unwrap()
}

async fn count_jobs(fleet: &TestFleet) -> i64 {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from job_bodies where kind = 'test.platform'"#
    )
    .fetch_one(&mut fleet.test.owner().await)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_schedulers_fire_each_tick_once() {
    guarded(async {
        let fleet = TestFleet::start().await;
        let mut watch = fleet.watch_rows().await;
        let stop = CancellationToken::new();
        let schedulers = [(); 2].map(|()| {
            platform::task::spawn_named(
                "test",
                scheduler::run(fleet.test.db.clone(), every_five_minutes(), stop.clone()),
            )
        });
        watch
            .until_true(async |conn| {
                let declared = sqlx::query_scalar!("select count(*) from schedules")
                    .fetch_one(conn)
                    .await
                    .unwrap();
                declared == Some(1)
            })
            .await;
        for tick in 1..=3 {
            fleet.test.advance(FIVE_MINUTES).await;
            watch
                .until_true(async |conn| count_ticks(conn).await == tick)
                .await;
        }
        stop.cancel();
        for scheduler in schedulers {
            scheduler.await.unwrap();
        }
        assert_eq!(
            (
                count_ticks(&mut fleet.test.owner().await).await,
                count_jobs(&fleet).await
            ),
            (3, 3)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_rounds_fire_one_tick_once() {
    guarded(async {
        let fleet = TestFleet::start().await;
        let db = &fleet.test.db;
        schedule::declare_schedules(db, &every_five_minutes())
            .await
            .unwrap();
        for round in 1..=5 {
            fleet.test.advance(FIVE_MINUTES).await;
            let rounds = (0..8).map(|_| async {
                schedule::fire_due_ticks(db, &every_five_minutes())
                    .await
                    .unwrap()
                    .ticks
            });
            let fired: usize = futures::future::join_all(rounds).await.into_iter().sum();
            assert_eq!(fired, 1, "round {round}");
        }
        assert_eq!(count_jobs(&fleet).await, 5);
    })
    .await;
}

#[tokio::test]
async fn after_an_outage_only_the_last_missed_tick_fires() {
    guarded(async {
        let fleet = TestFleet::start().await;
        let db = &fleet.test.db;
        let specs = every_five_minutes();
        schedule::declare_schedules(db, &specs).await.unwrap();
        // Just after a tick, so that no other tick falls due while the test runs.
        let now = platform::db::load_now(&mut fleet.test.owner().await)
            .await
            .unwrap();
        let past_next_tick = 301 - now.timestamp().rem_euclid(300).unsigned_abs();
        fleet
            .test
            .advance(Duration::from_secs(6 * 3_600 + past_next_tick))
            .await;
        let fired = schedule::fire_due_ticks(db, &specs).await.unwrap();
        assert_eq!(fired.ticks, 1);
        assert_eq!(schedule::fire_due_ticks(db, &specs).await.unwrap().ticks, 0);
        let late = sqlx::query_scalar!(
            "select engine_now() - tick_at < interval '5 min' from schedule_ticks"
        )
        .fetch_one(&mut fleet.test.owner().await)
        .await
        .unwrap();
        assert_eq!(late, Some(true), "an older tick fired");
        assert!(fired.next_at.is_some_and(|next| next > fired.now));
        assert_eq!(count_jobs(&fleet).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_disabled_schedule_does_not_fire() {
    guarded(async {
        let fleet = TestFleet::start().await;
        let db = &fleet.test.db;
        schedule::declare_schedules(db, &every_five_minutes())
            .await
            .unwrap();
        sqlx::query!("update schedules set enabled = false")
            .execute(&mut fleet.test.owner().await)
            .await
            .unwrap();
        // A second start declares the schedules again and keeps the operator's change.
        schedule::declare_schedules(db, &every_five_minutes())
            .await
            .unwrap();
        fleet.test.advance(FIVE_MINUTES).await;
        let fired = schedule::fire_due_ticks(db, &every_five_minutes())
            .await
            .unwrap();
        assert_eq!((fired.ticks, fired.next_at), (0, None));
        assert_eq!(count_jobs(&fleet).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_changed_default_reaches_only_schedules_that_no_operator_edited() {
    guarded(async {
        let fleet = TestFleet::start().await;
        let db = &fleet.test.db;
        let mut owner = fleet.test.owner().await;
        let declared = |cron: &'static str| {
            vec![ScheduleSpec {
                cron,
                ..every_five_minutes().remove(0)
            }]
        };
        schedule::declare_schedules(db, &every_five_minutes())
            .await
            .unwrap();
        schedule::declare_schedules(db, &declared("0 */7 * * * *"))
            .await
            .unwrap();
        assert_eq!(load_cron(&mut owner).await, "0 */7 * * * *");
        sqlx::query!("update schedules set cron = '0 0 3 * * *'")
            .execute(&mut owner)
            .await
            .unwrap();
        schedule::declare_schedules(db, &declared("0 */9 * * * *"))
            .await
            .unwrap();
        assert_eq!(
            load_cron(&mut owner).await,
            "0 0 3 * * *",
            "the operator's change is lost"
        );
    })
    .await;
}

async fn load_cron(conn: &mut PgConnection) -> String {
    sqlx::query_scalar!("select cron from schedules")
        .fetch_one(conn)
        .await
        .unwrap()
}
