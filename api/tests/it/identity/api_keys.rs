//! API keys.

use domain::identity::Role;
use serde_json::{Value, json};

use crate::app::TestApp;

#[tokio::test]
async fn an_api_key_is_shown_once_works_in_its_company_and_ends_when_revoked() {
    let app = TestApp::start().await;
    let (owner, other) = (app.with_company().await, app.with_company().await);
    let created = owner
        .post("/api-keys", json!({"name": "Caisse", "role": "admin"}))
        .await
        .expect(201);
    let machine = owner
        .in_company(None)
        .with_token(created["key"].as_str().unwrap());
    let listed = machine.get("/api-keys").await.expect(200);
    assert_eq!(listed["items"][0].get("key"), None);
    assert_ne!(listed["items"][0]["last_used_at"], Value::Null);
    machine
        .in_company(other.company)
        .get("/api-keys")
        .await
        .expect_problem(404, "not_found");
    machine
        .post("/api-keys", json!({"name": "X", "role": "viewer"}))
        .await
        .expect_problem(403, "forbidden");
    machine
        .get("/auth/me")
        .await
        .expect_problem(401, "unauthenticated");

    owner
        .delete(&format!("/api-keys/{}", created["id"].as_str().unwrap()))
        .await
        .expect(204);
    machine
        .get("/api-keys")
        .await
        .expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn an_api_key_never_exceeds_the_role_of_its_creator() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let admin = owner.with_user(Role::Admin).await;
    let created = admin
        .post("/api-keys", json!({"name": "Caisse", "role": "admin"}))
        .await
        .expect(201);
    let machine = owner.with_token(created["key"].as_str().unwrap());
    machine.get("/api-keys").await.expect(200);
    let of_admin = format!("/companies/{}/members/{}", owner.company(), admin.user);
    owner
        .patch(&of_admin, json!({"role": "viewer"}))
        .await
        .expect(200);
    machine
        .get("/api-keys")
        .await
        .expect_problem(403, "forbidden");
    owner.delete(&of_admin).await.expect(204);
    machine
        .get("/api-keys")
        .await
        .expect_problem(401, "unauthenticated");
}
