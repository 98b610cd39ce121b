//! Every route, called with invalid ids and bodies: it responds with a problem and changes nothing.

use providers::sandbox::BREVO_WEBHOOK_TOKEN;
use serde_json::{Value, json};

use crate::app::{Client, TestApp};
use crate::filled_company::{digest_rows, fill_company};
use crate::routes::{self, Route};

/// Invalid ids.
const NO_IDS: &[&str] = &[
    "17",
    "not-a-uuid",
    "%20",
    "%00",
    "%FF",
    "..%2F..%2Fetc%2Fpasswd",
    "%27%20or%20true--",
    "0190c6a2-0000-7000-8000-00000000000g",
    "0190c6a2-0000-7000-8000-0000000000000",
];

/// Routes without a JSON body of ours, each with its reason.
const NO_JSON: &[(&str, &str)] = &[
    ("/auth/token", "a form, as OAuth2 has it"),
    ("/auth/operator-token", "a form, as OAuth2 has it"),
    ("/auth/operator-logout", "nothing to say"),
    ("/auth/logout", "a refresh token, or nothing"),
    ("/imports", "a form with a file"),
    ("/imports/preview", "a form with a file"),
    ("/imports/{id}/cancel", "nothing to say"),
    ("/imports/{id}/revert", "nothing to say"),
    ("/jobs/{id}/cancel", "nothing to say"),
    ("/jobs/{id}/retry", "nothing to say"),
    ("/sales/{id}/cancel", "nothing to say"),
    ("/batches/{id}/revert", "nothing to say"),
    ("/alerts/evaluations", "nothing to say"),
    ("/alerts/{id}/acknowledge", "nothing to say"),
    ("/alerts/{id}/resolve", "nothing to say"),
    ("/messages/{id}/retry", "nothing to say"),
    ("/ad-accounts/{id}/refresh", "nothing to say"),
    ("/billing/portal-sessions", "nothing to say"),
    ("/webhooks/stripe", "Stripe's own, and signed"),
    ("/webhooks/twilio/status", "Twilio's own, and signed"),
    ("/webhooks/twilio/inbound", "Twilio's own, and signed"),
    ("/webhooks/brevo/{token}", "Brevo's own"),
];

/// Routes that accept one object or a list.
const LISTS: &[&str] = &["/sales", "/stock-movements"];

fn right_id(client: &Client<'_>, route: &Route, parameter: &str) -> String {
    match (parameter, route.template.starts_with("/companies/")) {
        ("id", true) => client.company().to_string(),
        ("user_id", _) => client.user.to_string(),
        ("token", _) => BREVO_WEBHOOK_TOKEN.to_owned(),
        _ => "0190c6a2-0000-7000-8000-000000000000".to_owned(),
    }
}

fn with_json() -> Vec<Route> {
    let mut routes = routes::list_routes();
    let is_known = |template: &&str| routes.iter().any(|route| route.template == *template);
    let gone: Vec<_> = NO_JSON
        .iter()
        .map(|(template, _)| *template)
        .filter(|t| !is_known(t))
        .collect();
    assert!(gone.is_empty(), "exceptions without a route: {gone:?}");
    routes.retain(|route| {
        ["POST", "PUT", "PATCH"].contains(&route.method)
            && NO_JSON.iter().all(|(none, _)| route.template != *none)
    });
    routes
}

#[tokio::test]
async fn every_route_rejects_an_invalid_id_and_changes_nothing() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    fill_company(&owner).await;
    let before = digest_rows(&owner).await;
    for route in routes::list_routes() {
        for wrong in route.parameters() {
            for no_id in NO_IDS {
                let path = route.path(|name| {
                    if name == wrong {
                        (*no_id).to_owned()
                    } else {
                        right_id(&owner, &route, name)
                    }
                });
                let answer = owner.send(route.method, &path, Some(json!({})), &[]).await;
                let status = answer.status.as_u16();
                let problem = answer.expect_client_error();
                match wrong {
                    "token" if *no_id != "%00" => {
                        assert!([401, 422].contains(&status), "{path}: {problem}")
                    }
                    _ => assert!(
                        [404, 422].contains(&status),
                        "{} {path}: {problem}",
                        route.method
                    ),
                }
            }
        }
    }
    assert_eq!(digest_rows(&owner).await, before);
}

#[tokio::test]
async fn every_query_rejects_an_invalid_id() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for list in [
        "/products?category_id=",
        "/products?supplier_id=",
        "/sales?product_id=",
        "/sales?customer_id=",
        "/stock-movements?product_id=",
        "/alerts?rule_id=",
    ] {
        for no_id in NO_IDS {
            owner
                .get(&format!("{list}{no_id}"))
                .await
                .expect_problem(422, "invalid_input");
        }
        owner
            .get(list.trim_end_matches('='))
            .await
            .expect_problem(422, "invalid_input");
    }
}

#[tokio::test]
async fn every_route_rejects_a_body_of_the_wrong_type_and_changes_nothing() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    fill_company(&owner).await;
    let before = digest_rows(&owner).await;
    let mut accepted = Vec::new();
    for route in with_json() {
        let takes_lists = LISTS.contains(&route.template.as_str());
        let path = route.path(|name| right_id(&owner, &route, name));
        for body in [
            "[]", "[[]]", "[null]", "[1]", "\"x\"", "1", "-1.5", "true", "null",
        ] {
            if takes_lists && body == "[]" {
                continue;
            }
            let answer = owner
                .send_body(route.method, &path, "application/json", body)
                .await;
            if answer.status != 422 || answer.body["code"] != "invalid_input" {
                accepted.push(format!(
                    "{} {path} {body}: {} {}",
                    route.method, answer.status, answer.text
                ));
            }
        }
    }
    assert!(accepted.is_empty(), "{accepted:#?}");
    assert_eq!(digest_rows(&owner).await, before);
}

