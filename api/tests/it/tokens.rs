//! Tokens that are forged, signed with another key, used for another purpose, or revoked.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::identity::Role;
use platform::crypto::hmac_sha256;
use serde_json::{Value, json};

use crate::app::{Client, PASSWORD, SIGNING_KEY, TestApp};

const HS256: &str = r#"{"alg":"HS256","typ":"JWT","kid":"test"}"#;

fn claims_of(client: &Client<'_>) -> Value {
    let claims = client.token.as_deref().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

fn token(header: &str, claims: &Value, key: &str) -> String {
    let text = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let signature = URL_SAFE_NO_PAD.encode(hmac_sha256(key.as_bytes(), text.as_bytes()));
    format!("{text}.{signature}")
}

async fn expect_refused(client: &Client<'_>, token: &str) {
    let forger = client.with_token(token);
    for path in ["/auth/me", "/api-keys", "/queues"] {
        let answer = forger.get(path).await;
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        answer.expect_problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_token_signed_with_another_key_is_rejected() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let claims = claims_of(&owner);
    // The same by the right key: the forgery below fails by its key alone.
    owner
        .with_token(&token(HS256, &claims, SIGNING_KEY))
        .get("/auth/me")
        .await
        .expect(200);
    for key in [
        "another key that is 32 bytes or more",
        "",
        "secret",
        &SIGNING_KEY[1..],
    ] {
        expect_refused(&owner, &token(HS256, &claims, key)).await;
    }
}

#[tokio::test]
async fn a_token_with_changed_claims_is_rejected() {
    let app = TestApp::start().await;
    let (owner, victim) = (app.with_company().await, app.with_company().await);
    let (mine, theirs) = (claims_of(&owner), claims_of(&victim));
    let own = owner.token.clone().unwrap();
    let parts: Vec<_> = own.split('.').collect();
    for (name, value) in [
        ("sub", theirs["sub"].clone()),
        ("sid", theirs["sid"].clone()),
        ("exp", json!(4_000_000_000_i64)),
        ("aud", json!("vigie-operator")),
    ] {
        let mut claims = mine.clone();
        claims[name] = value;
        let changed = URL_SAFE_NO_PAD.encode(claims.to_string());
        expect_refused(&owner, &format!("{}.{changed}.{}", parts[0], parts[2])).await;
    }
    let stolen = victim.token.clone().unwrap();
    let signature = stolen.rsplit('.').next().unwrap();
    expect_refused(&owner, &format!("{}.{}.{signature}", parts[0], parts[1])).await;
}

#[tokio::test]
async fn only_hs256_is_accepted_even_with_the_right_key() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let claims = claims_of(&owner);
    for algorithm in [
        "none", "None", "NONE", "", "HS384", "HS512", "RS256", "ES256", "EdDSA", "hs256",
    ] {
        let header = json!({"alg": algorithm, "typ": "JWT", "kid": "test"}).to_string();
        expect_refused(&owner, &token(&header, &claims, SIGNING_KEY)).await;
        expect_refused(&owner, &token(&header, &claims, "")).await;
    }
    let (no_kid, other_kid) = (
        r#"{"alg":"HS256","typ":"JWT"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"other"}"#,
    );
    for header in [
        no_kid,
        other_kid,
        r#"{"typ":"JWT","kid":"test"}"#,
        "{}",
        "[]",
        "null",
        "x",
        "",
    ] {
        expect_refused(&owner, &token(header, &claims, SIGNING_KEY)).await;
    }
    let key = URL_SAFE_NO_PAD.encode("a key that comes along with its token");
    let header = json!({"alg": "HS256", "jwk": {"kty": "oct", "k": key}, "kid": "../../dev/null"})
        .to_string();
    expect_refused(
        &owner,
        &token(&header, &claims, "a key that comes along with its token"),
    )
    .await;
}

#[tokio::test]
async fn a_signed_token_with_unexpected_claims_is_rejected() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let claims = claims_of(&owner);
    let mut strange: Vec<_> = ["sub", "sid", "aud", "exp"]
        .into_iter()
        .flat_map(|name| {
            [json!(null), json!(1.5), json!("x"), json!({})].map(|value| (name, value))
        })
        .collect();
    strange.push(("exp", json!(i64::MAX)));
    strange.push(("exp", json!(i64::MIN)));
    strange.push(("sid", json!("0190c6a2-0000-7000-8000-000000000000")));
    for (name, value) in strange {
        let mut wrong = claims.clone();
        wrong[name] = value;
        expect_refused(&owner, &token(HS256, &wrong, SIGNING_KEY)).await;
    }
    for claims in [json!({}), json!([]), json!(null)] {
        expect_refused(&owner, &token(HS256, &claims, SIGNING_KEY)).await;
    }
}

