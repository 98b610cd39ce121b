//! SIGTERM under load, as in a rolling deploy.

use futures::future::join_all;
use serde_json::json;

use crate::support::{Role, Shop, System, expect_nothing_lost_or_doubled, run_alone};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_are_terminated_under_load_exit_cleanly_and_finish_their_jobs() {
    run_alone(async {
        // A machine that is busy with a build pauses a process for longer than four short
        // heartbeats.
        let mut system = System::patient().await;
        for role in [Role::Api, Role::Worker, Role::Worker, Role::Scheduler] {
            system.start(role);
        }
        system.until_ready(2).await;
        let shop = Shop::open(&system, 1, 6).await;
        for round in 0..3 {
            let requests = (0..60).map(|n| {
                let client = shop.client.clone();
                async move {
                    let body = json!({"kind": "ops.ping", "args": {}});
                    client
                        .post_until_accepted("/jobs", &body, &format!("{round} {n}"))
                        .await;
                    let exit = json!({"sku": format!("P{}", n % 6), "kind": "exit", "quantity": 1});
                    client
                        .post_until_accepted("/stock-movements", &exit, &format!("{round} {n}"))
                        .await;
                }
            });
            let deploy = async {
                for index in 0..system.processes.len() {
                    let role = system.processes[index].role;
                    // The API has one port, so the next process starts when the previous one has
                    // exited.
                    if role != Role::Api {
                        let next = system.spawn(role);
                        let mut old = std::mem::replace(&mut system.processes[index], next);
                        terminate_process(&mut old).await;
                    } else {
                        terminate_process(&mut system.processes[index]).await;
                        system.processes[index] = system.spawn(role);
                    }
                }
            };
            tokio::join!(join_all(requests), deploy);
        }
        system.until_ready(2).await;
        system.until_all_finished().await;
        expect_nothing_lost_or_doubled(&system).await;
        let mut conn = system.db.owner().await;
        let lost = sqlx::query_scalar!("select count(*) from job_attempts where class = 'crash'")
            .fetch_one(&mut conn)
            .await
            .unwrap();
        assert_eq!(lost, Some(0), "a stopped worker left jobs behind");
        let pings = sqlx::query_scalar!(
            "select count(*) from jobs_finished where kind = 'ops.ping' and attempt = 1"
        )
        .fetch_one(&mut conn)
        .await
        .unwrap();
        assert_eq!(pings, Some(180));
        for mut process in std::mem::take(&mut system.processes) {
            terminate_process(&mut process).await;
        }
    })
    .await;
}

async fn terminate_process(process: &mut crate::support::Process) {
    process.terminate();
    let status = process.wait_for_exit().await;
    assert!(
        status.success(),
        "{:?} ended with {status}: {}",
        process.role,
        process.log()
    );
}
