//! Who receives alerts: members at their e-mail address, and addresses that confirmed by a code.

use std::time::Duration;

use platform::db::Scope;
use sandbox::Fault;
use serde_json::{Value, json};

use crate::app::{Client, TestApp, TestResponse};
use crate::company_access::insert_attempts;
use crate::message_fixtures::{
    add_fault, empty_shelf, run_jobs_to_end, send_inbound_from, start_without_callbacks,
};
use crate::shop::{PHONE, evaluate_alerts, insert_confirmed, list_messages};

const NUMBER: &str = "+221779998877";
const DAY: Duration = Duration::from_secs(86_400);

async fn request_code(client: &Client<'_>, address: &str) -> TestResponse {
    let body = json!({"address": address});
    client.post("/alert-recipients", body).await
}

/// Requests a code for an address and returns the path of its recipient.
async fn ask(client: &Client<'_>, address: &str) -> String {
    let asked = request_code(client, address).await.expect(201);
    assert_eq!(asked["state"], "pending");
    client.app.run_jobs().await;
    format!("/alert-recipients/{}", asked["id"].as_str().unwrap())
}

/// Returns the code in the last message to an address.
async fn receive_code(app: &TestApp, address: &str) -> String {
    let messages = app.list_messages_to(address).await;
    let last = messages.last().expect("a message with a code");
    let text = last["body"].as_str().or(last["text"].as_str()).unwrap();
    assert!(text.contains("les alertes de Boutique Awa ?"), "{text}");
    let (_, after) = text.split_once("24 heures : ").expect("a code");
    after[..6].to_owned()
}

async fn confirm(client: &Client<'_>, recipient: &str, code: &str) -> TestResponse {
    let path = format!("{recipient}/confirm");
    client.post(&path, json!({"code": code})).await
}

/// Returns a code that is not `code`.
fn wrong(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

fn rule_to(recipients: &Value) -> Value {
    json!({
        "name": "Riz", "kind": "rupture", "channels": ["email", "whatsapp"],
        "recipients": recipients,
    })
}

/// Replaces the default rules by one to these recipients.
async fn set_rule(client: &Client<'_>, recipients: &Value) -> Value {
    sqlx::query!("update alert_rules set enabled = false")
        .execute(&mut client.app.owner().await)
        .await
        .unwrap();
    let rule = client.post("/alert-rules", rule_to(recipients)).await;
    rule.expect(201)
}

async fn count_messages_to(app: &TestApp, address: &str) -> usize {
    app.list_messages_to(address).await.len()
}

#[tokio::test]
async fn an_address_receives_alerts_once_it_has_confirmed_by_its_code() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for (written, address) in [
        ("77 999 88 77", NUMBER),
        ("Stock@Example.sn", "stock@example.sn"),
    ] {
        let to = json!([{"user_id": owner.user}, {"address": written}]);
        let problem = owner
            .post("/alert-rules", rule_to(&to))
            .await
            .expect_problem(422, "invalid_input");
        let error = &problem["errors"][0];
        assert_eq!(
            (&error["field"], &error["code"]),
            (&json!("recipients[1].address"), &json!("not_confirmed"))
        );
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .contains("POST /alert-recipients")
        );

        let recipient = ask(&owner, written).await;
        let code = receive_code(&app, address).await;
        let problem = confirm(&owner, &recipient, wrong(&code)).await;
        let problem = problem.expect_problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["code"], "wrong_code");
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .ends_with("attempts left: 4")
        );
        owner
            .post("/alert-rules", rule_to(&to))
            .await
            .expect_problem(422, "invalid_input");

        let confirmed = confirm(&owner, &recipient, &code).await.expect(200);
        assert_eq!(
            (&confirmed["state"], &confirmed["address"]),
            (&json!("confirmed"), &json!(address))
        );
        set_rule(&owner, &to).await;
        empty_shelf(&owner, written).await;
        evaluate_alerts(&owner).await;
        assert_eq!(count_messages_to(&app, address).await, 2);
        let again = request_code(&owner, written).await.expect(201);
        assert_eq!(again["state"], "confirmed");
    }
    app.run_jobs().await;
    assert_eq!(count_messages_to(&app, NUMBER).await, 2);
}

#[tokio::test]
async fn the_company_that_asks_never_sees_the_code() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for address in [NUMBER, "stock@example.sn"] {
        let recipient = ask(&owner, address).await;
        let code = receive_code(&app, address).await;
        for path in ["/messages", "/jobs", "/alert-recipients", "/audit-log"] {
            let shown = owner.get(path).await;
            assert!(shown.status == 200 && !shown.text.contains(&code), "{path}");
        }
        let stored = sqlx::query_scalar!(
            r#"select string_agg(concat(e.body, m.variables::text), ' ') as "text!"
               from effects e join messages m on m.id = e.message_id"#
        )
        .fetch_one(&mut app.owner().await)
        .await
        .unwrap();
        assert!(stored.contains("Boutique Awa") && !stored.contains(&code));
        confirm(&owner, &recipient, &code).await.expect(200);
    }
}

