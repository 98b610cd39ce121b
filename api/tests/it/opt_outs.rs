//! Opt-outs in people's own words, from every form of their number.

use serde_json::json;

use crate::app::TestApp;
use crate::message_fixtures::{
    cause_alert, send_alert, send_inbound, send_inbound_from, start_without_callbacks,
};
use crate::shop::insert_confirmed;

const NUMBER_IN_BENIN: &str = "+2290197123456";
const ITS_FORMER_FORM: &str = "+22997123456";

#[tokio::test]
async fn an_opt_out_may_be_polite_and_a_message_about_something_else_is_none() {
    let app = start_without_callbacks().await;
    let owner = send_alert(&app, "whatsapp").await;
    let bodies = [
        ("Arret svp", true),
        ("Arrêtez", true),
        ("Désabonnez-moi", true),
        ("Stop merci", true),
        ("Quand s'arrête la promo ?", false),
    ];
    for (at, (body, is_opt_out)) in bodies.iter().enumerate() {
        send_inbound(&app, &format!("SMstop{at}"), body)
            .await
            .expect(204);
        let suppressions = owner.get("/suppressions").await.expect(200);
        let reason = &suppressions["items"][0]["reason"];
        assert_eq!(*reason == json!("stop"), *is_opt_out, "{body}");
        send_inbound(&app, &format!("SMstart{at}"), "START")
            .await
            .expect(204);
        let suppressions = owner.get("/suppressions").await.expect(200);
        assert_eq!(suppressions["items"], json!([]), "{body}");
    }
}

#[tokio::test]
async fn an_opt_out_from_the_former_form_of_a_number_holds_for_the_present_one() {
    let app = start_without_callbacks().await;
    let owner = app.with_company().await;
    let phone = json!({"phone": NUMBER_IN_BENIN});
    owner.patch("/auth/me", phone).await.expect(200);
    insert_confirmed(&owner, NUMBER_IN_BENIN).await;
    cause_alert(&owner, "whatsapp").await;
    app.run_jobs().await;
    assert_eq!(app.list_messages_to(NUMBER_IN_BENIN).await.len(), 1);
    send_inbound_from(&app, ITS_FORMER_FORM, "SM1", "STOP")
        .await
        .expect(204);
    let suppressed = owner.get("/suppressions").await.expect(200)["items"][0].clone();
    assert_eq!(
        (&suppressed["reason"], &suppressed["recipient"]),
        (&json!("stop"), &json!(NUMBER_IN_BENIN))
    );
    send_inbound_from(&app, ITS_FORMER_FORM, "SM2", "START")
        .await
        .expect(204);
    let left = owner.get("/suppressions").await.expect(200);
    assert_eq!(left["items"], json!([]));
}

#[tokio::test]
async fn a_national_number_is_one_of_the_companys_country() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let company = format!("/companies/{}", owner.company());
    owner
        .patch(&company, json!({"country": "BJ"}))
        .await
        .expect(200);
    let changed = owner
        .patch("/auth/me", json!({"phone": "01 97 12 34 56"}))
        .await;
    assert_eq!(changed.expect(200)["phone"], NUMBER_IN_BENIN);
    for former in ["97 12 34 56", "+229 97 12 34 56", "00229 97123456"] {
        let problem = owner
            .patch("/auth/me", json!({"phone": former}))
            .await
            .expect_problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["code"], "renumbered", "{former}");
        let hint = problem["errors"][0]["message"].as_str().unwrap();
        assert!(hint.contains("ten digits"), "{hint}");
    }
    app.run_jobs().await;
}
