//! Invalid requests get a precise problem and change nothing.

use axum::body::Body;
use serde_json::json;

use crate::app::{Client, TestApp, TestResponse, encode};

async fn send_text(client: &Client<'_>, content_type: &str, body: impl Into<Body>) -> TestResponse {
    client
        .send_body("POST", "/api-keys", content_type, body)
        .await
}

#[tokio::test]
async fn an_invalid_field_is_named_by_its_problem() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let fields = [
        (
            r#"{"name": "Caisse", "role": "admin", "rolle": 1}"#,
            "rolle",
            "unknown_field",
        ),
        (r#"{"name": "Caisse"}"#, "role", "required"),
        (r#"{"name": 12, "role": "admin"}"#, "name", "invalid_value"),
        (
            r#"{"name": "Caisse", "role": "king"}"#,
            "role",
            "invalid_value",
        ),
        (
            r#"{"name": "Caisse\u0000", "role": "admin"}"#,
            "name",
            "nul_byte",
        ),
        (r#"["Caisse"]"#, "", "invalid_value"),
        (r#""Caisse""#, "", "invalid_value"),
        (r#"{"name": " ", "role": "admin"}"#, "name", "required"),
    ];
    for (body, field, code) in fields {
        let problem = send_text(&owner, "application/json", body)
            .await
            .expect_problem(422, "invalid_input");
        let error = &problem["errors"][0];
        assert_eq!(
            (error["field"].as_str(), error["code"].as_str()),
            (Some(field), Some(code)),
            "{body}"
        );
    }
    // A backslash before the digits: not a NUL.
    send_text(
        &owner,
        "application/json",
        r#"{"name": "\\u0000", "role": "admin"}"#,
    )
    .await
    .expect(201);
}

#[tokio::test]
async fn a_body_that_is_not_json_or_too_large_is_rejected() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for body in [
        "",
        "{",
        "nonsense",
        r#"{"name": "Caisse",}"#,
        r#"{"name": "a", "role": "admin"} x"#,
    ] {
        send_text(&owner, "application/json", body)
            .await
            .expect_problem(400, "invalid_json");
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        send_text(&owner, content_type, "{}")
            .await
            .expect_problem(415, "unsupported_media_type");
    }
    let huge = format!(r#"{{"name": "{}"}}"#, "x".repeat(1024 * 1024));
    send_text(&owner, "application/json", huge)
        .await
        .expect_problem(413, "body_too_large");
}

#[tokio::test]
async fn invalid_paths_and_methods_are_problems_too() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let company = owner.company();
    owner
        .get("/no-such-route")
        .await
        .expect_problem(404, "not_found");
    owner
        .send("PUT", "/api-keys", None, &[])
        .await
        .expect_problem(405, "method_not_allowed");
    owner
        .delete("/api-keys/not-a-uuid")
        .await
        .expect_problem(422, "invalid_input");
    owner
        .get("/products/17")
        .await
        .expect_problem(422, "invalid_input");
    owner
        .get("/companies/not-a-uuid")
        .await
        .expect_problem(422, "invalid_input");
    owner
        .patch(&format!("/companies/{company}/members/7"), json!({}))
        .await
        .expect_problem(422, "invalid_input");
    owner
        .delete("/api-keys/%00")
        .await
        .expect_problem(422, "invalid_input");
    owner
        .get("/api-keys?cursor=%00")
        .await
        .expect_problem(422, "invalid_input");
}

#[tokio::test]
async fn invalid_queries_and_headers_are_problems_too() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let company = owner.company();
    for query in [
        "limit=0",
        "limit=501",
        "limit=many",
        "cursor=nonsense",
        "cursor=e30",
    ] {
        owner
            .get(&format!("/api-keys?{query}"))
            .await
            .expect_problem(422, "invalid_input");
    }
    owner
        .send(
            "PATCH",
            &format!("/companies/{company}"),
            Some(json!({})),
            &[("If-Match", "old")],
        )
        .await
        .expect_problem(422, "invalid_input");
    owner
        .send("GET", "/api-keys", None, &[("X-Company-ID", "mine")])
        .await
        .expect(200);
    owner
        .in_company(None)
        .send("GET", "/api-keys", None, &[("X-Company-ID", "mine")])
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn every_invalid_field_of_a_registration_is_reported_at_once() {
    let app = TestApp::start().await;
    let body = json!({"email": "nope", "password": "short", "full_name": "", "phone": "12"});
    let problem = app
        .anonymous()
        .post("/auth/register", body)
        .await
        .expect_problem(422, "invalid_input");
    let fields: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["email", "full_name", "phone", "password"]);
    let users = sqlx::query_scalar!("select count(*) from users")
        .fetch_one(&mut app.owner().await)
        .await
        .unwrap();
    assert_eq!(users, Some(0));
}

#[tokio::test]
async fn pages_have_no_gap_and_no_overlap() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for n in 0..5 {
        owner
            .post(
                "/api-keys",
                json!({"name": format!("key {n}"), "role": "viewer"}),
            )
            .await
            .expect(201);
    }
    let mut names = Vec::new();
    let mut path = "/api-keys?limit=2".to_owned();
    loop {
        let page = owner.get(&path).await.expect(200);
        names.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|key| key["name"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/api-keys?limit=2&cursor={cursor}");
    }
    assert_eq!(names, ["key 4", "key 3", "key 2", "key 1", "key 0"]);
}

#[tokio::test]
async fn a_time_out_of_range_is_rejected() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    owner
        .post("/products", json!({"sku": "A", "name": "Riz"}))
        .await
        .expect(201);
    let mut wrong = Vec::new();
    for day in ["-9999-01-01", "-262000-01-01"] {
        let time = format!("{day}T00:00:00Z");
        for (path, body) in [
            ("/jobs", json!({"kind": "ops.ping", "run_at": time})),
            (
                "/sales",
                json!({"sku": "A", "quantity": 1, "sold_at": time}),
            ),
            ("/sales", json!({"sku": "A", "quantity": 1, "due_at": time})),
            (
                "/stock-movements",
                json!({"sku": "A", "kind": "entry", "quantity": 1, "at": time}),
            ),
            ("/predictions/runs", json!({"as_of": day})),
        ] {
            wrong.push((format!("{path} {body}"), owner.post(path, body).await));
        }
        for (query, value) in [
            ("/jobs?since=", time.as_str()),
            ("/sales?from=", day),
            ("/sales?to=", day),
        ] {
            wrong.push((
                format!("{query}{value}"),
                owner.get(&format!("{query}{}", encode(value))).await,
            ));
        }
    }
    let taken: Vec<_> = wrong
        .iter()
        .filter(|(_, answer)| answer.status != 422)
        .collect();
    assert!(taken.is_empty(), "{taken:#?}");
}

#[tokio::test]
async fn a_number_out_of_range_is_rejected() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let product = |field: &str, value: i64| json!({"sku": "B", "name": "b", field: value});
    let rule = |kind: &str, threshold: &str| {
        let to = json!([{"user_id": owner.user}]);
        json!({"name": "x", "kind": kind, "channels": ["email"], "recipients": to, "threshold": threshold})
    };
    for (path, body) in [
        ("/products", product("lead_time_days", -1)),
        ("/products", product("lead_time_days", i64::from(i32::MAX))),
        ("/products", product("lead_time_days", i64::MAX)),
        ("/products", product("min_stock", -1)),
        ("/products", product("pack_multiple", 0)),
        ("/products", product("sale_price", i64::MAX)),
        (
            "/products",
            json!({"sku": "B", "name": "b", "min_stock": 5, "max_stock": 1}),
        ),
        ("/suppliers", json!({"name": "b", "lead_time_days": -1})),
        ("/predictions/runs", json!({"horizon_days": 0})),
        ("/predictions/runs", json!({"horizon_days": u32::MAX})),
        ("/alert-rules", rule("rupture", "-1")),
        (
            "/alert-rules",
            rule("predicted_rupture", "79228162514264337593543950335"),
        ),
    ] {
        owner
            .post(path, body)
            .await
            .expect_problem(422, "invalid_input");
    }
    assert_eq!(owner.get("/products").await.expect(200)["items"], json!([]));
}
