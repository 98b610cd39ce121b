//! Plans and checkouts.

use domain::identity::Role;
use sandbox::{Fault, Match, Rule};
use serde_json::{Value, json};

use super::{call_sandbox, current_plan, pay_plan, send_all_events, start_with_stripe};

#[tokio::test]
async fn paying_a_checkout_starts_the_plan_and_cancelling_ends_it() {
    let app = start_with_stripe().await;
    let owner = app.with_company().await;
    app.run_jobs().await;
    assert_eq!(current_plan(&owner).await, ("free".to_owned(), Value::Null));
    let subscription = pay_plan(&app, &owner, "pro").await;
    send_all_events(&app).await;
    assert_eq!(
        current_plan(&owner).await,
        ("pro".to_owned(), json!("active"))
    );
    owner
        .post("/billing/checkout-sessions", json!({"plan": "pro"}))
        .await
        .expect_problem(409, "conflict");
    let portal = owner
        .post("/billing/portal-sessions", json!(null))
        .await
        .expect(201);
    assert!(portal["url"].as_str().unwrap().starts_with("http"));

    let path = format!("/subscriptions/{subscription}");
    call_sandbox(
        &app,
        "POST",
        &path,
        json!({"price": "price_sandbox_enterprise"}),
    )
    .await;
    send_all_events(&app).await;
    assert_eq!(
        current_plan(&owner).await,
        ("enterprise".to_owned(), json!("active"))
    );
    call_sandbox(&app, "POST", &path, json!({"status": "canceled"})).await;
    send_all_events(&app).await;
    assert_eq!(
        current_plan(&owner).await,
        ("free".to_owned(), json!("canceled"))
    );
}

#[tokio::test]
async fn a_repeated_checkout_opens_one_session_even_after_failures_at_stripe() {
    let app = start_with_stripe().await;
    let owner = app.with_company().await;
    app.run_jobs().await;
    let matches = Match {
        operation: Some("create_checkout_session".into()),
        ..Match::default()
    };
    let broken = Fault::Status {
        code: 500,
        body: None,
    };
    app.sandbox.sandbox().add_fault(Rule {
        matches: matches.clone(),
        fault: broken,
        times: Some(1),
    });
    app.sandbox.sandbox().add_fault(Rule {
        matches,
        fault: Fault::TimeoutAfter { hold_ms: 0 },
        times: Some(1),
    });
    let ask = || async {
        let body = Some(json!({"plan": "enterprise"}));
        owner
            .send(
                "POST",
                "/billing/checkout-sessions",
                body,
                &[("Idempotency-Key", "once")],
            )
            .await
    };
    ask().await.expect_problem(503, "unavailable");
    ask().await.expect_problem(503, "unavailable");
    let opened = ask().await.expect(201);
    let again = ask().await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.expect(201), opened);
    assert_eq!(
        app.sandbox
            .sandbox()
            .count_calls(sandbox::Provider::Stripe, "create_checkout_session"),
        3
    );
    let checkouts = sqlx::query_scalar!("select count(*) from checkouts")
        .fetch_one(&mut app.owner().await)
        .await;
    assert_eq!(checkouts.unwrap(), Some(1));
}

#[tokio::test]
async fn everyone_sees_the_plans_and_only_admins_pay() {
    let app = start_with_stripe().await;
    let owner = app.with_company().await;
    app.run_jobs().await;
    let viewer = owner.with_user(Role::Viewer).await;
    let plans = viewer.get("/billing/plans").await.expect(200);
    let names: Vec<_> = plans["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|plan| plan["plan"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["free", "pro", "enterprise"]);
    let pro = json!({"plan": "pro"});
    viewer
        .post("/billing/checkout-sessions", pro)
        .await
        .expect_problem(403, "forbidden");
    viewer
        .post("/billing/portal-sessions", json!(null))
        .await
        .expect_problem(403, "forbidden");
    owner
        .post("/billing/portal-sessions", json!(null))
        .await
        .expect_problem(409, "conflict");
    for (body, code) in [
        (json!({"plan": "free"}), "not_for_sale"),
        (json!({"plan": "gold"}), "invalid_value"),
    ] {
        let problem = owner
            .post("/billing/checkout-sessions", body)
            .await
            .expect_problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["code"], code);
    }
}
