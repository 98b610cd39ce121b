//! Companies, their people, invitations, resets and API keys.

use std::time::Duration;

use domain::identity::Role;
use serde_json::{Value, json};

use crate::app::{PASSWORD, TestApp};

#[tokio::test]
async fn somebody_registers_with_a_company_and_finds_it_again() {
    let app = TestApp::start().await;
    let registration = json!({
        "email": " Awa@Example.SN ", "password": PASSWORD, "full_name": "Awa Diop",
        "company_name": "Boutique Awa", "phone": "77 123 45 67", "language": "en",
    });
    let body = app
        .anonymous()
        .post("/auth/register", registration.clone())
        .await
        .expect(201);
    assert_eq!(body["user"]["email"], "awa@example.sn");
    assert_eq!(body["user"]["phone"], "+221771234567");
    let company = &body["company"];
    assert_eq!(
        (&company["currency"], &company["timezone"]),
        (&json!("XOF"), &json!("Africa/Dakar"))
    );

    let session = app
        .try_sign_in("AWA@example.sn", PASSWORD)
        .await
        .expect(200);
    assert_eq!(
        session["companies"],
        json!([{"id": company["id"], "name": "Boutique Awa", "role": "owner"}])
    );
    assert_eq!(
        (&session["token_type"], &session["expires_in"]),
        (&json!("bearer"), &json!(900))
    );
    app.anonymous()
        .post("/auth/register", registration)
        .await
        .expect_problem(409, "email_taken");
}

#[tokio::test]
async fn a_new_company_begins_with_three_rules() {
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
async fn somebody_with_several_companies_names_one() {
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
async fn a_change_against_an_old_version_is_refused() {
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
async fn a_company_keeps_an_owner_and_an_admin_stays_below_it() {
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
async fn an_account_made_by_an_admin_changes_its_password_first() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let members = format!("/companies/{}/members", owner.company());
    let body = json!({"email": "modou@example.sn", "full_name": "Modou Fall", "role": "member"});
    let created = owner.post(&members, body).await.expect(201);
    let temporary = created["temporary_password"].as_str().unwrap();

    let session = app
        .try_sign_in("modou@example.sn", temporary)
        .await
        .expect(200);
    assert_eq!(session["must_change_password"], true);
    let modou = owner.with_token(session["access_token"].as_str().unwrap());
    modou
        .get(&members)
        .await
        .expect_problem(403, "password_change_required");
    modou
        .post("/companies", json!({"name": "Mine"}))
        .await
        .expect_problem(403, "password_change_required");
    let change = json!({"current_password": temporary, "new_password": "modou-vend-du-mil"});
    modou.post("/auth/password", change).await.expect(204);
    modou.get(&members).await.expect(200);
}

/// The secret at the end of the link in the last message to an address.
pub(crate) async fn mailed_token(app: &TestApp, email: &str) -> String {
    let messages = app.messages_to(email).await;
    let text = messages.last().expect("a message was sent").to_string();
    let after = text.split('#').nth(1).expect("the message holds a link");
    after
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect()
}

#[tokio::test]
async fn a_forgotten_password_is_reset_once_by_e_mail() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let nobody = app.anonymous();
    let known = nobody
        .post("/auth/password-reset", json!({"email": owner.email}))
        .await;
    let unknown = nobody
        .post(
            "/auth/password-reset",
            json!({"email": "nobody@example.sn"}),
        )
        .await;
    assert_eq!((known.status, known.text), (unknown.status, unknown.text));
    app.run_jobs().await;
    assert!(app.messages_to("nobody@example.sn").await.is_empty());

    let token = mailed_token(&app, &owner.email).await;
    let confirm = |password: &str| {
        nobody.post(
            "/auth/password-reset/confirm",
            json!({"token": token, "password": password}),
        )
    };
    confirm("password")
        .await
        .expect_problem(422, "invalid_input");
    confirm("modou-vend-du-mil").await.expect(204);
    confirm("modou-vend-du-sel")
        .await
        .expect_problem(404, "token_invalid");
    owner
        .get("/auth/me")
        .await
        .expect_problem(401, "unauthenticated");
    app.try_sign_in(&owner.email, "modou-vend-du-mil")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_reset_is_worth_nothing_after_an_hour() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    app.anonymous()
        .post("/auth/password-reset", json!({"email": owner.email}))
        .await
        .expect(202);
    app.run_jobs().await;
    let token = mailed_token(&app, &owner.email).await;
    app.advance(Duration::from_secs(3_601)).await;
    let body = json!({"token": token, "password": "modou-vend-du-mil"});
    app.anonymous()
        .post("/auth/password-reset/confirm", body)
        .await
        .expect_problem(404, "token_invalid");
}

#[tokio::test]
async fn no_secret_of_a_reset_is_in_its_job() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    app.anonymous()
        .post("/auth/password-reset", json!({"email": owner.email}))
        .await
        .expect(202);
    app.run_jobs().await;
    let token = mailed_token(&app, &owner.email).await;
    let stored: Vec<Option<String>> = sqlx::query_scalar!(
        "select args from job_bodies union all select result from jobs_finished"
    )
    .fetch_all(&mut app.owner().await)
    .await
    .unwrap();
    assert!(
        !stored.is_empty() && stored.iter().flatten().all(|text| !text.contains(&token)),
        "{stored:?}"
    );
}

#[tokio::test]
async fn an_invitation_makes_an_account_and_a_member_once() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let path = format!("/companies/{}/invitations", owner.company());
    owner
        .post(
            &path,
            json!({"email": "Fatou@Example.sn", "role": "manager"}),
        )
        .await
        .expect(201);
    app.run_jobs().await;
    let token = mailed_token(&app, "fatou@example.sn").await;

    let nobody = app.anonymous();
    let bare = nobody
        .post("/invitations/accept", json!({"token": token}))
        .await;
    assert_eq!(
        bare.expect_problem(422, "invalid_input")["errors"][0]["field"],
        "password"
    );
    let acceptance = json!({"token": token, "full_name": "Fatou Sow", "password": PASSWORD});
    let accepted = nobody
        .post("/invitations/accept", acceptance.clone())
        .await
        .expect(200);
    assert_eq!(
        (&accepted["company"]["role"], &accepted["account_created"]),
        (&json!("manager"), &json!(true))
    );
    nobody
        .post("/invitations/accept", acceptance)
        .await
        .expect_problem(404, "token_invalid");
    app.sign_in("fatou@example.sn", owner.company)
        .await
        .get("/api-keys")
        .await
        .expect_problem(403, "forbidden");
}

