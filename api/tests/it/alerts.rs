//! Alerts, from the stock level that opens them to the messages on the phone.

use platform::db::Scope;
use serde_json::json;

use crate::app::TestApp;
use crate::shop::{
    PHONE, evaluate_alerts, insert_confirmed, insert_product, insert_steady_sales, list_alerts,
    list_messages, set_level, set_minimum,
};

#[tokio::test]
async fn an_empty_shelf_opens_one_alert_and_notifies_its_owner_once_on_each_channel() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let rice = insert_product(&owner, "Riz 5 kg").await;
    insert_product(&owner, "never counted").await;
    set_level(&owner, rice, 0).await;
    for _ in 0..3 {
        evaluate_alerts(&owner).await;
    }

    let open = list_alerts(&owner, "open").await;
    assert_eq!(open.len(), 1);
    assert_eq!(
        (&open[0]["kind"], &open[0]["severity"], &open[0]["products"]),
        (&json!("rupture"), &json!("high"), &json!(1))
    );

    let whatsapp = app.list_messages_to(PHONE).await;
    assert_eq!(whatsapp.len(), 1);
    let text = whatsapp[0]["body"].as_str().unwrap();
    assert!(
        text.contains("Boutique Awa : 1 produit en rupture de stock"),
        "{text}"
    );
    assert!(text.contains("Riz 5 kg (reste 0)"), "{text}");
    let email = app.list_messages_to(&owner.email).await;
    assert_eq!(email.len(), 1);
    assert!(
        email[0]["html"]
            .as_str()
            .unwrap()
            .contains("<li>Riz 5 kg (reste 0)</li>")
    );
}

#[tokio::test]
async fn two_concurrent_evaluations_open_one_alert_and_one_message_each() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for name in ["a", "b", "c"] {
        let product = insert_product(&owner, name).await;
        set_level(&owner, product, -1).await;
    }
    let company = owner.company();
    let once = || async {
        let mut tx = app.db.db.begin(Scope::company(company)).await.unwrap();
        let now = platform::db::load_now(&mut tx).await.unwrap();
        let done = jobs::alerts::evaluate_company(&mut tx, company, now)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        done.changed
    };
    let changed = tokio::join!(once(), once(), once(), once());
    assert_eq!(changed.0 + changed.1 + changed.2 + changed.3, 1);
    app.run_jobs().await;
    assert_eq!(list_alerts(&owner, "open").await.len(), 1);
    assert_eq!(app.list_messages_to(PHONE).await.len(), 1);
    assert_eq!(app.list_messages_to(&owner.email).await.len(), 1);
}

#[tokio::test]
async fn a_second_open_alert_is_impossible() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let shelf = insert_product(&owner, "a").await;
    set_level(&owner, shelf, 0).await;
    evaluate_alerts(&owner).await;
    let copied = sqlx::query!(
        "insert into alerts (company_id, id, rule_id, kind, state, severity, peak_severity, products, opened_at, updated_at)
         select company_id, gen_random_uuid(), rule_id, kind, 'acknowledged', severity, severity, 1, opened_at, updated_at
         from alerts"
    )
    .execute(&mut app.owner().await)
    .await;
    let refused = copied.unwrap_err();
    assert_eq!(
        refused.as_database_error().unwrap().constraint(),
        Some("alerts_one_open")
    );
}

