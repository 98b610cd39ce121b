//! Wrong requests get a clear problem and leave nothing behind.

use axum::body::Body;
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::json;

use crate::app::{Answer, Client, TestApp};

async fn send_text(client: &Client<'_>, content_type: &str, body: impl Into<Body>) -> Answer {
    let mut request = Request::post("/api/v1/api-keys").header(CONTENT_TYPE, content_type);
    if let Some(token) = &client.token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    client.app.call(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn each_wrong_body_is_named_by_what_is_wrong_with_it() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let fields = [
        (r#"{"name": "Caisse", "role": "admin", "rolle": 1}"#, "rolle", "unknown_field"),
        (r#"{"name": "Caisse"}"#, "role", "required"),
        (r#"{"name": 12, "role": "admin"}"#, "name", "invalid_value"),
        (r#"{"name": "Caisse", "role": "king"}"#, "role", "invalid_value"),
        (r#"{"name": "Caisse\u0000", "role": "admin"}"#, "name", "nul_byte"),
        (r#"["Caisse"]"#, "", "invalid_value"),
        (r#""Caisse""#, "", "invalid_value"),
        (r#"{"name": " ", "role": "admin"}"#, "name", "required"),
    ];
    for (body, field, code) in fields {
        let problem = send_text(&owner, "application/json", body).await.expect_problem(422, "invalid_input");
        let error = &problem["errors"][0];
        assert_eq!((error["field"].as_str(), error["code"].as_str()), (Some(field), Some(code)), "{body}");
    }
    // A backslash before the digits: not a NUL.
    send_text(&owner, "application/json", r#"{"name": "\\u0000", "role": "admin"}"#).await.expect(201);
    for body in ["", "{", "nonsense", r#"{"name": "Caisse",}"#, r#"{"name": "a", "role": "admin"} x"#] {
        send_text(&owner, "application/json", body).await.expect_problem(400, "invalid_json");
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        send_text(&owner, content_type, "{}").await.expect_problem(415, "unsupported_media_type");
    }
    let huge = format!(r#"{{"name": "{}"}}"#, "x".repeat(1024 * 1024));
    send_text(&owner, "application/json", huge).await.expect_problem(413, "body_too_large");
}

#[tokio::test]
async fn wrong_paths_queries_and_methods_are_problems_too() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let company = owner.company();
    owner.get("/no-such-route").await.expect_problem(404, "not_found");
    owner.send("PUT", "/api-keys", None, &[]).await.expect_problem(405, "method_not_allowed");
    owner.delete("/api-keys/not-a-uuid").await.expect_problem(422, "invalid_input");
    owner.get("/companies/not-a-uuid").await.expect_problem(422, "invalid_input");
    owner.patch(&format!("/companies/{company}/members/7"), json!({})).await.expect_problem(422, "invalid_input");
    owner.delete("/api-keys/%00").await.expect_problem(422, "invalid_input");
    owner.get("/api-keys?cursor=%00").await.expect_problem(422, "invalid_input");
    for query in ["limit=0", "limit=501", "limit=many", "cursor=nonsense", "cursor=e30"] {
        owner.get(&format!("/api-keys?{query}")).await.expect_problem(422, "invalid_input");
    }
    owner
        .send("PATCH", &format!("/companies/{company}"), Some(json!({})), &[("If-Match", "old")])
        .await
        .expect_problem(422, "invalid_input");
    owner.send("GET", "/api-keys", None, &[("X-Company-ID", "mine")]).await.expect(200);
    owner
        .in_company(None)
        .send("GET", "/api-keys", None, &[("X-Company-ID", "mine")])
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn every_wrong_field_of_a_registration_is_told_at_once() {
    let app = TestApp::start().await;
    let body = json!({"email": "nope", "password": "short", "full_name": "", "phone": "12"});
    let problem = app.anonymous().post("/auth/register", body).await.expect_problem(422, "invalid_input");
    let fields: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["email", "full_name", "phone", "password"]);
    let users = sqlx::query_scalar!("select count(*) from users").fetch_one(&mut app.owner().await).await.unwrap();
    assert_eq!(users, Some(0));
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_overlap() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for n in 0..5 {
        owner.post("/api-keys", json!({"name": format!("key {n}"), "role": "viewer"})).await.expect(201);
    }
    let mut names = Vec::new();
    let mut path = "/api-keys?limit=2".to_owned();
    loop {
        let page = owner.get(&path).await.expect(200);
        names.extend(page["items"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api-keys?limit=2&cursor={cursor}");
    }
    assert_eq!(names, ["key 4", "key 3", "key 2", "key 1", "key 0"]);
}
