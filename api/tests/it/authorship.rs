//! Who entered a fact, and by which request.

use serde_json::{Value, json};

use crate::app::TestApp;

#[tokio::test]
async fn every_fact_shows_who_entered_it_and_by_which_request() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let rice = json!({"sku": "A", "name": "Riz", "sale_price": 500});
    owner.post("/products", rice).await.expect(201);
    let me = owner.get("/auth/me").await.expect(200)["id"].clone();
    let send = async |path: &str, body: Value, request: &str| {
        let header = [("X-Request-ID", request)];
        owner
            .send("POST", path, Some(body), &header)
            .await
            .expect(201)
    };
    let count = json!({"sku": "A", "kind": "count", "quantity": 9});
    let count = send("/stock-movements", count, "the-count-of-monday").await;
    let sale = send(
        "/sales",
        json!({"sku": "A", "quantity": 2}),
        "till-7-line-1",
    )
    .await;
    let by = |fact: &Value| (fact["created_by"].clone(), fact["request_id"].clone());
    assert_eq!(by(&count), (me.clone(), json!("the-count-of-monday")));
    assert_eq!(by(&sale), (me.clone(), json!("till-7-line-1")));
    let file = b"sku,quantity,price,date\nA,1,500,2026-01-05\n";
    let sent = owner.upload("/imports", "sales", &json!({}), file).await;
    let request = json!(sent.header("x-request-id").unwrap());
    let import = sent.expect(202)["import"].clone();
    assert_eq!(by(&import), (me.clone(), request.clone()));
    app.run_jobs().await;
    // The file's line is of an earlier day than the others.
    let sold = owner.get("/sales").await.expect(200);
    assert_eq!(by(&sold["items"][1]), (me.clone(), request.clone()));
    let ledger = owner.get("/stock-movements").await.expect(200);
    let requests: Vec<_> = ledger["items"].as_array().unwrap().iter().map(by).collect();
    let expected = [
        json!("till-7-line-1"),
        json!("the-count-of-monday"),
        request,
    ];
    assert_eq!(requests, expected.map(|request| (me.clone(), request)));
}
