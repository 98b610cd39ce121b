//! Invitations.

use std::time::Duration;

use domain::identity::Role;
use serde_json::json;

use super::mailed_token;
use crate::app::{PASSWORD, TestApp};

#[tokio::test]
async fn an_invitation_creates_an_account_and_a_member_once() {
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
async fn an_invitation_adds_a_company_to_an_existing_account() {
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
async fn invitations_are_listed_and_withdrawn_by_admins() {
    let app = TestApp::start().await;
    let (owner, other) = (app.with_company().await, app.with_company().await);
    let path = format!("/companies/{}/invitations", owner.company());
    let invite = async |email: &str| {
        let body = json!({"email": email, "role": "viewer"});
        owner.post(&path, body).await.expect(201)["id"].clone()
    };
    let (first, second) = (invite("a@example.sn").await, invite("b@example.sn").await);
    app.run_jobs().await;
    let listed = owner.get(&path).await.expect(200);
    let ids = [&listed["items"][0]["id"], &listed["items"][1]["id"]];
    assert_eq!(ids, [&second, &first]);
    assert_eq!(listed["items"][1]["email"], "a@example.sn");

    let of_first = format!("{path}/{}", first.as_str().unwrap());
    let foreign = format!(
        "/companies/{}/invitations/{}",
        other.company(),
        first.as_str().unwrap()
    );
    other
        .delete(&foreign)
        .await
        .expect_problem(404, "not_found");
    let manager = owner.with_user(Role::Manager).await;
    manager.get(&path).await.expect_problem(403, "forbidden");
    manager
        .delete(&of_first)
        .await
        .expect_problem(403, "forbidden");
    owner.delete(&of_first).await.expect(204);
    owner.delete(&of_first).await.expect(204);
    let token = mailed_token(&app, "a@example.sn").await;
    let body = json!({"token": token, "full_name": "Fatou Sow", "password": PASSWORD});
    app.anonymous()
        .post("/invitations/accept", body)
        .await
        .expect_problem(404, "token_invalid");
}

#[tokio::test]
async fn a_mail_shows_names_without_the_links_in_them() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let company = format!("/companies/{}", owner.company());
    let lure = "Gagnez sur https://evil.example/x et www.evil.example";
    owner
        .patch(&company, json!({"name": lure}))
        .await
        .expect(200);
    owner
        .patch("/auth/me", json!({"full_name": lure}))
        .await
        .expect(200);
    let body = json!({"email": "a@example.sn", "role": "viewer"});
    owner
        .post(&format!("{company}/invitations"), body)
        .await
        .expect(201);
    app.run_jobs().await;
    let mail = app.list_messages_to("a@example.sn").await[0].to_string();
    assert!(mail.contains("Gagnez sur"), "{mail}");
    assert!(!mail.contains("evil.example"), "{mail}");
}

#[tokio::test]
async fn an_invitation_expires_after_a_week() {
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
