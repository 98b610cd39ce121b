//! A new password ends every way in from before: sessions, keys, links and invitations.

use axum::body::Body;
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use domain::identity::Role;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::mailed_token;
use crate::app::{Client, PASSWORD, TestApp};

const NEW_PASSWORD: &str = "modou-vend-du-mil";

/// Creates an API key and returns a client that uses it.
async fn create_key<'a>(person: &Client<'a>) -> Client<'a> {
    let key = json!({"name": "Caisse", "role": "viewer"});
    let created = person.post("/api-keys", key).await.expect(201);
    person.with_token(created["key"].as_str().unwrap())
}

/// Requests a reset and returns the token of its message.
async fn request_reset(app: &TestApp, email: &str) -> String {
    app.anonymous()
        .post("/auth/password-reset", json!({"email": email}))
        .await
        .expect(202);
    app.run_jobs().await;
    mailed_token(app, email).await
}

async fn confirm_reset(app: &TestApp, token: &str) -> crate::app::TestResponse {
    let body = json!({"token": token, "password": NEW_PASSWORD});
    app.anonymous()
        .post("/auth/password-reset/confirm", body)
        .await
}

async fn invite(by: &Client<'_>, email: &str) -> String {
    let path = format!("/companies/{}/invitations", by.company());
    by.post(&path, json!({"email": email, "role": "admin"}))
        .await
        .expect(201);
    by.app.run_jobs().await;
    mailed_token(by.app, email).await
}

#[tokio::test]
async fn a_reset_ends_sessions_keys_links_and_invitations_and_forgives() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let admin = owner.with_user(Role::Admin).await;
    let session = app
        .attempt_sign_in(&admin.email, PASSWORD)
        .await
        .expect(200);
    let (machine, other_machine) = (create_key(&admin).await, create_key(&owner).await);
    let invitation = invite(&admin, "accomplice@example.sn").await;
    let (older, newer) = (
        request_reset(&app, &admin.email).await,
        request_reset(&app, &admin.email).await,
    );
    for _ in 0..10 {
        app.attempt_sign_in(&admin.email, "a guess of mine")
            .await
            .expect_problem(401, "invalid_credentials");
    }
    confirm_reset(&app, &newer).await.expect(204);

    confirm_reset(&app, &older)
        .await
        .expect_problem(404, "token_invalid");
    for client in [&admin, &machine] {
        client
            .get("/products")
            .await
            .expect_problem(401, "unauthenticated");
    }
    let refresh = json!({"refresh_token": session["refresh_token"]});
    app.anonymous()
        .post("/auth/refresh", refresh)
        .await
        .expect_problem(401, "unauthenticated");
    let accept = json!({"token": invitation, "full_name": "X", "password": PASSWORD});
    app.anonymous()
        .post("/invitations/accept", accept)
        .await
        .expect_problem(404, "token_invalid");
    // The failed sign-ins are forgiven, and other people keep their keys.
    app.attempt_sign_in(&admin.email, NEW_PASSWORD)
        .await
        .expect(200);
    other_machine.get("/products").await.expect(200);
}

#[tokio::test]
async fn a_changed_password_ends_keys_and_links_and_keeps_its_session() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let machine = create_key(&owner).await;
    let link = request_reset(&app, &owner.email).await;
    let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    owner.post("/auth/password", change).await.expect(204);
    owner.get("/products").await.expect(200);
    machine
        .get("/products")
        .await
        .expect_problem(401, "unauthenticated");
    confirm_reset(&app, &link)
        .await
        .expect_problem(404, "token_invalid");
}

#[tokio::test]
async fn a_key_ends_with_its_makers_account_and_membership() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for end in ["deactivated", "removed", "closed"] {
        let admin = owner.with_user(Role::Admin).await;
        let machine = create_key(&admin).await;
        let invitation = invite(&admin, "accomplice@example.sn").await;
        machine.get("/products").await.expect(200);
        let path = format!("/companies/{}/members/{}", owner.company(), admin.user);
        match end {
            "deactivated" => {
                let change = json!({"active": false});
                owner.patch(&path, change).await.expect(200);
            }
            "removed" => {
                owner.delete(&path).await.expect(204);
            }
            _ => {
                let id = admin.user.0;
                sqlx::query!("update users set active = false where id = $1", id)
                    .execute(&mut app.owner().await)
                    .await
                    .unwrap();
            }
        }
        machine
            .get("/products")
            .await
            .expect_problem(401, "unauthenticated");
        if end != "closed" {
            let accept = json!({"token": invitation, "full_name": "X", "password": PASSWORD});
            app.anonymous()
                .post("/invitations/accept", accept)
                .await
                .expect_problem(404, "token_invalid");
        }
    }
}

