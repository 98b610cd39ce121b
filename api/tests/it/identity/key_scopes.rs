//! What an API key may do: its scopes, its expiry, and what only people do.

use std::time::Duration;

use domain::identity::Role;
use serde_json::{Value, json};

use crate::app::{Client, TestApp};
use crate::filled_company::{digest_rows, fill_company};
use crate::isolation::acts_in_a_company;
use crate::routes::{self, Route};

/// What an API key cannot do, whatever its role and scopes.
const FOR_PEOPLE: &str = "API keys cannot do this: sign in as a person with the role for it";

/// Creates a key and returns a client that uses it.
async fn create_key<'a>(owner: &Client<'a>, key: Value) -> Client<'a> {
    let created = owner.post("/api-keys", key).await.expect(201);
    owner.with_token(created["key"].as_str().unwrap())
}

fn path_of(route: &Route, owner: &Client<'_>) -> String {
    let in_company = route.template.starts_with("/companies/");
    route.path(|name| match (name, in_company) {
        ("id", true) => owner.company().to_string(),
        _ => "0190c6a2-0000-7000-8000-000000000000".to_owned(),
    })
}

#[tokio::test]
async fn an_api_key_changes_no_access_no_billing_and_no_connection() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    fill_company(&owner).await;
    let member = owner.with_user(Role::Member).await;
    let machine = create_key(&owner, json!({"name": "Caisse", "role": "admin"})).await;
    let company = format!("/companies/{}", owner.company());
    let of_member = format!("{company}/members/{}", member.user);
    let keys = machine.get("/api-keys").await.expect(200);
    let key = format!("/api-keys/{}", keys["items"][0]["id"].as_str().unwrap());
    let connection: String =
        sqlx::query_scalar!(r#"select id::text as "id!" from ad_connections limit 1"#)
            .fetch_one(&mut app.owner().await)
            .await
            .unwrap();
    let connection = format!("/ads/connections/{connection}");
    let invitations = format!("{company}/invitations");
    let before = digest_rows(&owner).await;
    let person = json!({"email": "x@example.sn", "role": "admin"});
    for (method, path, body) in [
        ("POST", invitations.as_str(), person),
        ("PATCH", &of_member, json!({"role": "admin"})),
        ("DELETE", &of_member, json!({})),
        ("POST", "/api-keys", json!({"name": "X", "role": "viewer"})),
        ("DELETE", &key, json!({})),
        ("POST", "/billing/checkout-sessions", json!({"plan": "pro"})),
        ("POST", "/billing/portal-sessions", json!({})),
        ("POST", "/ads/connections", json!({"access_token": "x"})),
        ("DELETE", &connection, json!({})),
    ] {
        let refused = machine.send(method, path, Some(body), &[]).await;
        let problem = refused.expect_problem(403, "forbidden");
        assert_eq!(problem["detail"], FOR_PEOPLE, "{method} {path}");
    }
    assert_eq!(digest_rows(&owner).await, before);
}

#[tokio::test]
async fn every_route_of_a_company_needs_a_scope_or_a_person() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let body = |scopes: &str| json!({"name": "Caisse", "role": "admin", "scopes": [scopes]});
    let reader = create_key(&owner, body("catalog:read")).await;
    let company_reader = create_key(&owner, body("company:read")).await;
    let mut opened = Vec::new();
    // The router of a unit test has the root.
    let is_ours = |route: &&Route| acts_in_a_company(route) && route.template != "/";
    for route in routes::list_routes().iter().filter(is_ours) {
        let path = path_of(route, &owner);
        let answer = reader.send(route.method, &path, Some(json!({})), &[]).await;
        if answer.status != 403 {
            opened.push(format!("{} {}", route.method, route.template));
            continue;
        }
        // GET is never for people alone: a route that says so has no scope in `route_access`.
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(
            route.method != "GET" || detail.starts_with("the API key lacks the scope"),
            "{} needs a scope in auth/route_access.rs: {detail}",
            route.template
        );
    }
    let catalog = [
        "/products",
        "/categories",
        "/suppliers",
        "/sites",
        "/stock-movements",
        "/sales",
        "/batches",
    ];
    for route in &opened {
        let path = route
            .strip_prefix("GET ")
            .expect("a key to read changes nothing");
        assert!(
            catalog.iter().any(|prefix| path.starts_with(prefix)),
            "{route}"
        );
    }
    assert!(opened.len() >= catalog.len(), "{opened:?}");
    company_reader.get("/api-keys").await.expect(200);
    company_reader
        .get("/products")
        .await
        .expect_problem(403, "forbidden");
}

#[tokio::test]
async fn a_scope_to_write_opens_its_area_within_the_role() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let key = json!({"name": "Caisse", "role": "member", "scopes": ["catalog:write"]});
    let machine = create_key(&owner, key).await;
    machine.get("/products").await.expect(200);
    // The scope opens the route; the role still decides.
    machine
        .post("/products", json!({"sku": "A", "name": "Riz"}))
        .await
        .expect_problem(403, "forbidden");
    for scopes in [json!([]), json!(["everything"]), json!(["catalog:delete"])] {
        let key = json!({"name": "Caisse", "role": "member", "scopes": scopes});
        owner
            .post("/api-keys", key)
            .await
            .expect_problem(422, "invalid_input");
    }
}

#[tokio::test]
async fn an_api_key_ends_at_its_expiry_at_most_a_year_ahead() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let now = crate::shop::read_clock(&app).await;
    let key = |days: i64| {
        let expires_at = now + chrono::TimeDelta::days(days);
        json!({"name": "Caisse", "role": "admin", "expires_at": expires_at})
    };
    for days in [-1, 0, 367] {
        let refused = owner.post("/api-keys", key(days)).await;
        let problem = refused.expect_problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["field"], "expires_at", "{days}");
    }
    let machine = create_key(&owner, key(2)).await;
    let unlimited = create_key(&owner, json!({"name": "Caisse", "role": "admin"})).await;
    machine.get("/products").await.expect(200);
    app.advance(Duration::from_secs(2 * 86_400)).await;
    machine
        .get("/products")
        .await
        .expect_problem(401, "unauthenticated");
    app.advance(Duration::from_secs(363 * 86_400)).await;
    unlimited.get("/products").await.expect(200);
    app.advance(Duration::from_secs(2 * 86_400)).await;
    unlimited
        .get("/products")
        .await
        .expect_problem(401, "unauthenticated");
}