#[tokio::test]
async fn removing_a_member_takes_effect_with_the_next_request() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let member = owner.with_user(Role::Admin).await;
    let path = format!("/companies/{}", owner.company());
    member.get("/api-keys").await.expect(200);
    owner
        .delete(&format!("{path}/members/{}", member.user))
        .await
        .expect(204);
    for path in [path.as_str(), "/api-keys", "/products", "/imports"] {
        member.get(path).await.expect_problem(404, "not_found");
        member
            .in_company(None)
            .get(path)
            .await
            .expect_problem(404, "not_found");
    }
    member
        .post("/products", json!({"sku": "A", "name": "Riz"}))
        .await
        .expect_problem(404, "not_found");
    assert_eq!(
        member.get("/auth/me").await.expect(200)["companies"],
        json!([])
    );
}

#[tokio::test]
async fn a_token_is_valid_for_its_own_use_only() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let session = app
        .attempt_sign_in(&owner.email, PASSWORD)
        .await
        .expect(200);
    let made = owner
        .post("/api-keys", json!({"name": "Caisse", "role": "admin"}))
        .await
        .expect(201);
    let key = made["key"].as_str().unwrap();
    let refresh = session["refresh_token"].as_str().unwrap();
    expect_refused(&owner, refresh).await;
    expect_refused(&owner, &format!("vgk_{refresh}")).await;
    expect_refused(&owner, &format!("{key}x")).await;
    for other in [
        session["access_token"].clone(),
        json!(key),
        json!(""),
        json!(made["id"]),
    ] {
        let answer = app
            .anonymous()
            .post("/auth/refresh", json!({"refresh_token": other}))
            .await;
        answer.expect_problem(401, "unauthenticated");
    }
    // None of this has ended the session.
    app.anonymous()
        .post("/auth/refresh", json!({"refresh_token": refresh}))
        .await
        .expect(200);
}

#[tokio::test]
async fn logout_ends_the_refresh_token_too() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let session = app
        .attempt_sign_in(&owner.email, PASSWORD)
        .await
        .expect(200);
    let client = owner.with_token(session["access_token"].as_str().unwrap());
    client.post("/auth/logout", json!({})).await.expect(204);
    let body = json!({"refresh_token": session["refresh_token"]});
    app.anonymous()
        .post("/auth/refresh", body)
        .await
        .expect_problem(401, "unauthenticated");
    owner.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn the_api_key_of_another_company_gets_404() {
    let app = TestApp::start().await;
    let (ours, other) = (app.with_company().await, app.with_company().await);
    let made = other
        .post("/api-keys", json!({"name": "Caisse", "role": "admin"}))
        .await
        .expect(201);
    let intruder = ours.with_token(made["key"].as_str().unwrap());
    for path in [
        "/api-keys",
        "/products",
        "/imports",
        &format!("/companies/{}", ours.company()),
    ] {
        intruder.get(path).await.expect_problem(404, "not_found");
    }
    let of_ours = format!("/companies/{}/members", ours.company());
    intruder
        .in_company(other.company)
        .get(&of_ours)
        .await
        .expect_problem(404, "not_found");
    intruder
        .in_company(None)
        .get(&of_ours)
        .await
        .expect_problem(404, "not_found");
    intruder
        .post("/products", json!({"sku": "A", "name": "Riz"}))
        .await
        .expect_problem(404, "not_found");
    assert_eq!(ours.get("/products").await.expect(200)["items"], json!([]));
}
