//! Refreshes of Meta's figures whose worker is killed in the middle: every ad and day is there once, as Meta
//! tells it.

use std::time::Duration;

use providers::Providers;
use providers::meta::{Level, ReportRequest, RunStatus};
use providers::sandbox::META_ACCESS_TOKEN;
use sandbox::{Fault, Match, Rule};
use secrecy::SecretString;
use serde_json::json;

use crate::support::{
    Client, Halt, Role, System, eventually, expect_nothing_lost_or_doubled, guarded, look,
};

const JOB: &str = "ads.refresh_account";
/// Longer than the first two pauses before a report is asked after.
const PAUSE: Duration = Duration::from_secs(21);

const BUSY: &str =
    "select id::text from jobs_open where state = 'running' or run_at <= (select engine_now())";

async fn two_workers() -> System {
    let mut system = System::new().await;
    for role in [Role::Api, Role::Worker, Role::Worker, Role::Scheduler] {
        system.start(role);
    }
    system.until_ready(2).await;
    // It would ask for refreshes of its own as the clock is moved.
    system.processes.pop();
    system
}

/// Gives the external and the own id of each account; the first refresh of each is under way.
async fn connect(client: &Client) -> Vec<(String, String)> {
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

fn calls(system: &System, operation: &str) -> u64 {
    system.sandbox.sandbox().calls("meta", operation)
}

/// Lets some calls pass and holds the one after them.
fn hold(system: &System, operation: &str, passing: u32, fault: Fault) {
    let matches = Match {
        provider: Some("meta".into()),
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

/// Moves the clock, whenever both refreshes wait, until somebody is in the middle of what is looked for.
async fn go_on_until(system: &System, mut reached: impl AsyncFnMut() -> bool) {
    let mut conn = system.db.owner().await;
    loop {
        let there = eventually("Meta is called or both refreshes wait", async || {
            let there = reached().await;
            (there || look(&mut conn, BUSY).await.is_empty()).then_some(there)
        })
        .await;
        if there {
            return;
        }
        system.db.advance(PAUSE).await;
    }
}

/// Returns once the held refresh runs and the other one waits for its time.
async fn until_alone(system: &System) {
    let mut conn = system.db.owner().await;
    eventually("the other refresh waits", async || {
        (look(&mut conn, BUSY).await.len() == 1).then_some(())
    })
    .await;
}

async fn kill_the_workers(system: &mut System) {
    let workers = system.workers_of(JOB).await;
    assert!(!workers.is_empty(), "nobody refreshes");
    for worker in workers {
        system.replace(worker).await;
    }
}

/// What readers see of an account, and the refreshes that it came by.
async fn published(system: &System, account: &str) -> (Vec<String>, Vec<String>) {
    let mut conn = system.db.owner().await;
    let rows = format!(
        "select concat_ws('|', ad_id, day, impressions, clicks, trim_scale(spend)) from ad_daily
         where account_id = '{account}'"
    );
    let refreshes = format!(
        "select concat_ws('|', state, first_day, last_day) from ad_refreshes where account_id = '{account}'"
    );
    let mut rows = look(&mut conn, &rows).await;
    rows.sort();
    (rows, look(&mut conn, &refreshes).await)
}

/// The same rows as Meta tells them to whoever asks directly.
async fn told(system: &System, account: &str, since: &str, until: &str) -> Vec<String> {
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
        let (ad, spend) = (row.ad_id.as_deref().unwrap(), row.spend.normalize());
        format!(
            "{ad}|{}|{}|{}|{spend}",
            row.day, row.impressions, row.clicks
        )
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort();
    rows
}

async fn expect_each_day_once(system: &System, accounts: &[(String, String)], moment: &str) {
    assert_eq!(accounts.len(), 2);
    for (external, account) in accounts {
        let (rows, refreshes) = published(system, account).await;
        let [refresh] = &refreshes[..] else {
            panic!("{moment}: {refreshes:?}")
        };
        let [state, since, until] = refresh.split('|').collect::<Vec<_>>()[..] else {
            panic!("{refresh}")
        };
        assert_eq!(state, "published", "{moment}");
        assert!(rows.len() >= 90, "{moment}: {} rows", rows.len());
        assert_eq!(rows, told(system, external, since, until).await, "{moment}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_whose_worker_is_killed_while_meta_is_called_has_every_day_once() {
    guarded(async {
        let mut system = two_workers().await;
        let (before, after) = (
            Fault::TimeoutBefore { hold_ms: 60_000 },
            Fault::TimeoutAfter { hold_ms: 60_000 },
        );
        // The second call of a refresh is to a report that is half made; a page that was read and is lost is read again.
        let moments = [
            ("start_report", 0, &after),
            ("poll_report", 2, &before),
            ("read_report", 1, &after),
        ];
        for (n, (operation, passing, fault)) in moments.into_iter().enumerate() {
            let (called, started) = (calls(&system, operation), calls(&system, "start_report"));
            let client = system.company(n + 1).await;
            hold(&system, operation, passing, fault.clone());
            let accounts = connect(&client).await;
            go_on_until(&system, async || {
                calls(&system, operation) > called + u64::from(passing)
            })
            .await;
            until_alone(&system).await;
            kill_the_workers(&mut system).await;
            system.until_all_is_done().await;
            assert_eq!(system.crashes(JOB).await, n + 1, "{operation}");
            // What came of a call without an answer is unknown; a report that is known isn't asked for again.
            let again = u64::from(operation == "start_report");
            assert_eq!(
                calls(&system, "start_report"),
                started + 2 + again,
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
    guarded(async {
        let mut system = two_workers().await;
        let moments = [
            "trigger halt before insert on ad_daily_staged for each row",
            "trigger halt before insert on ad_daily for each row",
        ];
        for (n, moment) in moments.into_iter().enumerate() {
            let client = system.company(n + 1).await;
            let (mut halt, crashes) = (Halt::at(&system, moment).await, system.crashes(JOB).await);
            let accounts = connect(&client).await;
            go_on_until(&system, async || halt.is_reached().await).await;
            kill_the_workers(&mut system).await;
            halt.let_go().await;
            system.until_all_is_done().await;
            assert!(system.crashes(JOB).await > crashes, "{moment}");
            expect_each_day_once(&system, &accounts, moment).await;
        }
        expect_nothing_lost_or_doubled(&system).await;
    })
    .await;
}
