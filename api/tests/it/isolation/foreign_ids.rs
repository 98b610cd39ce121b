//! Ids of another company in queries and bodies.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::filled_company::{digest_rows, fill_company, list_ids};
use crate::routes;
use crate::shop::{evaluate_alerts, list_alerts};

/// Every list that filters by an id: its parameter, and the table of the id.
const ASKED_BY: &[(&str, &str, &str)] = &[
    ("/products", "category_id", "categories"),
    ("/sales", "customer_id", "customers"),
    ("/sales", "product_id", "products"),
    ("/stock-movements", "product_id", "products"),
    ("/alerts", "rule_id", "alert_rules"),
    ("/predictions/ruptures", "run", "prediction_runs"),
    ("/products", "supplier_id", "suppliers"),
];

fn id_of<'a>(ids: &'a [(String, String)], table: &str) -> &'a str {
    &ids.iter()
        .find(|(name, _)| name == table)
        .expect("filled")
        .1
}

#[test]
fn every_query_parameter_with_an_id_is_covered() {
    let tried: Vec<_> = ASKED_BY
        .iter()
        .map(|(_, parameter, _)| *parameter)
        .collect();
    assert_eq!(routes::list_query_ids(), tried, "in the order of names");
}

#[tokio::test]
async fn a_list_filtered_by_an_id_of_another_company_is_empty() {
    let app = TestApp::start().await;
    let (theirs, mine) = (app.with_company().await, app.with_company().await);
    fill_company(&theirs).await;
    let (ids, before) = (list_ids(&theirs).await, digest_rows(&theirs).await);
    for (list, parameter, table) in ASKED_BY {
        let path = |id: &str| format!("{list}?{parameter}={id}");
        let shown = theirs.get(&path(id_of(&ids, table))).await.expect(200);
        assert_ne!(
            shown["items"],
            json!([]),
            "{list} by {parameter} shows its own company nothing"
        );
        for (named, id) in &ids {
            let answer = mine.get(&path(id)).await;
            let says_nothing =
                answer.status == 404 || (answer.status == 200 && answer.body["items"] == json!([]));
            assert!(
                says_nothing,
                "{list} by {parameter}, an id of {named}: {} {}",
                answer.status, answer.text
            );
        }
    }
    assert_eq!(digest_rows(&theirs).await, before);
}

#[tokio::test]
async fn a_list_searched_for_words_of_another_company_is_empty() {
    let app = TestApp::start().await;
    let (theirs, mine) = (app.with_company().await, app.with_company().await);
    fill_company(&theirs).await;
    let jobs = theirs.get("/jobs").await.expect(200);
    let asked = jobs["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|job| job["request_id"].is_string())
        .expect("filled");
    for path in [
        format!("/jobs?q={}", asked["request_id"].as_str().unwrap()),
        format!("/jobs?kind={}", asked["kind"].as_str().unwrap()),
        "/products?q=RIZ".to_owned(),
    ] {
        assert_ne!(
            theirs.get(&path).await.expect(200)["items"],
            json!([]),
            "{path}"
        );
        assert_eq!(
            mine.get(&path).await.expect(200)["items"],
            json!([]),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_body_with_an_id_of_another_company_is_rejected() {
    let app = TestApp::start().await;
    let (theirs, mine) = (app.with_company().await, app.with_company().await);
    fill_company(&theirs).await;
    let product = mine
        .post("/products", json!({"sku": "RIZ", "name": "Riz"}))
        .await
        .expect(201);
    let rule = &mine.get("/alert-rules").await.expect(200)["items"][0];
    let product = &format!("/products/{}", product["id"].as_str().unwrap());
    let rule = &format!("/alert-rules/{}", rule["id"].as_str().unwrap());
    let (ids, before) = (
        list_ids(&theirs).await,
        (digest_rows(&theirs).await, digest_rows(&mine).await),
    );
    for (method, path, body) in bodies_with_foreign_ids(&ids, product, rule) {
        let answer = mine.send(method, path, Some(body.clone()), &[]).await;
        assert!(
            matches!(answer.status.as_u16(), 404 | 422),
            "{method} {path} {body}: {}",
            answer.text
        );
    }
    assert_eq!(
        (digest_rows(&theirs).await, digest_rows(&mine).await),
        before
    );
}

/// Requests whose bodies hold ids of another company.
fn bodies_with_foreign_ids<'a>(
    ids: &[(String, String)],
    product: &'a str,
    rule: &'a str,
) -> Vec<(&'static str, &'a str, Value)> {
    let id = |table: &str| id_of(ids, table);
    let recipients = json!([{"user_id": id("users")}]);
    vec![
        (
            "POST",
            "/products",
            json!({"sku": "A", "name": "A", "category_id": id("categories")}),
        ),
        (
            "POST",
            "/products",
            json!({"sku": "A", "name": "A", "supplier_id": id("suppliers")}),
        ),
        ("PATCH", product, json!({"category_id": id("categories")})),
        ("PATCH", product, json!({"supplier_id": id("suppliers")})),
        (
            "POST",
            "/stock-movements",
            json!({"product_id": id("products"), "kind": "entry", "quantity": 1}),
        ),
        (
            "POST",
            "/stock-movements",
            json!({"sku": "RIZ", "kind": "entry", "quantity": 1, "site_id": id("sites")}),
        ),
        (
            "POST",
            "/sales",
            json!({"product_id": id("products"), "quantity": 1}),
        ),
        (
            "POST",
            "/sales",
            json!({"sku": "RIZ", "quantity": 1, "site_id": id("sites")}),
        ),
        (
            "POST",
            "/sales",
            json!({"sku": "RIZ", "quantity": 1, "customer_id": id("customers")}),
        ),
        (
            "POST",
            "/alert-rules",
            json!({"name": "x", "kind": "rupture", "channels": ["email"], "recipients": recipients}),
        ),
        ("PATCH", rule, json!({ "recipients": recipients })),
    ]
}

/// A filter is no reference: it may name what was archived, or nothing.
#[tokio::test]
async fn a_rule_filtered_by_ids_of_another_company_matches_nothing() {
    let app = TestApp::start().await;
    let (theirs, mine) = (app.with_company().await, app.with_company().await);
    fill_company(&theirs).await;
    assert!(!list_alerts(&theirs, "open").await.is_empty());
    let (ids, before) = (list_ids(&theirs).await, digest_rows(&theirs).await);
    let id = |table: &str| id_of(&ids, table);
    for filter in [
        json!({"product_ids": [id("products")]}),
        json!({"category_ids": [id("categories")]}),
        json!({"supplier_ids": [id("suppliers")]}),
        json!({"site_id": id("sites")}),
    ] {
        let recipients = json!([{"user_id": mine.user}]);
        let rule = json!({
            "name": filter.to_string(), "kind": "rupture", "channels": ["email"], "filter": filter,
            "recipients": recipients,
        });
        mine.post("/alert-rules", rule).await.expect(201);
    }
    evaluate_alerts(&mine).await;
    assert!(list_alerts(&mine, "open").await.is_empty());
    assert_eq!(digest_rows(&theirs).await, before);
}
