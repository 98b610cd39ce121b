//! Schedulers that are killed in the middle of a tick: whoever takes over fires it where it must, and its job
//! exists once.

use std::time::Duration;

use sqlx::PgConnection;

use crate::support::{
    Halt, Role, System, eventually, expect_nothing_lost_or_doubled, guarded, look,
};

/// In the order in which a tick is fired; the last one is told to commit, by somebody who isn't there any more.
const MOMENTS: [&str; 4] = [
    "trigger halt before insert on schedule_ticks for each row when (new.schedule_name = 'evaluate-alerts')",
    "trigger halt before insert on job_bodies for each row when (new.unique_key = 'evaluate-alerts')",
    "trigger halt before update on schedule_ticks for each row when (new.schedule_name = 'evaluate-alerts')",
    "constraint trigger halt after insert on schedule_ticks deferrable initially deferred for each row
       when (new.schedule_name = 'evaluate-alerts')",
];

/// Just after the next five minutes begin: the tick after that one is far away.
async fn advance_to_the_next_tick(system: &System, conn: &mut PgConnection) {
    let left = look(
        conn,
        "select (300 - extract(epoch from engine_now())::numeric % 300)::text",
    )
    .await;
    system
        .db
        .advance(Duration::from_secs_f64(
            left[0].parse::<f64>().unwrap() + 0.5,
        ))
        .await;
}

async fn leader(conn: &mut PgConnection) -> Option<String> {
    look(
        conn,
        "select holder::text from leases where role = 'scheduler'",
    )
    .await
    .pop()
}

/// Place among five minutes and job of each tick at which all alerts are evaluated.
async fn ticks(conn: &mut PgConnection) -> Vec<(i64, String)> {
    let statement = "select concat_ws(' ', (extract(epoch from tick_at) / 300)::int8, job_id) from schedule_ticks
                     where schedule_name = 'evaluate-alerts' order by tick_at";
    let ticks = look(conn, statement).await;
    let pairs = ticks
        .iter()
        .map(|tick| tick.split_once(' ').expect("a tick without a job"));
    pairs
        .map(|(place, job)| (place.parse().unwrap(), job.to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tick_whose_scheduler_is_killed_in_the_middle_has_one_job() {
    guarded(async {
        let mut system = System::new().await;
        for role in [Role::Api, Role::Worker, Role::Scheduler] {
            system.start(role);
        }
        system.until_ready(1).await;
        let mut conn = system.db.owner().await;
        eventually("a scheduler leads", async || leader(&mut conn).await).await;
        system.start(Role::Scheduler);
        for (n, moment) in MOMENTS.into_iter().enumerate() {
            let mut halt = Halt::at(&system, moment).await;
            let before = ticks(&mut conn).await.len();
            advance_to_the_next_tick(&system, &mut conn).await;
            halt.reached().await;
            let killed = leader(&mut conn).await;
            let scheduler = system.indices(Role::Scheduler)[n % 2];
            system.processes[scheduler].kill().await;
            eventually("the other leads", async || {
                (leader(&mut conn).await != killed).then_some(())
            })
            .await;
            halt.let_go().await;
            system.processes[scheduler] = system.spawn(Role::Scheduler);
            eventually("the tick has fired", async || {
                (ticks(&mut conn).await.len() > before).then_some(())
            })
            .await;
        }
        let ticks = ticks(&mut conn).await;
        let places: Vec<_> = ticks.iter().map(|(place, _)| *place).collect();
        let fired: Vec<_> = (places[0]..).take(places.len()).collect();
        assert_eq!(places, fired, "a tick was left out");
        system.until_all_is_done().await;
        let jobs = look(
            &mut conn,
            "select id::text from job_bodies where unique_key = 'evaluate-alerts' order by id",
        )
        .await;
        assert_eq!(
            jobs,
            ticks.into_iter().map(|(_, job)| job).collect::<Vec<_>>()
        );
        expect_nothing_lost_or_doubled(&system).await;
    })
    .await;
}
