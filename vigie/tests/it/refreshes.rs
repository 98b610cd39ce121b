//! Refreshes of Meta's figures whose worker is killed in the middle: every ad and day is stored
//! once, with Meta's figures.

use std::time::Duration;

use providers::Providers;
use providers::meta::{Level, ReportRequest, RunStatus};
use providers::sandbox::META_ACCESS_TOKEN;
use sandbox::{Fault, Match, Rule};
use secrecy::SecretString;
use serde_json::json;

use crate::support::{
    Client, Halt, Role, System, eventually, expect_nothing_lost_or_doubled, run_alone, select_texts,
};

const JOB: &str = "ads.refresh_account";
/// Longer than the first two pauses before a report is polled.
const PAUSE: Duration = Duration::from_secs(21);

const BUSY: &str =
    "select id::text from jobs_open where state = 'running' or run_at <= (select engine_now())";

async fn start_two_workers() -> System {
    let mut system = System::new().await;
    for role in [Role::Api, Role::Worker, Role::Worker, Role::Scheduler] {
        system.start(role);
    }
    system.until_ready(2).await;
    // The scheduler would enqueue refreshes of its own when the clock moves.
    system.processes.pop();
    system
}

/// Connects to Meta, which starts a refresh of each account, and returns each account's external id
/// and id.
async fn connect_accounts(client: &Client) -> Vec<(String, String)> {
    client
        .post(
            "/ads/connections",
            &json!({"access_token": META_ACCESS_TOKEN}),
        )
        .await
        .expect(201);
    let accounts = client.get("/ad-accounts").await.expect(200);
    let text = |account: &serde_json::Value, key: &str| account[key].as_str().unwrap().to_owned();
    let accounts = accounts["items"].as_array().unwrap();
    accounts
        .iter()
        .map(|account| (text(account, "external_id"), text(account, "id")))
        .collect()
}

fn count_calls(system: &System, operation: &str) -> u64 {
    system
        .sandbox
        .sandbox()
        .count_calls(sandbox::Provider::Meta, operation)
}

/// Lets some calls pass and holds the next one.
fn hold_call(system: &System, operation: &str, passing: u32, fault: Fault) {
    let matches = Match {
        provider: Some(sandbox::Provider::Meta),
        operation: Some(operation.into()),
        ..Match::default()
    };
    if passing > 0 {
        let pass = Rule {
            matches: matches.clone(),
            fault: Fault::LatencyMs(0),
            times: Some(passing),
        };
        system.sandbox.sandbox().add_fault(pass);
    }
    system.sandbox.sandbox().add_fault(Rule {
        matches,
        fault,
        times: Some(1),
    });
}

/// Moves the clock, whenever both refreshes wait, until `reached` returns true.
async fn advance_until(system: &System, mut reached: impl AsyncFnMut() -> bool) {
    let mut conn = system.db.owner().await;
    loop {
        let there = eventually("Meta is called or both refreshes wait", async || {
            let there = reached().await;
            (there || select_texts(&mut conn, BUSY).await.is_empty()).then_some(there)
        })
        .await;
        if there {
            return;
        }
        system.db.advance(PAUSE).await;
    }
}

/// Returns when the held refresh runs and the other one waits.
async fn until_alone(system: &System) {
    let mut conn = system.db.owner().await;
    eventually("the other refresh waits", async || {
        (select_texts(&mut conn, BUSY).await.len() == 1).then_some(())
    })
    .await;
}

async fn kill_the_workers(system: &mut System) {
    let workers = system.workers_running(JOB).await;
    assert!(!workers.is_empty(), "no worker refreshes");
    for worker in workers {
        system.replace(worker).await;
    }
}

/// Reads the published rows of an account and its refreshes.
async fn read_published(system: &System, account: &str) -> (Vec<String>, Vec<String>) {
    let mut conn = system.db.owner().await;
    let rows = format!(
        "select concat_ws('|', ad_id, day, impressions, clicks, trim_scale(spend)) from ad_daily
         where account_id = '{account}'"
    );
    let refreshes = format!(
        "select concat_ws('|', state, first_day, last_day)
           from ad_refreshes where account_id = '{account}'"
    );
    let mut rows = select_texts(&mut conn, &rows).await;
    rows.sort();
    (rows, select_texts(&mut conn, &refreshes).await)
}

