//! Outages of Stripe, late responses, and missing events.

use std::time::Duration;

use domain::billing::{self, Entitlement, Plan, SubscriptionRecord};
use platform::db::Scope;
use sandbox::{Fault, Match, Rule};
use serde_json::json;

use crate::billing::{call_sandbox, current_plan, pay_plan, send_all_events, start_with_stripe};
use crate::shop::read_clock;

#[tokio::test]
async fn a_day_long_outage_of_stripe_loses_no_event() {
    let wrong_key = Fault::Status {
        code: 401,
        body: None,
    };
    for trouble in [
        Fault::Status {
            code: 500,
            body: None,
        },
        Fault::RateLimit { retry_after: 60 },
        wrong_key,
    ] {
        let app = start_with_stripe().await;
        let owner = app.with_company().await;
        app.run_jobs().await;
        pay_plan(&app, &owner, "pro").await;
        let matches = Match {
            operation: Some("fetch_subscription".into()),
            ..Match::default()
        };
        app.sandbox.sandbox().add_fault(Rule {
            matches,
            fault: trouble.clone(),
            times: None,
        });
        send_all_events(&app).await;
        for _ in 0..24 {
            app.advance(Duration::from_secs(3600)).await;
            app.run_jobs().await;
        }
        app.sandbox.sandbox().clear_faults();
        app.advance(Duration::from_secs(3600)).await;
        app.run_jobs().await;
        let owner = app.sign_in(&owner.email, owner.company).await;
        assert_eq!(
            current_plan(&owner).await,
            ("pro".to_owned(), json!("active")),
            "{trouble:?}"
        );
    }
}

#[tokio::test]
async fn a_missing_event_is_reconciled_within_a_day() {
    let app = start_with_stripe().await;
    let owner = app.with_company().await;
    app.run_jobs().await;
    let subscription = pay_plan(&app, &owner, "pro").await;
    send_all_events(&app).await;
    let asked = app
        .sandbox
        .sandbox()
        .count_calls(sandbox::Provider::Stripe, "fetch_subscription");
    for (status, expected) in [("canceled", "free"), ("active", "free")] {
        call_sandbox(
            &app,
            "POST",
            &format!("/subscriptions/{subscription}"),
            json!({"status": status}),
        )
        .await;
        let mut tx = app.db.db.begin_engine().await.unwrap();
        tx.enqueue(jobs::platform_job(&jobs::schedule::EnqueueForEach {
            timer: "reconcile-subscriptions".to_owned(),
        }))
        .await
        .unwrap();
        tx.commit().await.unwrap();
        app.run_jobs().await;
        assert_eq!(current_plan(&owner).await.0, expected);
    }
    let asked = app
        .sandbox
        .sandbox()
        .count_calls(sandbox::Provider::Stripe, "fetch_subscription")
        - asked;
    assert_eq!(asked, 1, "one that has ended isn't asked for again");
}

#[tokio::test]
async fn an_older_response_of_stripe_never_overwrites_a_newer_one() {
    let app = start_with_stripe().await;
    let owner = app.with_company().await;
    let company = owner.company();
    let record = |status: &str| SubscriptionRecord {
        stripe_id: "sub_1".into(),
        customer: "cus_1".into(),
        status: status.into(),
        price: None,
        cancel_at_period_end: false,
        cancel_at: None,
        current_period_start: None,
        current_period_end: None,
        started_at: None,
    };
    let now = read_clock(&app).await;
    let hour = chrono::TimeDelta::hours(1);
    let gives = |plan| Entitlement {
        plan,
        late_since: None,
    };
    let answers = [
        ("active", Plan::Pro, now, true),
        ("canceled", Plan::Free, now - hour, false),
        ("active", Plan::Enterprise, now + hour, true),
        ("active", Plan::Pro, now, false),
    ];
    for (status, given, asked_at, written) in answers {
        let mut tx = app.db.db.begin(Scope::company(company)).await.unwrap();
        let applied =
            billing::apply_record(&mut tx, company, &record(status), gives(given), asked_at)
                .await
                .unwrap();
        assert_eq!(applied, written, "{status} {asked_at}");
        tx.commit().await.unwrap();
    }
    assert_eq!(
        current_plan(&owner).await,
        ("enterprise".to_owned(), json!("active"))
    );
    app.run_jobs().await;
}
