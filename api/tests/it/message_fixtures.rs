//! Messages for tests: alerts that cause them, faults of providers, and signed calls of Twilio.

use std::time::Duration;

use domain::notifications::EffectId;
use platform::db::Scope;
use providers::twilio::sign_callback;
use sandbox::{Fault, Match, Rule};
use serde_json::{Value, json};

use crate::app::{Client, TestApp, TestResponse, encode};
use crate::shop::{PHONE, insert_product, list_messages, set_level};

const TWILIO_TOKEN: &str = sandbox::keys::TWILIO_AUTH_TOKEN;

/// Starts the application with a sandbox that sends no status callbacks.
pub(crate) async fn start_without_callbacks() -> TestApp {
    let app = TestApp::start().await;
    app.sandbox
        .sandbox()
        .set(|settings| settings.status_callbacks = false);
    app
}

pub(crate) fn add_fault(app: &TestApp, operation: &str, fault: Fault, times: u32) {
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

/// A fault that responds with this status.
pub(crate) fn failing_with(code: u16) -> Fault {
    Fault::Status { code, body: None }
}

/// Makes every rule notify on one channel.
pub(crate) async fn set_channel(client: &Client<'_>, channel: &str) {
    sqlx::query!("update alert_rules set channels = array[$1::text]", channel)
        .execute(&mut client.app.owner().await)
        .await
        .unwrap();
}

/// Opens an alert on one channel, whose message isn't sent yet.
pub(crate) async fn cause_alert(client: &Client<'_>, channel: &str) {
    set_channel(client, channel).await;
    empty_shelf(client, "Riz").await;
    client
        .post("/alerts/evaluations", json!({}))
        .await
        .expect(202);
}

/// Inserts a product that is out of stock.
pub(crate) async fn empty_shelf(client: &Client<'_>, name: &str) {
    let shelf = insert_product(client, name).await;
    set_level(client, shelf, 0).await;
}

/// Creates a company with an alert on one channel, whose message is sent.
pub(crate) async fn send_alert<'a>(app: &'a TestApp, channel: &str) -> Client<'a> {
    let owner = app.with_company().await;
    cause_alert(&owner, channel).await;
    app.run_jobs().await;
    owner
}

/// Creates a company with an alert on one channel, whose message meets a fault once.
pub(crate) async fn send_alert_into_fault<'a>(
    app: &'a TestApp,
    channel: &str,
    fault: Fault,
) -> Client<'a> {
    let owner = app.with_company().await;
    let operation = match channel {
        "email" => "send_email",
        _ => "create_message",
    };
    add_fault(app, operation, fault, 1);
    cause_alert(&owner, channel).await;
    app.run_failing_jobs().await;
    owner
}

/// Returns Twilio's id of the first message to the phone.
pub(crate) async fn first_sid(app: &TestApp) -> String {
    let message = &app.list_messages_to(PHONE).await[0];
    message["id"].as_str().unwrap().to_owned()
}

/// Runs jobs and advances the clock, by longer and longer steps, until no job is open.
pub(crate) async fn run_jobs_to_end(app: &TestApp) {
    for round in 0..60 {
        app.run_failing_jobs().await;
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
    panic!("jobs remain open after 60 rounds");
}

pub(crate) async fn only_message(client: &Client<'_>, channel: &str) -> Value {
    let mut all = list_messages(client, channel).await;
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

pub(crate) async fn list_effect_states(app: &TestApp) -> Vec<String> {
    sqlx::query_scalar!("select state from effects order by intended_at")
        .fetch_all(&mut app.owner().await)
        .await
        .unwrap()
}

/// Reports, as Twilio, the status of a message of the client's company.
pub(crate) async fn report_status(
    client: &Client<'_>,
    effect: EffectId,
    sid: &str,
    status: &str,
) -> TestResponse {
    report_signed_status(client, TWILIO_TOKEN, effect, sid, status).await
}

pub(crate) async fn report_signed_status(
    client: &Client<'_>,
    token: &str,
    effect: EffectId,
    sid: &str,
    status: &str,
) -> TestResponse {
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

pub(crate) async fn report_error(
    client: &Client<'_>,
    effect: EffectId,
    sid: &str,
    code: &str,
) -> TestResponse {
    report_failure(client, effect, sid, ("failed", code)).await
}

/// Reports, as Twilio, a failed status with its error code.
pub(crate) async fn report_failure(
    client: &Client<'_>,
    effect: EffectId,
    sid: &str,
    (status, code): (&str, &str),
) -> TestResponse {
    let path = format!(
        "/api/v1/webhooks/twilio/status?company={}&effect={effect}",
        client.company()
    );
    let fields = [
        ("MessageSid", sid),
        ("MessageStatus", status),
        ("ErrorCode", code),
    ];
    post_form(client.app, TWILIO_TOKEN, &path, &fields).await
}

/// Sends a message from the phone to our number.
pub(crate) async fn send_inbound(app: &TestApp, sid: &str, body: &str) -> TestResponse {
    send_inbound_from(app, PHONE, sid, body).await
}

/// Sends a message from any number to our number.
pub(crate) async fn send_inbound_from(
    app: &TestApp,
    number: &str,
    sid: &str,
    body: &str,
) -> TestResponse {
    let from = format!("whatsapp:{number}");
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

async fn post_form(
    app: &TestApp,
    token: &str,
    path: &str,
    fields: &[(&str, &str)],
) -> TestResponse {
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
    app.send_request(request).await
}

/// Reports an event of a mail, as Brevo.
pub(crate) async fn report_mail_event(app: &TestApp, event: Value) -> TestResponse {
    let path = format!("/webhooks/brevo/{}", sandbox::keys::BREVO_WEBHOOK_TOKEN);
    app.anonymous().post(&path, event).await
}

/// An alert whose message isn't sent yet.
pub(crate) async fn waiting_message(app: &TestApp) -> Client<'_> {
    let owner = app.with_company().await;
    set_channel(&owner, "whatsapp").await;
    empty_shelf(&owner, "Riz").await;
    let company = owner.company();
    let mut tx = app.db.db.begin(Scope::company(company)).await.unwrap();
    let at = platform::db::load_now(&mut tx).await.unwrap();
    jobs::alerts::evaluate_company(&mut tx, company, at)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    owner
}
