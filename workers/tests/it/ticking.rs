//! Schedules: each tick fires once, whatever the number of schedulers.

use std::time::Duration;

use platform::queue::schedule::{self, ScheduleSpec};
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;

use crate::support::{Platform, Services, guarded, platform_job};

const FIVE_MINUTES: Duration = Duration::from_secs(300);

fn every_five_minutes() -> Vec<ScheduleSpec> {
    vec![ScheduleSpec {
        name: "test",
        cron: "0 */5 * * * *",
        timezone: "Africa/Dakar",
        job: || platform_job(&Platform { n: 0 }),
    }]
}

async fn ticks(conn: &mut PgConnection) -> i64 {
    sqlx::query_scalar!(r#"select count(*) as "count!" from schedule_ticks"#)
        .fetch_one(conn)
        .await
        .unwrap()
}

async fn jobs(fleet: &Services) -> i64 {
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
        let fleet = Services::new().await;
        let mut watch = fleet.watch().await;
        let stop = CancellationToken::new();
        let schedulers = [(); 2].map(|()| {
            platform::task::spawn(
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
                .until_true(async |conn| ticks(conn).await == tick)
                .await;
        }
        stop.cancel();
        for scheduler in schedulers {
            scheduler.await.unwrap();
        }
        assert_eq!(
            (
                ticks(&mut fleet.test.owner().await).await,
                jobs(&fleet).await
            ),
            (3, 3)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_looks_at_one_tick_fire_it_once() {
    guarded(async {
        let fleet = Services::new().await;
        let db = &fleet.test.db;
        schedule::declare_schedules(db, &every_five_minutes())
            .await
            .unwrap();
        for round in 1..=5 {
            fleet.test.advance(FIVE_MINUTES).await;
            let looks = (0..8).map(|_| async {
                schedule::fire_due_ticks(db, &every_five_minutes())
                    .await
                    .unwrap()
                    .ticks
            });
            let fired: usize = futures::future::join_all(looks).await.into_iter().sum();
            assert_eq!(fired, 1, "round {round}");
        }
        assert_eq!(jobs(&fleet).await, 5);
    })
    .await;
}

#[tokio::test]
async fn of_the_ticks_missed_in_an_outage_the_last_fires_once() {
    guarded(async {
        let fleet = Services::new().await;
        let db = &fleet.test.db;
        let specs = every_five_minutes();
        schedule::declare_schedules(db, &specs).await.unwrap();
        fleet.test.advance(Duration::from_secs(6 * 3_600)).await;
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
        assert_eq!(jobs(&fleet).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_disabled_schedule_does_not_fire() {
    guarded(async {
        let fleet = Services::new().await;
        let db = &fleet.test.db;
        schedule::declare_schedules(db, &every_five_minutes())
            .await
            .unwrap();
        sqlx::query!("update schedules set enabled = false")
            .execute(&mut fleet.test.owner().await)
            .await
            .unwrap();
        // A second start declares again and leaves the operator's choice alone.
        schedule::declare_schedules(db, &every_five_minutes())
            .await
            .unwrap();
        fleet.test.advance(FIVE_MINUTES).await;
        let fired = schedule::fire_due_ticks(db, &every_five_minutes())
            .await
            .unwrap();
        assert_eq!((fired.ticks, fired.next_at), (0, None));
        assert_eq!(jobs(&fleet).await, 0);
    })
    .await;
}

#[tokio::test]
async fn what_the_code_changes_reaches_a_schedule_that_nobody_edited() {
    guarded(async {
        let fleet = Services::new().await;
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
        assert_eq!(cron(&mut owner).await, "0 */7 * * * *");
        sqlx::query!("update schedules set cron = '0 0 3 * * *'")
            .execute(&mut owner)
            .await
            .unwrap();
        schedule::declare_schedules(db, &declared("0 */9 * * * *"))
            .await
            .unwrap();
        assert_eq!(
            cron(&mut owner).await,
            "0 0 3 * * *",
            "what an operator set is gone"
        );
    })
    .await;
}

async fn cron(conn: &mut PgConnection) -> String {
    sqlx::query_scalar!("select cron from schedules")
        .fetch_one(conn)
        .await
        .unwrap()
}