#[tokio::test]
async fn a_code_ends_after_five_wrong_attempts_a_day_or_another_code() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let recipient = ask(&owner, NUMBER).await;
    let first = receive_code(&app, NUMBER).await;
    for _ in 0..5 {
        let problem = confirm(&owner, &recipient, wrong(&first)).await;
        let problem = problem.expect_problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["code"], "wrong_code");
    }
    let expect_code = async |client: &Client<'_>, code: &str, error: &str| {
        let problem = confirm(client, &recipient, code).await;
        let problem = problem.expect_problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["code"], error, "{problem}");
    };
    expect_code(&owner, &first, "too_many_attempts").await;

    assert_eq!(ask(&owner, NUMBER).await, recipient);
    let second = receive_code(&app, NUMBER).await;
    if first != second {
        expect_code(&owner, &first, "wrong_code").await;
    }
    app.advance(DAY).await;
    let owner = app.sign_in(&owner.email, owner.company).await;
    expect_code(&owner, &second, "code_expired").await;

    ask(&owner, NUMBER).await;
    let third = receive_code(&app, NUMBER).await;
    confirm(&owner, &recipient, &format!(" {third} "))
        .await
        .expect(200);
    confirm(&owner, &recipient, "again").await.expect(200);
    let audit = owner.get("/audit-log").await.expect(200);
    let acts: Vec<_> = audit["items"].as_array().unwrap().iter().collect();
    let count = |action: &str| acts.iter().filter(|act| act["action"] == action).count();
    assert_eq!(count("alerts.request_recipient"), 3);
    assert_eq!(count("alerts.confirm_recipient"), 1);
    assert!(count("alerts.reject_recipient_code") >= 5);
}

#[tokio::test]
async fn a_confirmation_counts_for_one_company_alone() {
    let app = TestApp::start().await;
    let (owner, other) = (app.with_company().await, app.with_company().await);
    insert_confirmed(&other, NUMBER).await;
    owner
        .post("/alert-rules", rule_to(&json!([{"address": NUMBER}])))
        .await
        .expect_problem(422, "invalid_input");
    let recipient = ask(&other, "stock@example.sn").await;
    let code = receive_code(&app, "stock@example.sn").await;
    confirm(&owner, &recipient, &code)
        .await
        .expect_problem(404, "not_found");
    let sent = ask(&owner, "stock@example.sn").await;
    confirm(&other, &recipient, &code).await.expect(200);
    assert_ne!(sent, recipient);
    let listed = owner.get("/alert-recipients").await.expect(200);
    let states: Vec<_> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            (
                item["address"].as_str().unwrap(),
                item["state"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        states,
        [(PHONE, "confirmed"), ("stock@example.sn", "pending")]
    );
}

#[tokio::test]
async fn nothing_is_sent_to_an_address_that_was_withdrawn() {
    let app = start_without_callbacks().await;
    let owner = app.with_company().await;
    let recipient = ask(&owner, NUMBER).await;
    let code = receive_code(&app, NUMBER).await;
    confirm(&owner, &recipient, &code).await.expect(200);
    let to = json!([{"address": NUMBER}, {"user_id": owner.user}]);
    let rule = set_rule(&owner, &to).await;
    empty_shelf(&owner, "Riz").await;
    let company = owner.company();
    let mut tx = app.db.db.begin(Scope::company(company)).await.unwrap();
    let now = platform::db::load_now(&mut tx).await.unwrap();
    let evaluated = jobs::alerts::evaluate_company(&mut tx, company, now).await;
    assert_eq!(evaluated.unwrap().messages, 3);
    tx.commit().await.unwrap();

    owner.delete(&recipient).await.expect(204);
    owner
        .delete(&recipient)
        .await
        .expect_problem(404, "not_found");
    app.run_jobs().await;
    let messages = list_messages(&owner, "whatsapp").await;
    let unsent = messages
        .iter()
        .find(|message| message["state"] == "suppressed");
    let unsent = unsent.expect("the waiting message ended");
    assert_eq!(
        (&unsent["recipient"], &unsent["error_code"]),
        (&json!(NUMBER), &json!("not_confirmed"))
    );
    let retry = format!("/messages/{}/retry", unsent["id"].as_str().unwrap());
    owner.post(&retry, json!({})).await.expect(202);
    empty_shelf(&owner, "Lait").await;
    evaluate_alerts(&owner).await;
    assert_eq!(count_messages_to(&app, NUMBER).await, 1, "the code alone");
    assert_eq!(count_messages_to(&app, PHONE).await, 2);

    let path = format!("/alert-rules/{}", rule["id"].as_str().unwrap());
    owner
        .patch(&path, json!({"name": "Riz, lait"}))
        .await
        .expect(200);
    owner
        .patch(&path, json!({"recipients": rule["recipients"]}))
        .await
        .expect_problem(422, "invalid_input");
}

#[tokio::test]
async fn a_member_is_reached_by_e_mail_and_at_a_number_that_confirmed() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let changed = owner.patch("/auth/me", json!({"phone": NUMBER})).await;
    changed.expect(200);
    let to = json!([{"user_id": owner.user}, {"address": owner.email.to_uppercase()}]);
    set_rule(&owner, &to).await;
    empty_shelf(&owner, "Riz").await;
    evaluate_alerts(&owner).await;
    assert_eq!(count_messages_to(&app, NUMBER).await, 0);
    assert_eq!(count_messages_to(&app, &owner.email).await, 1);

    let recipient = ask(&owner, NUMBER).await;
    let code = receive_code(&app, NUMBER).await;
    confirm(&owner, &recipient, &code).await.expect(200);
    empty_shelf(&owner, "Lait").await;
    evaluate_alerts(&owner).await;
    assert_eq!(count_messages_to(&app, NUMBER).await, 2);
    assert_eq!(count_messages_to(&app, PHONE).await, 0);
}

