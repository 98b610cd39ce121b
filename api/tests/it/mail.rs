//! Messages in the making for tests: alerts that cause one, faults on its way, and the calls that
//! Twilio makes, signed as Twilio signs.

use std::time::Duration;

use domain::notifications::EffectId;
use providers::twilio::sign_callback;
use sandbox::{Fault, Match, Rule};
use serde_json::{Value, json};

use crate::app::{Answer, Client, TestApp, encode};
use crate::shop::{PHONE, messages, product, stock};

const TWILIO_TOKEN: &str = sandbox::keys::TWILIO_AUTH_TOKEN;

/// Nothing moves but by the test's own calls.
pub(crate) async fn quiet() -> TestApp {
    let app = TestApp::start().await;
    app.sandbox
        .sandbox()
        .set(|settings| settings.status_callbacks = false);
    app
}

pub(crate) fn fault(app: &TestApp, operation: &str, fault: Fault, times: u32) {
    let matches = Match {
        operation: Some(operation.to_owned()),
        ..Match::default()
    };
    app.sandbox.sandbox().add_fault(Rule {
        matches,
        fault,
        times: Some(times),
    });
}

/// An alert on one channel only, whose message isn't sent yet.
pub(crate) async fn alerted(client: &Client<'_>, channel: &str) {
    sqlx::query!("update alert_rules set channels = array[$1::text]", channel)
        .execute(&mut client.app.owner().await)
        .await
        .unwrap();
    let shelf = product(client, "Riz").await;
    stock(client, shelf, 0).await;
    client
        .post("/alerts/evaluations", json!({}))
        .await
        .expect(202);
}

/// Runs jobs and lets their waits pass, ever longer ones, until nothing is left to do.
pub(crate) async fn run_out(app: &TestApp) {
    for round in 0..60 {
        app.try_jobs().await;
        let mut conn = app.owner().await;
        let left = sqlx::query_scalar!("select count(*) from jobs_open")
            .fetch_one(&mut conn)
            .await
            .unwrap();
        if left == Some(0) {
            return;
        }
        app.advance(Duration::from_secs(90 + 20 * round)).await;
    }
    panic!("jobs that never end");
}

pub(crate) async fn only_message(client: &Client<'_>, channel: &str) -> Value {
    let mut all = messages(client, channel).await;
    assert_eq!(all.len(), 1);
    all.remove(0)
}

pub(crate) async fn only_effect(app: &TestApp) -> EffectId {
    let id = sqlx::query_scalar!("select id from effects")
        .fetch_one(&mut app.owner().await)
        .await
        .unwrap();
    EffectId(id)
}

pub(crate) async fn effects(app: &TestApp) -> Vec<String> {
    sqlx::query_scalar!("select state from effects order by intended_at")
        .fetch_all(&mut app.owner().await)
        .await
        .unwrap()
}

/// Twilio tells the status of a message of the client's company.
pub(crate) async fn tell(client: &Client<'_>, effect: EffectId, sid: &str, status: &str) -> Answer {
    signed(client, TWILIO_TOKEN, effect, sid, status).await
}

pub(crate) async fn signed(
    client: &Client<'_>,
    token: &str,
    effect: EffectId,
    sid: &str,
    status: &str,
) -> Answer {
    let path = format!(
        "/api/v1/webhooks/twilio/status?company={}&effect={effect}",
        client.company()
    );
    post_form(
        client.app,
        token,
        &path,
        &[("MessageSid", sid), ("MessageStatus", status)],
    )
    .await
}

pub(crate) async fn tell_error(
    client: &Client<'_>,
    effect: EffectId,
    sid: &str,
    code: &str,
) -> Answer {
    let path = format!(
        "/api/v1/webhooks/twilio/status?company={}&effect={effect}",
        client.company()
    );
    let fields = [
        ("MessageSid", sid),
        ("MessageStatus", "failed"),
        ("ErrorCode", code),
    ];
    post_form(client.app, TWILIO_TOKEN, &path, &fields).await
}

/// The owner of the phone writes to us.
pub(crate) async fn write_back(app: &TestApp, sid: &str, body: &str) -> Answer {
    let from = format!("whatsapp:{PHONE}");
    let fields = [
        ("MessageSid", sid),
        ("From", &from),
        ("To", "whatsapp:+14155238886"),
        ("Body", body),
    ];
    post_form(
        app,
        TWILIO_TOKEN,
        "/api/v1/webhooks/twilio/inbound",
        &fields,
    )
    .await
}

async fn post_form(app: &TestApp, token: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    let form: Vec<_> = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let signature = sign_callback(token, &format!("{}{path}", app.services.public_url), &form);
    let body: Vec<_> = form
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    let request = axum::http::Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-twilio-signature", signature)
        .body(axum::body::Body::from(body.join("&")))
        .unwrap();
    app.call(request).await
}

/// Brevo tells of a mail.
pub(crate) async fn tell_of_mail(app: &TestApp, event: Value) -> Answer {
    let path = format!("/webhooks/brevo/{}", sandbox::keys::BREVO_WEBHOOK_TOKEN);
    app.anonymous().post(&path, event).await
}
