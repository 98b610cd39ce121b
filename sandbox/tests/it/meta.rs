//! Ad accounts and reports.

use chrono::{Days, NaiveDate, Utc};
use providers::meta::{InsightRow, Level, ReportRequest, RunStatus};
use providers::sandbox::META_ACCESS_TOKEN;
use providers::{Class, Meta};
use secrecy::SecretString;
use serde_json::json;

use crate::harness::start_world;

fn token() -> SecretString {
    META_ACCESS_TOKEN.into()
}

/// Returns a report of `days` days that ended yesterday.
fn report(account: &str, days: u64, level: Level) -> ReportRequest {
    let today = Utc::now().date_naive();
    ReportRequest {
        account_id: account.into(),
        since: today - Days::new(days),
        until: today - Days::new(1),
        level,
    }
}

async fn start(meta: &Meta, report: &ReportRequest) -> String {
    meta.start_report(&token(), report).await.unwrap().value
}

async fn wait(meta: &Meta, run: &str) -> Vec<RunStatus> {
    let mut seen = Vec::new();
    while seen.last() != Some(&RunStatus::Completed) {
        seen.push(meta.poll_report(&token(), run).await.unwrap().value.status);
    }
    seen
}

async fn read(meta: &Meta, run: &str, limit: u32) -> (Vec<InsightRow>, u32) {
    let (mut rows, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = meta
            .read_report(&token(), run, after.as_deref(), limit)
            .await
            .unwrap()
            .value;
        rows.extend(page.rows);
        pages += 1;
        after = page.next;
        if after.is_none() {
            return (rows, pages);
        }
    }
}

#[tokio::test]
async fn accounts_are_listed_in_pages_with_time_zone_and_currency() {
    let world = start_world().await;
    let accounts = world
        .providers
        .meta
        .list_ad_accounts(&token())
        .await
        .unwrap();
    let seen: Vec<_> = accounts
        .iter()
        .map(|a| (a.currency.as_str(), a.timezone_name.as_str()))
        .collect();
    assert_eq!(seen, [("XOF", "Africa/Dakar"), ("EUR", "Europe/Paris")]);
    assert!(
        accounts
            .iter()
            .all(|account| account.id.starts_with("act_"))
    );
    assert_eq!(
        world
            .running
            .sandbox()
            .count_calls(sandbox::Provider::Meta, "list_ad_accounts"),
        2
    );
}

#[tokio::test]
async fn a_report_is_started_polled_and_read_to_its_last_page() {
    let world = start_world().await;
    world
        .running
        .sandbox()
        .set(|settings| settings.meta_polls = 3);
    let meta = &world.providers.meta;
    let account = meta.list_ad_accounts(&token()).await.unwrap().remove(0).id;
    let run = start(meta, &report(&account, 30, Level::Ad)).await;
    let early = meta
        .read_report(&token(), &run, None, 10)
        .await
        .unwrap_err();
    assert_eq!(early.class, Class::Permanent);
    assert_eq!(
        wait(meta, &run).await,
        [RunStatus::Started, RunStatus::Running, RunStatus::Completed]
    );
    let (rows, pages) = read(meta, &run, 10).await;
    assert!(
        pages > 5 && rows.len() > 60,
        "{pages} pages, {} rows",
        rows.len()
    );
    let mut keys: Vec<_> = rows
        .iter()
        .map(|row| (row.day, row.ad_id.clone().unwrap()))
        .collect();
    keys.dedup();
    assert_eq!(keys.len(), rows.len());
    assert_eq!(read(meta, &run, 500).await.0, rows);

    let again = start(meta, &report(&account, 30, Level::Account)).await;
    wait(meta, &again).await;
    let (days, _) = read(meta, &again, 500).await;
    let spend = |rows: &[InsightRow]| {
        rows.iter()
            .filter_map(|row| row.spend)
            .sum::<rust_decimal::Decimal>()
    };
    let bought = |rows: &[InsightRow]| {
        rows.iter()
            .filter_map(InsightRow::purchases)
            .sum::<rust_decimal::Decimal>()
    };
    assert_eq!((spend(&days), bought(&days)), (spend(&rows), bought(&rows)));
    assert!(days.len() <= 30 && bought(&days) > 0.into());
}