#[tokio::test]
async fn a_company_sends_twenty_codes_a_day_and_an_address_gets_five_of_all() {
    let app = TestApp::start().await;
    let (owner, other) = (app.with_company().await, app.with_company().await);
    insert_attempts(&app, &format!("code-to:{NUMBER}"), 4).await;
    insert_attempts(&app, &format!("code-for:{}", owner.company()), 18).await;
    ask(&owner, NUMBER).await;
    let refused = request_code(&other, NUMBER).await;
    let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((86_000..=86_400).contains(&wait), "{wait}");
    refused.expect_problem(429, "rate_limited");
    ask(&owner, "a@example.sn").await;
    request_code(&owner, "b@example.sn")
        .await
        .expect_problem(429, "rate_limited");
    let listed = owner.get("/alert-recipients").await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 3, "{listed}");
    app.run_jobs().await;
    assert_eq!(count_messages_to(&app, NUMBER).await, 1);
    assert_eq!(count_messages_to(&app, "b@example.sn").await, 0);
}

#[tokio::test]
async fn who_opted_out_is_not_asked_again_until_opting_in() {
    let app = start_without_callbacks().await;
    let owner = app.with_company().await;
    ask(&owner, NUMBER).await;
    send_inbound_from(&app, NUMBER, "SM1", "STOP")
        .await
        .expect(204);
    let problem = request_code(&owner, NUMBER)
        .await
        .expect_problem(422, "invalid_input");
    assert_eq!(problem["errors"][0]["code"], "suppressed");
    send_inbound_from(&app, NUMBER, "SM2", "START")
        .await
        .expect(204);
    ask(&owner, NUMBER).await;
    assert_eq!(count_messages_to(&app, NUMBER).await, 2);
}

#[tokio::test]
async fn a_code_arrives_once_whatever_the_provider_returns() {
    for (operation, address) in [("create_message", NUMBER), ("send_email", "a@example.sn")] {
        let app = start_without_callbacks().await;
        let owner = app.with_company().await;
        add_fault(&app, operation, Fault::TimeoutAfter { hold_ms: 0 }, 1);
        request_code(&owner, address).await.expect(201);
        run_jobs_to_end(&app).await;
        assert_eq!(count_messages_to(&app, address).await, 1);
        let messages = owner.get("/messages").await.expect(200);
        assert_eq!(messages["items"][0]["state"], "sent", "{messages}");
    }
}

#[tokio::test]
async fn a_rule_has_at_most_twenty_recipients() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let address = |n: usize| format!("r{n}@example.sn");
    for n in 0..21 {
        insert_confirmed(&owner, &address(n)).await;
    }
    let body = |count: usize| {
        let recipients: Vec<_> = (0..count).map(|n| json!({"address": address(n)})).collect();
        json!({"name": "Riz", "kind": "rupture", "channels": ["email"], "recipients": recipients})
    };
    for count in [21, 5_000] {
        let problem = owner
            .post("/alert-rules", body(count))
            .await
            .expect_problem(422, "invalid_input");
        let errors = problem["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1);
        assert_eq!(
            (&errors[0]["field"], &errors[0]["code"]),
            (&json!("recipients"), &json!("too_many"))
        );
    }
    let rule = owner.post("/alert-rules", body(20)).await.expect(201);
    let path = format!("/alert-rules/{}", rule["id"].as_str().unwrap());
    let recipients = json!({"recipients": body(21)["recipients"]});
    owner
        .patch(&path, recipients)
        .await
        .expect_problem(422, "invalid_input");
    app.run_jobs().await;
}
