//! Connecting Meta, refreshing ad accounts and reading their figures.

use std::time::Duration;

use axum::http::StatusCode;
use domain::identity::Role;
use platform::ids::Uuid;
use providers::sandbox::META_ACCESS_TOKEN;
use serde_json::{Value, json};

use crate::app::{Client, TestApp};

async fn connect(owner: &Client<'_>) -> Value {
    owner
        .post(
            "/ads/connections",
            json!({"access_token": META_ACCESS_TOKEN}),
        )
        .await
        .expect(201)
}

/// Runs the refreshes through their waits for Meta's reports.
async fn refresh_all(app: &TestApp) {
    for _ in 0..4 {
        app.run_jobs().await;
        app.advance(Duration::from_secs(30)).await;
    }
    app.run_jobs().await;
}

#[tokio::test]
async fn a_connection_brings_its_accounts_and_their_figures() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let connection = connect(&owner).await;
    assert_eq!(connection["ad_accounts"].as_array().unwrap().len(), 2);
    refresh_all(&app).await;
    let accounts = owner.get("/ad-accounts").await.expect(200);
    for account in accounts["items"].as_array().unwrap() {
        assert_eq!(account["refresh_state"], "published", "{account}");
        let path = format!("/ad-accounts/{}/data", account["id"].as_str().unwrap());
        let answer = owner.get(&path).await;
        let etag = answer.header("etag").unwrap().to_owned();
        let data = answer.expect(200);
        assert_eq!(
            (&data["currency"], &data["last_good_day"]),
            (&account["currency"], &account["last_good_day"])
        );
        let days: Vec<i64> = data["periods"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p["days"].as_i64().unwrap())
            .collect();
        assert_eq!(days, [3, 7, 14, 30, 90]);
        assert_totals(&app, account["id"].as_str().unwrap(), &data["periods"][3]).await;
        let unchanged = owner
            .send("GET", &path, None, &[("If-None-Match", &etag)])
            .await;
        assert_eq!(unchanged.status, StatusCode::NOT_MODIFIED);
        let two = owner.get(&format!("{path}?period=7,90")).await.expect(200);
        assert_eq!(
            two["periods"],
            json!([data["periods"][1], data["periods"][4]])
        );
        owner
            .get(&format!("{path}?period=5"))
            .await
            .expect_problem(422, "invalid_input");
    }
}

/// The same sums, by a plain statement.
async fn assert_totals(app: &TestApp, account: &str, period: &Value) {
    let day = |key: &str| {
        period[key]
            .as_str()
            .unwrap()
            .parse::<chrono::NaiveDate>()
            .unwrap()
    };
    assert_eq!(
        (day("until") - day("since")).num_days() + 1,
        period["days"].as_i64().unwrap()
    );
    let row = sqlx::query!(
        r#"select sum(impressions)::int8 as "impressions!", count(distinct ad_id) as "ads!", sum(spend)::text as "spend!"
           from ad_daily where account_id = $1 and day between $2 and $3"#,
        account.parse::<Uuid>().unwrap(),
        day("since"),
        day("until"),
    )
    .fetch_one(&mut app.owner().await)
    .await
    .unwrap();
    let totals = &period["totals"];
    let shown = (
        totals["impressions"].as_i64().unwrap(),
        totals["ads"].as_i64().unwrap(),
        totals["spend"].as_str().unwrap().to_owned(),
    );
    let spend: f64 = row.spend.parse().unwrap();
    let cpm: f64 = totals["cpm"].as_str().unwrap().parse().unwrap();
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let expected = spend * 1000.0 / row.impressions as f64;
    assert!((cpm - expected).abs() < 0.01, "{cpm} {expected}");
    assert_eq!(shown, (row.impressions, row.ads, row.spend));
}

#[tokio::test]
async fn one_refresh_per_account_runs_and_a_duplicate_request_gets_its_job() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let connection = connect(&owner).await;
    let account = connection["ad_accounts"][0].as_str().unwrap();
    let path = format!("/ad-accounts/{account}/refresh");
    let first = owner.post(&path, json!(null)).await;
    let location = first.header("location").unwrap().to_owned();
    let first = first.expect(202);
    assert!(location.ends_with(first["job"]["id"].as_str().unwrap()));
    assert_eq!(owner.post(&path, json!(null)).await.expect(202), first);
    refresh_all(&app).await;
    let keyed = async || {
        owner
            .send("POST", &path, None, &[("Idempotency-Key", "k1")])
            .await
    };
    let second = keyed().await.expect(202);
    assert_ne!(second, first, "the first one is over");
    refresh_all(&app).await;
    let again = keyed().await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.expect(202), second);
    let viewer = owner.with_user(Role::Viewer).await;
    viewer
        .post(&path, json!(null))
        .await
        .expect_problem(403, "forbidden");
}