#[tokio::test]
async fn an_invitation_adds_a_company_to_whoever_has_an_account() {
    let app = TestApp::start().await;
    let (owner, other) = (app.with_company().await, app.with_company().await);
    let path = format!("/companies/{}/invitations", owner.company());
    owner
        .post(&path, json!({"email": other.email, "role": "viewer"}))
        .await
        .expect(201);
    app.run_jobs().await;
    let token = mailed_token(&app, &other.email).await;
    let accepted = other
        .post("/invitations/accept", json!({"token": token}))
        .await
        .expect(200);
    assert_eq!(accepted["account_created"], false);
    other
        .in_company(owner.company)
        .get(&format!("/companies/{}", owner.company()))
        .await
        .expect(200);
}

#[tokio::test]
async fn an_invitation_is_worth_nothing_after_a_week() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let path = format!("/companies/{}/invitations", owner.company());
    owner
        .post(
            &path,
            json!({"email": "fatou@example.sn", "role": "member"}),
        )
        .await
        .expect(201);
    app.run_jobs().await;
    let token = mailed_token(&app, "fatou@example.sn").await;
    app.advance(Duration::from_secs(7 * 86_400 + 1)).await;
    let body = json!({"token": token, "full_name": "Fatou Sow", "password": PASSWORD});
    app.anonymous()
        .post("/invitations/accept", body)
        .await
        .expect_problem(404, "token_invalid");
}

#[tokio::test]
async fn an_api_key_is_shown_once_works_in_its_company_and_dies_when_revoked() {
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
async fn an_api_key_is_never_above_its_maker() {
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

#[tokio::test]
async fn the_audit_log_tells_who_did_what() {
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
        .with_user(Role::Manager)
        .await
        .get("/audit-log")
        .await
        .expect_problem(403, "forbidden");
}