/// Fetches the same rows directly from Meta.
async fn fetch_rows(system: &System, account: &str, since: &str, until: &str) -> Vec<String> {
    let (meta, token) = (
        Providers::sandbox(&system.sandbox.url()).unwrap().meta,
        SecretString::from(META_ACCESS_TOKEN),
    );
    let (since, until) = (since.parse().unwrap(), until.parse().unwrap());
    let request = ReportRequest {
        account_id: account.to_owned(),
        since,
        until,
        level: Level::Ad,
    };
    let run = meta.start_report(&token, &request).await.unwrap().value;
    while meta.poll_report(&token, &run).await.unwrap().value.status != RunStatus::Completed {}
    let page = meta
        .read_report(&token, &run, None, 5_000)
        .await
        .unwrap()
        .value;
    assert_eq!(page.next, None);
    let rows = page.rows.iter().map(|row| {
        let (ad, spend) = (
            row.ad_id.as_deref().unwrap(),
            row.spend.unwrap().normalize(),
        );
        format!(
            "{ad}|{}|{}|{}|{spend}",
            row.day,
            row.impressions.unwrap(),
            row.clicks.unwrap()
        )
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort();
    rows
}

async fn expect_each_day_once(system: &System, accounts: &[(String, String)], moment: &str) {
    assert_eq!(accounts.len(), 2);
    for (external, account) in accounts {
        let (rows, refreshes) = read_published(system, account).await;
        let [refresh] = &refreshes[..] else {
            panic!("{moment}: {refreshes:?}")
        };
        let [state, since, until] = refresh.split('|').collect::<Vec<_>>()[..] else {
            panic!("{refresh}")
        };
        assert_eq!(state, "published", "{moment}");
        assert!(rows.len() >= 90, "{moment}: {} rows", rows.len());
        assert_eq!(
            rows,
            fetch_rows(system, external, since, until).await,
            "{moment}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_whose_worker_is_killed_while_meta_is_called_has_every_day_once() {
    run_alone(async {
        let mut system = start_two_workers().await;
        let (before, after) = (
            Fault::TimeoutBefore { hold_ms: 60_000 },
            Fault::TimeoutAfter { hold_ms: 60_000 },
        );
        // The second poll of a refresh finds the report half finished. A page whose response is
        // lost is read again.
        let moments = [
            ("start_report", 0, &after),
            ("poll_report", 2, &before),
            ("read_report", 1, &after),
        ];
        for (n, (operation, passing, fault)) in moments.into_iter().enumerate() {
            let (called, started) = (
                count_calls(&system, operation),
                count_calls(&system, "start_report"),
            );
            let client = system.register_company(n + 1).await;
            hold_call(&system, operation, passing, fault.clone());
            let accounts = connect_accounts(&client).await;
            advance_until(&system, async || {
                count_calls(&system, operation) > called + u64::from(passing)
            })
            .await;
            until_alone(&system).await;
            kill_the_workers(&mut system).await;
            system.until_all_finished().await;
            assert_eq!(system.count_crashes(JOB).await, n + 1, "{operation}");
            // Only a report whose start was unconfirmed is started again.
            let restarted = u64::from(operation == "start_report");
            assert_eq!(
                count_calls(&system, "start_report"),
                started + 2 + restarted,
                "{operation}"
            );
            expect_each_day_once(&system, &accounts, operation).await;
        }
        expect_nothing_lost_or_doubled(&system).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_whose_worker_is_killed_while_it_writes_has_every_day_once() {
    run_alone(async {
        let mut system = start_two_workers().await;
        let moments = [
            "trigger halt before insert on ad_daily_staged for each row",
            "trigger halt before insert on ad_daily for each row",
        ];
        for (n, moment) in moments.into_iter().enumerate() {
            let client = system.register_company(n + 1).await;
            let (mut halt, crashes) = (
                Halt::at(&system, moment).await,
                system.count_crashes(JOB).await,
            );
            let accounts = connect_accounts(&client).await;
            advance_until(&system, async || halt.is_reached().await).await;
            kill_the_workers(&mut system).await;
            halt.release().await;
            system.until_all_finished().await;
            assert!(system.count_crashes(JOB).await > crashes, "{moment}");
            expect_each_day_once(&system, &accounts, moment).await;
        }
        expect_nothing_lost_or_doubled(&system).await;
    })
    .await;
}