#[tokio::test]
async fn a_token_is_stored_sealed_and_one_that_meta_rejects_connects_nothing() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    app.run_jobs().await;
    let refused = owner
        .post("/ads/connections", json!({"access_token": "EAAnobody"}))
        .await;
    let problem = refused.expect_problem(422, "invalid_input");
    assert_eq!(problem["errors"][0]["field"], "access_token");
    assert!(!problem.to_string().contains("EAAnobody"));
    assert_eq!(
        owner.get("/ad-accounts").await.expect(200)["items"],
        json!([])
    );
    connect(&owner).await;
    let sealed = sqlx::query_scalar!(r#"select sealed_token as "token!" from ad_connections"#)
        .fetch_one(&mut app.owner().await)
        .await
        .unwrap();
    assert!(!String::from_utf8_lossy(&sealed).contains("EAA"));
    refresh_all(&app).await;
}

#[tokio::test]
async fn connecting_again_replaces_the_token_and_disconnecting_deletes_it() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let first = connect(&owner).await;
    let second = connect(&owner).await;
    assert_eq!(second["id"], first["id"]);
    refresh_all(&app).await;
    let path = format!("/ads/connections/{}", first["id"].as_str().unwrap());
    assert_eq!(owner.delete(&path).await.status, StatusCode::NO_CONTENT);
    owner.delete(&path).await.expect_problem(404, "not_found");
    let account = first["ad_accounts"][0].as_str().unwrap();
    let calls = app
        .sandbox
        .sandbox()
        .count_calls(sandbox::Provider::Meta, "start_report");
    owner
        .post(&format!("/ad-accounts/{account}/refresh"), json!(null))
        .await
        .expect(202);
    app.run_jobs().await;
    assert_eq!(
        app.sandbox
            .sandbox()
            .count_calls(sandbox::Provider::Meta, "start_report"),
        calls,
        "nothing is asked of Meta any more"
    );
    let data = owner
        .get(&format!("/ad-accounts/{account}/data"))
        .await
        .expect(200);
    assert_eq!(
        data["periods"].as_array().unwrap().len(),
        5,
        "what was published stays"
    );
}

#[tokio::test]
async fn another_company_gets_404() {
    let app = TestApp::start().await;
    let (owner, other) = (app.with_company().await, app.with_company().await);
    let connection = connect(&owner).await;
    let account = connection["ad_accounts"][0].as_str().unwrap();
    other
        .get(&format!("/ad-accounts/{account}/data"))
        .await
        .expect_problem(404, "not_found");
    other
        .post(&format!("/ad-accounts/{account}/refresh"), json!(null))
        .await
        .expect_problem(404, "not_found");
    let path = format!("/ads/connections/{}", connection["id"].as_str().unwrap());
    other.delete(&path).await.expect_problem(404, "not_found");
    assert_eq!(
        other.get("/ad-accounts").await.expect(200)["items"],
        json!([])
    );
    refresh_all(&app).await;
}

#[tokio::test]
async fn a_refresh_that_waits_for_a_limit_to_end_is_left_alone_by_further_requests() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let connection = connect(&owner).await;
    refresh_all(&app).await;
    let owner = app.sign_in(&owner.email, owner.company).await;
    let limit = sandbox::Fault::RateLimit {
        retry_after: 47 * 60,
    };
    crate::message_fixtures::add_fault(&app, "start_report", limit, 9);
    let account = connection["ad_accounts"][0].as_str().unwrap();
    let path = format!("/ad-accounts/{account}/refresh");
    let count_starts = || {
        app.sandbox
            .sandbox()
            .count_calls(sandbox::Provider::Meta, "start_report")
    };
    let started = count_starts();
    let job = owner.post(&path, json!(null)).await.expect(202)["job"].clone();
    app.run_jobs().await;
    let shown = format!("/jobs/{}", job["id"].as_str().unwrap());
    let due_at = owner.get(&shown).await.expect(200)["run_at"].clone();
    for _ in 0..3 {
        app.advance(Duration::from_secs(60)).await;
        let again = owner.post(&path, json!(null)).await.expect(202)["job"].clone();
        assert_eq!(again["id"], job["id"]);
        assert_eq!(again["state"], "scheduled");
        app.run_jobs().await;
    }
    assert_eq!(owner.get(&shown).await.expect(200)["run_at"], due_at);
    assert_eq!(count_starts(), started + 1);
}