#[tokio::test]
async fn a_newly_concerned_product_is_notified_and_an_improvement_is_not() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let (rice, milk) = (
        insert_product(&owner, "Riz").await,
        insert_product(&owner, "Lait").await,
    );
    set_level(&owner, rice, 0).await;
    set_level(&owner, milk, 9).await;
    evaluate_alerts(&owner).await;
    set_level(&owner, milk, 0).await;
    evaluate_alerts(&owner).await;
    let told = app.list_messages_to(PHONE).await;
    assert_eq!(told.len(), 2);
    assert!(
        told[1]["body"]
            .as_str()
            .unwrap()
            .contains("Nouveau : 1 produit en rupture de stock")
    );
    assert!(!told[1]["body"].as_str().unwrap().contains("Riz"));

    set_level(&owner, rice, 5).await;
    evaluate_alerts(&owner).await;
    assert_eq!(list_alerts(&owner, "open").await[0]["products"], 1);
    set_level(&owner, milk, 5).await;
    evaluate_alerts(&owner).await;
    assert_eq!(list_alerts(&owner, "open").await.len(), 0);
    assert_eq!(app.list_messages_to(PHONE).await.len(), 2);

    let resolved = &list_alerts(&owner, "resolved").await[0];
    let path = format!("/alerts/{}/timeline", resolved["id"].as_str().unwrap());
    let timeline = owner.get(&path).await.expect(200);
    let events: Vec<_> = timeline["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["event"].as_str().unwrap())
        .collect();
    assert_eq!(
        events,
        [
            "opened",
            "notified",
            "notified",
            "product_added",
            "notified",
            "notified",
            "product_resolved",
            "product_resolved",
            "resolved"
        ]
    );
    assert_eq!(timeline["items"][0]["details"]["formula"], "level <= 0");
    assert_eq!(
        timeline["items"][0]["details"]["products"][0]["figures"],
        json!({"level": 0.0})
    );
    assert_eq!(timeline["messages"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn an_unknown_level_neither_opens_nor_resolves_an_alert() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let rice = insert_product(&owner, "Riz").await;
    set_minimum(&owner, rice, 10).await;
    evaluate_alerts(&owner).await;
    assert_eq!(list_alerts(&owner, "open").await.len(), 0);
    set_level(&owner, rice, 0).await;
    evaluate_alerts(&owner).await;
    sqlx::query!("delete from stock_levels")
        .execute(&mut app.owner().await)
        .await
        .unwrap();
    evaluate_alerts(&owner).await;
    assert_eq!(list_alerts(&owner, "open").await.len(), 1);
}

#[tokio::test]
async fn low_stock_resolves_ten_per_cent_above_its_minimum() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let oil = insert_product(&owner, "Huile").await;
    set_minimum(&owner, oil, 10).await;
    for (level, open) in [(11, 0), (10, 1), (11, 1), (12, 0), (11, 0)] {
        set_level(&owner, oil, level).await;
        evaluate_alerts(&owner).await;
        assert_eq!(list_alerts(&owner, "open").await.len(), open, "{level}");
    }
    assert_eq!(app.list_messages_to(PHONE).await.len(), 1);
}

#[tokio::test]
async fn a_predicted_rupture_is_notified_with_its_figures_and_again_when_it_escalates() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let rice = insert_product(&owner, "Riz").await;
    insert_steady_sales(&owner, rice, 60, 4).await;
    set_level(&owner, rice, 25).await;
    owner.post("/predictions/runs", json!({})).await.expect(202);
    app.run_jobs().await;

    let open = list_alerts(&owner, "open").await;
    assert_eq!(
        (&open[0]["kind"], &open[0]["severity"]),
        (&json!("predicted_rupture"), &json!("medium"))
    );
    let first = app.list_messages_to(PHONE).await[0]["body"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        first.contains("Riz (reste 25, rupture dans 7 jours, risque 67 %)"),
        "{first}"
    );

    set_level(&owner, rice, 9).await;
    evaluate_alerts(&owner).await;
    let told = app.list_messages_to(PHONE).await;
    assert_eq!(told.len(), 2);
    assert!(
        told[1]["body"].as_str().unwrap().contains("Plus urgent"),
        "{}",
        told[1]
    );
    assert_eq!(list_alerts(&owner, "open").await[0]["severity"], "high");

    set_level(&owner, rice, 500).await;
    evaluate_alerts(&owner).await;
    assert_eq!(list_alerts(&owner, "open").await.len(), 0);
}

