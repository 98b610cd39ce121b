//! Actions on an alert, and a concurrent evaluation.

use std::time::Duration;

use domain::alerts::{AlertId, RuleKind};
use domain::identity::Role;
use platform::db::Scope;
use serde_json::json;

use crate::app::TestApp;
use crate::shop::{PHONE, evaluate_alerts, insert_product, list_alerts, read_clock, set_level};

#[tokio::test]
async fn people_acknowledge_snooze_and_resolve_alerts() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let (rice, milk) = (
        insert_product(&owner, "Riz").await,
        insert_product(&owner, "Lait").await,
    );
    set_level(&owner, rice, 0).await;
    evaluate_alerts(&owner).await;
    let id = list_alerts(&owner, "open").await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = |verb: &str| format!("/alerts/{id}/{verb}");
    assert_eq!(
        owner
            .post(&path("acknowledge"), json!({}))
            .await
            .expect(200)["state"],
        "acknowledged"
    );

    let until = read_clock(&app).await + chrono::TimeDelta::hours(1);
    assert_eq!(
        owner
            .post(&path("snooze"), json!({ "until": until }))
            .await
            .expect(200)["state"],
        "snoozed"
    );
    set_level(&owner, milk, 0).await;
    evaluate_alerts(&owner).await;
    assert_eq!(app.list_messages_to(PHONE).await.len(), 1);
    app.advance(Duration::from_secs(3700)).await;
    let owner = app.sign_in(&owner.email, owner.company).await;
    for _ in 0..2 {
        evaluate_alerts(&owner).await;
    }
    assert_eq!(list_alerts(&owner, "acknowledged").await.len(), 1);
    let told = app.list_messages_to(PHONE).await;
    assert_eq!(told.len(), 2, "what happened meanwhile is told once");
    let text = told[1]["body"].as_str().unwrap();
    assert!(text.contains("Lait") && !text.contains("Riz"), "{text}");

    let viewer = owner.with_user(Role::Viewer).await;
    viewer
        .post(&path("resolve"), json!({}))
        .await
        .expect_problem(403, "forbidden");
    owner.post(&path("resolve"), json!({})).await.expect(200);
    owner
        .post(&path("acknowledge"), json!({}))
        .await
        .expect_problem(409, "alert_resolved");
    evaluate_alerts(&owner).await;
    assert_eq!(list_alerts(&owner, "open").await.len(), 1);
}

#[tokio::test]
async fn an_alert_resolved_by_hand_during_an_evaluation_notifies_nobody() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let (rice, milk) = (
        insert_product(&owner, "Riz").await,
        insert_product(&owner, "Lait").await,
    );
    set_level(&owner, rice, 0).await;
    evaluate_alerts(&owner).await;
    set_level(&owner, milk, 0).await;
    let alert: AlertId = list_alerts(&owner, "open").await[0]["id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let company = owner.company();
    let mut by_hand = app.db.db.begin(Scope::company(company)).await.unwrap();
    let at = read_clock(&app).await;
    domain::alerts::resolve_alert(&mut by_hand, company, alert, None, at)
        .await
        .unwrap();
    let evaluation = async {
        let mut tx = app.db.db.begin(Scope::company(company)).await.unwrap();
        jobs::alerts::evaluate_company(&mut tx, company, at)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    };
    let resolution = async {
        while sqlx::query_scalar!("select 1 from pg_locks where not granted")
            .fetch_optional(&mut app.owner().await)
            .await
            .unwrap()
            .is_none()
        {}
        by_hand.commit().await.unwrap();
    };
    let both = Box::pin(async { tokio::join!(evaluation, resolution) });
    tokio::time::timeout(Duration::from_secs(30), both)
        .await
        .unwrap();
    app.run_jobs().await;
    let items = sqlx::query_scalar!(
        "select count(*) from alert_items where alert_id = $1 and resolved_at is null",
        alert.0
    );
    assert_eq!(
        items.fetch_one(&mut app.owner().await).await.unwrap(),
        Some(0)
    );
    let causes = sqlx::query_scalar!("select distinct cause from notifications")
        .fetch_all(&mut app.owner().await)
        .await;
    assert_eq!(causes.unwrap(), ["opened"]);
}

#[tokio::test]
async fn a_corrupt_stored_filter_is_an_error_and_watches_no_product() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let rice = insert_product(&owner, "Riz").await;
    set_level(&owner, rice, 0).await;
    let company = owner.company();
    sqlx::query!(
        r#"update alert_rules set filter = '{"product_ids": "all"}'
           where company_id = $1 and kind = 'rupture'"#,
        company.0
    )
    .execute(&mut app.owner().await)
    .await
    .unwrap();
    let mut tx = app.db.db.begin(Scope::company(company)).await.unwrap();
    let at = read_clock(&app).await;
    let failed = jobs::alerts::evaluate_company(&mut tx, company, at).await;
    assert!(failed.is_err(), "{failed:?}");
    let listed = domain::alerts::list_rules(&mut tx, None, 10).await;
    let cause = listed.unwrap_err().to_string();
    assert!(cause.contains("decoding column"), "{cause}");
    drop(tx);

    sqlx::query!(
        "update alert_rules set enabled = false where company_id = $1 and kind = 'rupture'",
        company.0
    )
    .execute(&mut app.owner().await)
    .await
    .unwrap();
    let mut tx = app.db.db.begin(Scope::company(company)).await.unwrap();
    let evaluated = jobs::alerts::evaluate_company(&mut tx, company, at).await;
    assert!(
        evaluated.is_ok(),
        "a disabled rule stops no other: {evaluated:?}"
    );
}

#[tokio::test]
async fn the_database_accepts_every_kind_of_rule() {
    let app = TestApp::start().await;
    for kind in RuleKind::ALL {
        let accepting = sqlx::query_scalar!(
            r#"select conrelid::regclass::text as "table!" from pg_constraint
               where conrelid in ('alert_rules'::regclass, 'alerts'::regclass)
                 and pg_get_constraintdef(oid) like '%(kind = ANY %''' || $1 || '''%' order by 1"#,
            kind.as_str()
        )
        .fetch_all(&mut app.owner().await)
        .await;
        assert_eq!(accepting.unwrap(), ["alert_rules", "alerts"], "{kind:?}");
    }
}
