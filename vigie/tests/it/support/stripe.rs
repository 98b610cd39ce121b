//! What a customer does on Stripe's side.

use serde_json::{Value, json};

use super::{Client, System, build_http_client, eventually};

/// Acts on Stripe's side.
pub(crate) async fn act_on_stripe(system: &System, path: &str, body: &Value) -> Value {
    let url = format!("{}/admin/stripe{path}", system.sandbox.url());
    let response = build_http_client()
        .post(url)
        .json(body)
        .send()
        .await
        .unwrap()
        .error_for_status()
        .unwrap();
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

/// Pays for the smaller plan and returns the subscription's id. Its three events are on their way.
pub(crate) async fn pay(system: &System, client: &Client) -> String {
    let checkout = client
        .post("/billing/checkout-sessions", &json!({"plan": "pro"}))
        .await
        .expect(201);
    let path = format!(
        "/checkout/{}/complete",
        checkout["session_id"].as_str().unwrap()
    );
    act_on_stripe(system, &path, &json!({})).await["subscription"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Pays for the smaller plan and waits until the company has it.
pub(crate) async fn subscribe(system: &System, client: &Client) {
    pay(system, client).await;
    eventually("the company has its plan", async || {
        let subscription = client.get("/billing/subscription").await.expect(200);
        (subscription["plan"] == "pro").then_some(())
    })
    .await;
}