#[tokio::test]
async fn too_much_data_must_be_split_and_too_old_data_is_rejected() {
    let world = start_world().await;
    world
        .running
        .sandbox()
        .set(|settings| settings.meta_max_days = 10);
    let meta = &world.providers.meta;
    let account = meta.list_ad_accounts(&token()).await.unwrap().remove(0).id;
    let error = meta
        .start_report(&token(), &report(&account, 11, Level::Ad))
        .await
        .unwrap_err();
    assert_eq!(
        (error.class, error.code.as_deref()),
        (Class::TooMuchData, Some("100/1487534"))
    );
    assert_eq!(error.trace.as_deref(), Some("Asandbox"));
    meta.start_report(&token(), &report(&account, 10, Level::Ad))
        .await
        .unwrap();
    let old = ReportRequest {
        since: NaiveDate::from_ymd_opt(2015, 1, 1).unwrap(),
        ..report(&account, 5, Level::Ad)
    };
    assert_eq!(
        meta.start_report(&token(), &old).await.unwrap_err().class,
        Class::Permanent
    );
}

#[tokio::test]
async fn a_revoked_token_needs_a_new_connection() {
    let world = start_world().await;
    let meta = &world.providers.meta;
    let long = meta.exchange_token(&token()).await.unwrap();
    assert_eq!(long.lifetime.unwrap().as_secs(), 60 * 24 * 3600);
    assert_eq!(meta.list_ad_accounts(&long.token).await.unwrap().len(), 2);
    let answer = world.http.post(world.admin_url("meta/tokens"));
    answer
        .json(&json!({"token": META_ACCESS_TOKEN, "valid": false}))
        .send()
        .await
        .unwrap();
    let error = meta.list_ad_accounts(&token()).await.unwrap_err();
    assert_eq!(
        (error.class, error.code.as_deref()),
        (Class::NeedsReauth, Some("190/463"))
    );
    assert_eq!(
        meta.exchange_token(&token()).await.unwrap_err().class,
        Class::NeedsReauth
    );
    assert_eq!(meta.list_ad_accounts(&long.token).await.unwrap().len(), 2);
}

#[tokio::test]
async fn usage_and_rate_limits_contain_the_wait() {
    let world = start_world().await;
    let meta = &world.providers.meta;
    let account = meta.list_ad_accounts(&token()).await.unwrap().remove(0).id;
    world
        .running
        .sandbox()
        .set(|settings| settings.meta_usage_percent = 85);
    let started = meta
        .start_report(&token(), &report(&account, 3, Level::Ad))
        .await
        .unwrap();
    assert_eq!((started.usage.percent, started.usage.regain), (85, None));
    world
        .add_faults(
            json!([{"match": {"operation": "poll_report"}, "fault": {"rate_limit": {"retry_after": 120}}, "times": 1}]),
        )
        .await;
    let error = meta
        .poll_report(&token(), &started.value)
        .await
        .unwrap_err();
    assert_eq!(
        (error.class, error.retry_after.map(|w| w.as_secs())),
        (Class::RateLimited, Some(120))
    );
}

#[tokio::test]
async fn failures_of_polling_and_reading_are_classified() {
    let world = start_world().await;
    let meta = &world.providers.meta;
    let account = meta.list_ad_accounts(&token()).await.unwrap().remove(0).id;
    let run = start(meta, &report(&account, 3, Level::Ad)).await;
    let failed = json!({"async_status": "Job Failed", "async_percent_completion": 10, "error_code": 100, "error_subcode": 1_487_534});
    let invisible =
        json!({"error": {"code": 100, "error_subcode": 33, "message": "no such object"}});
    let less = json!({"error": {"code": 1, "message": "Please reduce the amount of data you're asking for, then retry"}});
    world
        .add_faults(json!([
            {"match": {"operation": "poll_report"}, "fault": {"status": {"code": 400, "body": invisible}}, "times": 1},
            {"match": {"operation": "poll_report"}, "fault": {"status": {"code": 200, "body": failed}}, "times": 1},
            {"match": {"operation": "read_report"}, "fault": {"status": {"code": 500, "body": less}}, "times": 1},
            {"match": {"operation": "read_report"}, "fault": {"status": {"code": 200, "body": {"data": [{"date_start": 5}]}}}, "times": 1},
            {"match": {"operation": "start_report"}, "fault": {"timeout_after": {"hold_ms": 0}}, "times": 1},
        ]))
        .await;
    assert_eq!(
        meta.poll_report(&token(), &run).await.unwrap_err().class,
        Class::Retry
    );
    let told = meta.poll_report(&token(), &run).await.unwrap().value;
    assert_eq!(
        (told.status, told.failure.unwrap().class),
        (RunStatus::Failed, Class::TooMuchData)
    );
    assert_eq!(
        meta.read_report(&token(), &run, None, 10)
            .await
            .unwrap_err()
            .class,
        Class::TooMuchData
    );
    assert_eq!(
        meta.read_report(&token(), &run, None, 10)
            .await
            .unwrap_err()
            .class,
        Class::Retry
    );
    let lost = meta
        .start_report(&token(), &report(&account, 3, Level::Ad))
        .await
        .unwrap_err();
    assert_eq!(lost.class, Class::Retry, "a second run is only waste");
}