#[tokio::test]
async fn every_route_rejects_a_body_that_is_not_json() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let deep = "[".repeat(10_000);
    for route in with_json() {
        let path = route.path(|name| right_id(&owner, &route, name));
        for body in [
            "",
            " ",
            "{",
            "}",
            "nonsense",
            "{'a': 1}",
            "{\"a\": 1,}",
            "{} {}",
            "{\"a\": \"\t\"}",
            "\u{feff}{}",
        ] {
            let answer = owner
                .send_body(route.method, &path, "application/json", body)
                .await;
            assert!(
                [400, 422].contains(&answer.status.as_u16()),
                "{} {path} {body:?}: {}",
                route.method,
                answer.text
            );
            answer.expect_client_error();
        }
        owner
            .send_body(
                route.method,
                &path,
                "application/json",
                &b"{\"a\": \"\xff\"}"[..],
            )
            .await
            .expect_client_error();
        owner
            .send_body(route.method, &path, "application/json", deep.clone())
            .await
            .expect_client_error();
        let plain = owner
            .send_body(route.method, &path, "text/plain", "{}")
            .await;
        plain.expect_problem(415, "unsupported_media_type");
    }
}

#[tokio::test]
async fn every_route_names_an_unknown_field() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for route in with_json() {
        let path = route.path(|name| right_id(&owner, &route, name));
        for (value, code) in [("1", "unknown_field"), ("\"\\u0000\"", "nul_byte")] {
            let body = format!("{{\"no_such_field\": {value}}}");
            let answer = owner
                .send_body(route.method, &path, "application/json", body)
                .await;
            let problem = answer.expect_problem(422, "invalid_input");
            assert_eq!(
                problem["errors"][0]["field"], "no_such_field",
                "{} {path}: {problem}",
                route.method
            );
            assert_eq!(
                problem["errors"][0]["code"], code,
                "{} {path}: {problem}",
                route.method
            );
        }
    }
}

#[tokio::test]
async fn an_unknown_nested_field_is_rejected() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    owner
        .post("/products", json!({"sku": "A", "name": "Riz"}))
        .await
        .expect(201);
    let rule = |filter: Value, recipients: Value| {
        json!({
            "name": "x", "kind": "rupture", "channels": ["email"], "filter": filter, "recipients": recipients,
        })
    };
    for (path, body) in [
        ("/alert-rules", rule(json!({"no_such_field": 1}), json!([]))),
        (
            "/alert-rules",
            rule(
                json!({}),
                json!([{"user_id": owner.user, "no_such_field": 1}]),
            ),
        ),
        (
            "/jobs",
            json!({"kind": "ops.ping", "args": {"no_such_field": 1}}),
        ),
        (
            "/sales",
            json!([{"sku": "A", "quantity": 1, "no_such_field": 1}]),
        ),
        (
            "/stock-movements",
            json!([{"sku": "A", "kind": "entry", "quantity": 1, "no_such_field": 1}]),
        ),
    ] {
        owner
            .post(path, body)
            .await
            .expect_problem(422, "invalid_input");
    }
    for list in ["/jobs", "/sales", "/stock-movements"] {
        assert_eq!(
            owner.get(list).await.expect(200)["items"],
            json!([]),
            "{list}"
        );
    }
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_named_with_its_field() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for (path, body, field) in [
        ("/api-keys", json!({"name": "Caisse", "role": 1}), "role"),
        ("/api-keys", json!({"name": "Caisse", "role": []}), "role"),
        ("/billing/checkout-sessions", json!({"plan": 1}), "plan"),
        (
            "/sales",
            json!([{"sku": "A", "quantity": 1, "status": 1}]),
            "[0].status",
        ),
        (
            "/stock-movements",
            json!({"sku": "A", "quantity": 1, "kind": null}),
            "kind",
        ),
    ] {
        let problem = owner
            .post(path, body)
            .await
            .expect_problem(422, "invalid_input");
        let error = &problem["errors"][0];
        assert_eq!(
            (&error["field"], &error["code"]),
            (&json!(field), &json!("invalid_value")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_object_is_not_read_from_a_list() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let refresh = app
        .attempt_sign_in(&owner.email, crate::app::PASSWORD)
        .await
        .expect(200)["refresh_token"]
        .clone();
    let mut accepted = Vec::new();
    for (path, body) in [
        ("/auth/refresh", json!([refresh])),
        ("/api-keys", json!(["Caisse", "admin"])),
        ("/categories", json!(["Riz"])),
        ("/billing/checkout-sessions", json!(["pro"])),
        (
            "/stock-movements",
            json!([["A", null, "entry", 1, null, null, null, null, null]]),
        ),
    ] {
        let answer = owner.post(path, body.clone()).await;
        if answer.status != 422 {
            accepted.push(format!("{path} {body}: {} {}", answer.status, answer.text));
        }
    }
    assert!(accepted.is_empty(), "{accepted:#?}");
}
