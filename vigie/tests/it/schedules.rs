//! Schedulers that are killed in the middle of a tick: the next leader fires it if necessary, and
//! its job exists once.

use std::time::Duration;

use sqlx::PgConnection;

use crate::support::{
    Halt, Role, System, eventually, expect_nothing_lost_or_doubled, run_alone, select_texts,
};

/// The moments of a tick in order. The last one is the commit, whose scheduler is killed meanwhile.
const MOMENTS: [&str; 4] = [
    "trigger halt before insert on schedule_ticks for each row
       when (new.schedule_name = 'evaluate-alerts')",
    "trigger halt before insert on job_bodies for each row
       when (new.unique_key = 'evaluate-alerts')",
    "trigger halt before update on schedule_ticks for each row
       when (new.schedule_name = 'evaluate-alerts')",
    "constraint trigger halt after insert on schedule_ticks deferrable initially deferred
       for each row
       when (new.schedule_name = 'evaluate-alerts')",
];

/// Moves the clock to just after the next five minutes begin, far from the tick after.
async fn advance_to_the_next_tick(system: &System, conn: &mut PgConnection) {
    let left = select_texts(
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

async fn find_leader(conn: &mut PgConnection) -> Option<String> {
    select_texts(
        conn,
        "select holder::text from leases where role = 'scheduler'",
    )
    .await
    .pop()
}

/// Returns the number of the five minutes and the job of each tick of `evaluate-alerts`.
async fn list_ticks(conn: &mut PgConnection) -> Vec<(i64, String)> {
    let statement = "select concat_ws(' ', (extract(epoch from tick_at) / 300)::int8, job_id)
      from schedule_ticks
                     where schedule_name = 'evaluate-alerts' order by tick_at";
    let ticks = select_texts(conn, statement).await;
    let pairs = ticks
        .iter()
        .map(|tick| tick.split_once(' ').expect("a tick without a job"));
    pairs
        .map(|(place, job)| (place.parse().unwrap(), job.to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tick_whose_scheduler_is_killed_in_the_middle_has_one_job() {
    run_alone(async {
        let mut system = System::new().await;
        for role in [Role::Api, Role::Worker, Role::Scheduler] {
            system.start(role);
        }
        system.until_ready(1).await;
        let mut conn = system.db.owner().await;
        eventually("a scheduler leads", async || find_leader(&mut conn).await).await;
        system.start(Role::Scheduler);
        for (n, moment) in MOMENTS.into_iter().enumerate() {
            let mut halt = Halt::at(&system, moment).await;
            let before = list_ticks(&mut conn).await.len();
            advance_to_the_next_tick(&system, &mut conn).await;
            halt.until_reached().await;
            let killed = find_leader(&mut conn).await;
            let scheduler = system.indices(Role::Scheduler)[n % 2];
            system.processes[scheduler].kill().await;
            eventually("the other leads", async || {
                (find_leader(&mut conn).await != killed).then_some(())
            })
            .await;
            halt.release().await;
            system.processes[scheduler] = system.spawn(Role::Scheduler);
            eventually("the tick has fired", async || {
                (list_ticks(&mut conn).await.len() > before).then_some(())
            })
            .await;
        }
        let ticks = list_ticks(&mut conn).await;
        let places: Vec<_> = ticks.iter().map(|(place, _)| *place).collect();
        let fired: Vec<_> = (places[0]..).take(places.len()).collect();
        assert_eq!(places, fired, "a tick is missing");
        system.until_all_finished().await;
        let jobs = select_texts(
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
