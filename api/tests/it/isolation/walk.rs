//! Somebody of one company tries every route with everything of another's.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::filled::{FILLED, digest_of, fill, ids_of};
use crate::routes::{self, Route};

/// Routes that act in no company, each with its reason.
const WITHOUT_COMPANY: &[(&str, &str)] = &[
    ("/auth/", "before a company is chosen"),
    ("/health/", "for orchestrators"),
    ("/queues", "the platform's, by operators' tokens"),
    ("/webhooks/", "a provider calls, its signature decides"),
    ("/unsubscribe/", "the token in the link decides"),
    ("/invitations/accept", "the token in the message decides"),
];

/// Bodies that are right, where the empty one would be refused before anything is looked up.
fn body_of(route: &Route) -> Value {
    match (route.method, route.template.as_str()) {
        ("POST", "/companies/{id}/members") => json!({"email": "x@example.sn", "full_name": "X", "role": "viewer"}),
        ("POST", "/companies/{id}/invitations") => json!({"email": "x@example.sn", "role": "viewer"}),
        ("POST", "/alerts/{id}/snooze") => json!({"until": "2099-01-01T00:00:00Z"}),
        ("POST", "/imports/{id}/resume") => json!({"options": {}}),
        _ => json!({}),
    }
}

fn acts_in_a_company(route: &Route) -> bool {
    let is_exception = WITHOUT_COMPANY.iter().any(|(prefix, _)| route.template.starts_with(prefix));
    !is_exception && (route.method, route.template.as_str()) != ("POST", "/companies")
}

#[tokio::test]
async fn naming_another_company_is_a_404_on_every_route() {
    let app = TestApp::start().await;
    let (theirs, mine) = (app.with_company().await, app.with_company().await);
    let intruder = mine.in_company(theirs.company);
    for route in routes::all().iter().filter(|route| acts_in_a_company(route)) {
        let path = route.path(|_| theirs.company().to_string());
        let answer = intruder.send(route.method, &path, Some(body_of(route)), &[]).await;
        assert_eq!(answer.status, 404, "{} {path}: {}", route.method, answer.text);
    }
}

#[tokio::test]
async fn every_id_of_another_company_is_a_404_on_every_route() {
    let app = TestApp::start().await;
    let (theirs, mine) = (app.with_company().await, app.with_company().await);
    fill(&theirs).await;
    let (ids, before) = (ids_of(&theirs).await, digest_of(&theirs).await);
    for table in FILLED {
        assert!(ids.iter().any(|(filled, _)| filled == table), "no row in {table}: {ids:?}");
    }
    for route in routes::all().iter().filter(|route| route.has_parameters() && acts_in_a_company(route)) {
        for (table, id) in &ids {
            let path = route.path(|name| match (name, route.template.starts_with("/companies/{id}/")) {
                ("id", true) => mine.company().to_string(),
                _ => id.clone(),
            });
            if !path.contains(id.as_str()) {
                continue;
            }
            let answer = mine.send(route.method, &path, Some(body_of(route)), &[]).await;
            assert_eq!(answer.status, 404, "{} {path}, an id of {table}: {}", route.method, answer.text);
        }
    }
    assert_eq!(digest_of(&theirs).await, before);
}

#[tokio::test]
async fn no_list_shows_anything_of_another_company() {
    let app = TestApp::start().await;
    let (theirs, mine) = (app.with_company().await, app.with_company().await);
    fill(&theirs).await;
    let ids = ids_of(&theirs).await;
    let lists = routes::all();
    for route in lists.iter().filter(|r| r.method == "GET" && !r.has_parameters() && acts_in_a_company(r)) {
        let answer = mine.get(&route.template).await;
        assert!(!answer.status.is_server_error(), "{}: {}", route.template, answer.text);
        for (table, id) in &ids {
            assert!(!answer.text.contains(id.as_str()), "{} shows an id of {table}", route.template);
        }
    }
}

#[tokio::test]
async fn a_body_that_names_something_of_another_company_is_refused() {
    let app = TestApp::start().await;
    let (theirs, mine) = (app.with_company().await, app.with_company().await);
    fill(&theirs).await;
    mine.post("/products", json!({"sku": "RIZ", "name": "Riz"})).await.expect(201);
    let before = digest_of(&theirs).await;
    let ids = ids_of(&theirs).await;
    let id = |table: &str| &ids.iter().find(|(name, _)| name == table).expect("filled").1;
    let recipients = json!([{"user_id": id("users")}]);
    let tries = [
        ("/products", json!({"sku": "A", "name": "A", "category_id": id("categories")})),
        ("/products", json!({"sku": "A", "name": "A", "supplier_id": id("suppliers")})),
        ("/stock-movements", json!({"product_id": id("products"), "kind": "entry", "quantity": 1})),
        ("/stock-movements", json!({"sku": "RIZ", "kind": "entry", "quantity": 1, "site_id": id("sites")})),
        ("/sales", json!({"product_id": id("products"), "quantity": 1})),
        ("/sales", json!({"sku": "RIZ", "quantity": 1, "site_id": id("sites")})),
        ("/alert-rules", json!({"name": "x", "kind": "rupture", "channels": ["email"], "recipients": recipients})),
    ];
    for (path, body) in tries {
        let answer = mine.post(path, body.clone()).await;
        assert!(matches!(answer.status.as_u16(), 404 | 422), "{path} {body}: {}", answer.text);
    }
    assert_eq!(digest_of(&theirs).await, before);
}
