//! Companies and their members.

use domain::identity::Role;
use serde_json::json;

use crate::app::{TestApp, encode};

#[tokio::test]
async fn a_new_company_has_three_rules() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let kinds: Vec<_> = sqlx::query_scalar!(
        "select kind from alert_rules where company_id = $1 order by kind",
        owner.company().0,
    )
    .fetch_all(&mut app.owner().await)
    .await
    .unwrap();
    assert_eq!(kinds, ["low_stock", "predicted_rupture", "rupture"]);
}

#[tokio::test]
async fn a_person_with_several_companies_must_name_one() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let second = owner
        .post(
            "/companies",
            json!({"name": "Quincaillerie", "country": "CI"}),
        )
        .await
        .expect(201);
    let nameless = owner.in_company(None);
    nameless
        .get("/api-keys")
        .await
        .expect_problem(400, "company_required");
    let named = owner.in_company(Some(second["id"].as_str().unwrap().parse().unwrap()));
    named.get("/api-keys").await.expect(200);
    let me = owner.get("/auth/me").await.expect(200);
    assert_eq!(me["companies"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_change_of_an_old_version_is_rejected() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let path = format!("/companies/{}", owner.company());
    let etag = owner.get(&path).await.header("etag").unwrap().to_owned();
    let change = |name: &str| Some(json!({"name": name}));
    let match_read = [("If-Match", etag.as_str())];
    let changed = owner
        .send("PATCH", &path, change("Boutique Ndèye"), &match_read)
        .await
        .expect(200);
    assert_eq!(changed["name"], "Boutique Ndèye");
    owner
        .send("PATCH", &path, change("Boutique"), &match_read)
        .await
        .expect_problem(412, "version_mismatch");
    owner
        .patch(&path, json!({"timezone": "Mars/Olympus"}))
        .await
        .expect_problem(422, "invalid_input");
    owner
        .with_user(Role::Manager)
        .await
        .patch(&path, json!({"name": "X"}))
        .await
        .expect_problem(403, "forbidden");
}

#[tokio::test]
async fn a_company_keeps_an_owner_and_admins_cannot_change_owners() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let admin = owner.with_user(Role::Admin).await;
    let members = format!("/companies/{}/members", owner.company());
    let of = |user| format!("{members}/{user}");
    owner
        .delete(&of(owner.user))
        .await
        .expect_problem(409, "last_owner");
    owner
        .patch(&of(owner.user), json!({"role": "admin"}))
        .await
        .expect_problem(409, "last_owner");
    admin
        .patch(&of(owner.user), json!({"role": "viewer"}))
        .await
        .expect_problem(403, "forbidden");
    admin
        .patch(&of(admin.user), json!({"role": "owner"}))
        .await
        .expect_problem(403, "forbidden");
    owner
        .patch(&of(admin.user), json!({"role": "owner"}))
        .await
        .expect(200);
    owner.delete(&of(owner.user)).await.expect(204);
    let left = admin.get(&members).await.expect(200);
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_audit_log_lists_who_did_what() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let path = format!("/companies/{}", owner.company());
    let headers = [("X-Request-ID", "a-request-of-mine")];
    owner
        .send("PATCH", &path, Some(json!({"name": "Boutique"})), &headers)
        .await
        .expect(200);
    let log = owner.get("/audit-log?limit=1").await.expect(200);
    let entry = &log["items"][0];
    assert_eq!(entry["action"], "identity.change_company");
    assert_eq!(entry["actor_id"], owner.user.to_string());
    assert_eq!(entry["request_id"], "a-request-of-mine");
    owner
        .patch(&path, json!({"name": "Boutique Awa"}))
        .await
        .expect(200);
    let at = entry["at"].as_str().unwrap();
    for (query, found) in [
        (String::new(), 2),
        ("request_id=a-request-of-mine".to_owned(), 1),
        (format!("actor_id={}", owner.user), 2),
        (format!("actor_id={}", owner.company()), 0),
        (format!("subject_id={}", owner.company()), 2),
        ("action=identity.change_company".to_owned(), 2),
        ("action=identity.invite".to_owned(), 0),
        (format!("since={}", encode(at)), 2),
        (format!("until={}", encode(at)), 0),
    ] {
        let log = owner.get(&format!("/audit-log?{query}")).await.expect(200);
        let items = log["items"].as_array().unwrap();
        assert_eq!(items.len(), found, "{query}: {log}");
    }
    owner
        .with_user(Role::Manager)
        .await
        .get("/audit-log")
        .await
        .expect_problem(403, "forbidden");
}