#[tokio::test]
async fn a_hijacked_registration_gives_nothing_after_the_owners_reset() {
    let app = TestApp::start().await;
    let email = "awa@example.sn";
    // The hijacker has read the mailbox once, and confirmed a registration of the address.
    let hijacker = app.with_registration(email).await;
    let session = app.attempt_sign_in(email, PASSWORD).await.expect(200);
    let machine = create_key(&hijacker).await;
    let invitation = invite(&hijacker, "accomplice@example.sn").await;
    let registration = json!({"email": email, "password": PASSWORD, "full_name": "X"});
    app.anonymous()
        .post("/auth/register", registration)
        .await
        .expect(202);

    let link = request_reset(&app, email).await;
    confirm_reset(&app, &link).await.expect(204);
    for client in [&hijacker, &machine] {
        client
            .get("/products")
            .await
            .expect_problem(401, "unauthenticated");
    }
    let refresh = json!({"refresh_token": session["refresh_token"]});
    app.anonymous()
        .post("/auth/refresh", refresh)
        .await
        .expect_problem(401, "unauthenticated");
    app.attempt_sign_in(email, PASSWORD)
        .await
        .expect_problem(401, "invalid_credentials");
    let accept = json!({"token": invitation, "full_name": "X", "password": PASSWORD});
    app.anonymous()
        .post("/invitations/accept", accept)
        .await
        .expect_problem(404, "token_invalid");
    app.attempt_sign_in(email, NEW_PASSWORD).await.expect(200);
}

/// A request whose body arrives when `rest` is sent; `started` is set once the body is awaited,
/// which is after the authentication.
fn hold_body(
    client: &Client<'_>,
    (method, path): (&str, &str),
    body: &Value,
) -> (Request<Body>, oneshot::Receiver<()>, oneshot::Sender<()>) {
    let (started, awaited) = oneshot::channel();
    let (rest, arrival) = oneshot::channel();
    let text = body.to_string();
    let stream = futures::stream::once(async move {
        started.send(()).unwrap();
        arrival.await.unwrap();
        Ok::<_, std::io::Error>(text)
    });
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header(CONTENT_TYPE, "application/json")
        .header(
            AUTHORIZATION,
            format!("Bearer {}", client.token.as_ref().unwrap()),
        )
        .header("X-Company-ID", client.company().to_string())
        .body(Body::from_stream(stream))
        .unwrap();
    (request, awaited, rest)
}

#[tokio::test]
async fn a_request_that_holds_its_body_back_gives_nothing_after_the_end_of_its_session() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let member = owner.with_user(Role::Member).await;
    let (company, other) = (owner.company(), member.user);
    for (method, path, body) in [
        (
            "POST",
            "/api-keys".to_owned(),
            json!({"name": "x", "role": "viewer"}),
        ),
        (
            "POST",
            format!("/companies/{company}/invitations"),
            json!({"email": "accomplice@example.sn", "role": "admin"}),
        ),
        (
            "PATCH",
            format!("/companies/{company}/members/{other}"),
            json!({"role": "owner"}),
        ),
        (
            "PATCH",
            "/auth/me".to_owned(),
            json!({"phone": "+221770000000"}),
        ),
    ] {
        let client = app.sign_in(&owner.email, owner.company).await;
        let (request, awaited, rest) = hold_body(&client, (method, &path), &body);
        let end_session = async {
            awaited.await.unwrap();
            client.post("/auth/logout", json!({})).await.expect(204);
            rest.send(()).unwrap();
        };
        let (answer, ()) = tokio::join!(app.send_request(request), end_session);
        answer.expect_problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_request_that_holds_its_body_back_gives_nothing_after_the_end_of_its_role() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let admin = owner.with_user(Role::Admin).await;
    let path = format!("/companies/{}/invitations", owner.company());
    let body = json!({"email": "accomplice@example.sn", "role": "admin"});
    let (request, awaited, rest) = hold_body(&admin, ("POST", &path), &body);
    let remove = async {
        awaited.await.unwrap();
        let member = format!("/companies/{}/members/{}", owner.company(), admin.user);
        owner.delete(&member).await.expect(204);
        rest.send(()).unwrap();
    };
    let (answer, ()) = tokio::join!(app.send_request(request), remove);
    answer.expect_problem(401, "unauthenticated");
}