#[tokio::test]
async fn another_company_sees_no_alerts_messages_or_rules() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let rice = insert_product(&owner, "Riz").await;
    insert_steady_sales(&owner, rice, 3, 1).await;
    set_level(&owner, rice, 0).await;
    let run = owner.post("/predictions/runs", json!({})).await.expect(202);
    app.run_jobs().await;
    let first = |body: serde_json::Value| body["items"][0]["id"].as_str().unwrap().to_owned();
    let alert = first(owner.get("/alerts").await.expect(200));
    let message = first(owner.get("/messages").await.expect(200));
    let rule = first(owner.get("/alert-rules").await.expect(200));

    let stranger = app.with_company().await;
    for path in [
        "/alerts",
        "/messages",
        "/predictions/ruptures",
        "/suppressions",
    ] {
        assert_eq!(
            stranger.get(path).await.expect(200)["items"],
            json!([]),
            "{path}"
        );
    }
    for path in [
        format!("/alerts/{alert}"),
        format!("/alerts/{alert}/timeline"),
        format!("/messages/{message}"),
        format!("/alert-rules/{rule}"),
        format!("/predictions/runs/{}", run["run"]["id"].as_str().unwrap()),
        format!("/products/{rice}/prediction"),
    ] {
        owner.get(&path).await.expect(200);
        stranger.get(&path).await.expect_problem(404, "not_found");
    }
    stranger
        .post(&format!("/alerts/{alert}/resolve"), json!({}))
        .await
        .expect_problem(404, "not_found");
    stranger
        .delete(&format!("/alert-rules/{rule}"))
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_rule_is_validated_changed_by_version_and_archived_with_its_alert() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    insert_confirmed(&owner, "+221779998877").await;
    let body = json!({
        "name": "Riz", "kind": "low_stock", "threshold": "5", "channels": ["whatsapp"],
        "recipients": [{"address": "77 999 88 77"}, {"user_id": owner.user}],
    });
    let rule = owner.post("/alert-rules", body.clone()).await.expect(201);
    assert_eq!(rule["recipients"][0]["address"], "+221779998877");
    let wrong = json!({
        "name": " ", "kind": "predicted_rupture", "threshold": "1.5", "channels": [],
        "recipients": [{"address": "nobody"}, {"user_id": platform::ids::Uuid::nil()}],
    });
    let problem = owner
        .post("/alert-rules", wrong)
        .await
        .expect_problem(422, "invalid_input");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 4);
    let mut many = body.clone();
    many["recipients"] = vec![json!({"user_id": owner.user}); 21].into();
    let problem = owner
        .post("/alert-rules", many)
        .await
        .expect_problem(422, "invalid_input");
    assert_eq!(problem["errors"][0]["code"], "too_many");

    let shelf = insert_product(&owner, "Riz").await;
    set_level(&owner, shelf, 3).await;
    evaluate_alerts(&owner).await;
    assert_eq!(app.list_messages_to("+221779998877").await.len(), 1);

    let path = format!("/alert-rules/{}", rule["id"].as_str().unwrap());
    let off = json!({"enabled": false, "threshold": null});
    let stale = owner
        .send("PATCH", &path, Some(off.clone()), &[("If-Match", "\"7\"")])
        .await;
    stale.expect_problem(412, "version_mismatch");
    let changed = owner
        .send("PATCH", &path, Some(off), &[("If-Match", "\"1\"")])
        .await
        .expect(200);
    assert_eq!(
        (&changed["enabled"], &changed["threshold"]),
        (&json!(false), &json!(null))
    );
    evaluate_alerts(&owner).await;
    assert_eq!(list_alerts(&owner, "open").await.len(), 0);
    owner.delete(&path).await.expect(204);
    owner.get(&path).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn the_tick_evaluates_every_company_that_has_products() {
    let app = TestApp::start().await;
    let (one, two) = (app.with_company().await, app.with_company().await);
    app.with_company().await;
    for owner in [&one, &two] {
        let shelf = insert_product(owner, "a").await;
        set_level(owner, shelf, 0).await;
    }
    let mut tx = app.db.db.begin_engine().await.unwrap();
    tx.enqueue(jobs::platform_job(&jobs::schedule::EnqueueForEach {
        timer: "evaluate-alerts".to_owned(),
    }))
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let evaluated = app
        .run_jobs()
        .await
        .iter()
        .filter(|ran| ran.kind == "alerts.evaluate")
        .count();
    assert_eq!(evaluated, 2);
    for owner in [&one, &two] {
        assert_eq!(list_alerts(owner, "open").await.len(), 1);
        assert_eq!(list_messages(owner, "email").await.len(), 1);
    }
}
