//! Facts of one call, and taking them back.

use serde_json::{Value, json};

use crate::app::{Client, TestApp};

async fn open_shop<'a>(app: &'a TestApp) -> Client<'a> {
    let owner = app.with_company().await;
    for sku in ["RIZ", "MIL"] {
        let product = json!({"sku": sku, "name": sku, "sale_price": 500});
        owner.post("/products", product).await.expect(201);
    }
    let counts = json!([
        {"sku": "RIZ", "kind": "count", "quantity": 20, "at": "2026-01-01T08:00:00Z"},
        {"sku": "MIL", "kind": "count", "quantity": 5, "at": "2026-01-01T08:00:00Z"},
    ]);
    owner.post("/stock-movements", counts).await.expect(201);
    let file = b"invoice,sku,quantity,price,date,customer\n1,MIL,1,500,2025-12-01,c1\n";
    let sent = owner.upload("/imports", "sales", &json!({}), file).await;
    sent.expect(202);
    app.run_jobs().await;
    owner
}

/// Records facts and returns the path of their batch.
async fn record(owner: &Client<'_>, path: &str, facts: Value) -> String {
    let recorded = owner.post(path, facts).await;
    let location = recorded.header("location").map(str::to_owned);
    recorded.expect(201);
    let location = location.expect("several facts");
    location.strip_prefix("/api/v1").unwrap().to_owned()
}

async fn count_facts(owner: &Client<'_>, path: &str) -> usize {
    let page = owner.get(path).await.expect(200);
    page["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_batch_is_taken_back_as_its_preview_said() {
    let app = TestApp::start().await;
    let owner = open_shop(&app).await;
    let known = json!({"sku": "MIL", "quantity": 1, "external_id": "till-1"});
    owner.post("/sales", known.clone()).await.expect(201);
    let sales = json!([{"sku": "RIZ", "quantity": 3}, {"sku": "RIZ", "quantity": 4}, known]);
    let batch = record(&owner, "/sales", sales).await;
    let shown = owner.get(&batch).await.expect(200);
    assert_eq!(
        (&shown["kind"], &shown["facts"]),
        (&json!("sales"), &json!(2))
    );
    let listed = owner.get("/batches").await.expect(200);
    assert_eq!(listed["items"][0], shown);
    let revert = format!("{batch}/revert");
    let preview = owner.get(&revert).await.expect(200);
    let level = &preview["levels"][0];
    assert_eq!(preview["facts_deleted"], 2);
    assert_eq!(
        (&level["before"], &level["after"]),
        (&json!("13.000"), &json!("20.000"))
    );
    assert_eq!(count_facts(&owner, "/sales").await, 4);
    assert_eq!(owner.post(&revert, json!(null)).await.expect(200), preview);
    assert_eq!(
        count_facts(&owner, "/sales").await,
        2,
        "the known sale and that of the file stay"
    );
    let again = owner.post(&revert, json!(null)).await.expect(409);
    assert_eq!(again["code"], "batch_not_revertible");
    let audit = owner
        .get("/audit-log?action=catalog.revert_batch")
        .await
        .expect(200);
    assert_eq!(audit["items"][0]["details"], json!({"facts": 2}));
    app.run_jobs().await;
}

#[tokio::test]
async fn movements_of_a_batch_are_taken_back_and_a_single_fact_is_no_batch() {
    let app = TestApp::start().await;
    let owner = open_shop(&app).await;
    let entry = json!({"sku": "RIZ", "kind": "entry", "quantity": 5});
    let single = owner.post("/stock-movements", entry.clone()).await;
    assert_eq!(single.header("location"), None);
    single.expect(201);
    let counted = json!({"sku": "MIL", "kind": "count", "quantity": 50});
    let batch = record(&owner, "/stock-movements", json!([entry, counted])).await;
    let revert = format!("{batch}/revert");
    let effect = owner.post(&revert, json!(null)).await.expect(200);
    let levels = effect["levels"].as_array().unwrap().iter();
    let levels: Vec<_> = levels
        .map(|change| (&change["sku"], &change["before"], &change["after"]))
        .collect();
    let expected = json!([["MIL", "50.000", "5.000"], ["RIZ", "30.000", "25.000"]]);
    assert_eq!(json!(levels), expected);
    app.run_jobs().await;
}

#[tokio::test]
async fn a_batch_on_which_newer_facts_stand_stays() {
    let app = TestApp::start().await;
    let owner = open_shop(&app).await;
    let line = |quantity: i64, at: &str| {
        json!({"sku": "RIZ", "quantity": quantity.abs(), "unit_price": 500, "customer_ref": "c1",
               "kind": if quantity < 0 { "return" } else { "sale" }, "sold_at": at})
    };
    let sold = [
        line(3, "2026-01-02T09:00:00Z"),
        line(1, "2026-01-02T09:00:00Z"),
    ];
    let sold = record(&owner, "/sales", json!(sold)).await;
    let returned = [
        line(-3, "2026-01-03T09:00:00Z"),
        line(2, "2026-01-03T09:00:00Z"),
    ];
    let returned = record(&owner, "/sales", json!(returned)).await;
    for send in ["GET", "POST"] {
        let refused = owner.send(send, &format!("{sold}/revert"), None, &[]).await;
        let refused = refused.expect(409);
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains("(returns: 1)"), "{detail}");
    }
    for batch in [returned, sold] {
        owner
            .post(&format!("{batch}/revert"), json!(null))
            .await
            .expect(200);
    }
    assert_eq!(count_facts(&owner, "/sales").await, 1);
    app.run_jobs().await;
}

#[tokio::test]
async fn another_companys_batch_does_not_exist() {
    let app = TestApp::start().await;
    let owner = open_shop(&app).await;
    let sales = json!([{"sku": "RIZ", "quantity": 3}, {"sku": "MIL", "quantity": 4}]);
    let batch = record(&owner, "/sales", sales).await;
    let other = app.with_company().await;
    other.get(&batch).await.expect(404);
    other
        .post(&format!("{batch}/revert"), json!(null))
        .await
        .expect(404);
    assert_eq!(count_facts(&owner, "/sales").await, 3);
    app.run_jobs().await;
}

#[tokio::test]
async fn a_batch_waits_for_an_import_and_a_file_brings_its_lines_back() {
    let app = TestApp::start().await;
    let owner = open_shop(&app).await;
    let sold = [1, 2].map(|n| json!({"sku": "RIZ", "quantity": n, "external_id": n.to_string()}));
    let batch = record(&owner, "/sales", json!(sold)).await;
    let revert = format!("{batch}/revert");
    let file = b"external_id,sku,quantity,price,date\n1,RIZ,1,500,2026-01-05\n";
    let import = async || {
        let sent = owner.upload("/imports", "sales", &json!({}), file).await;
        sent.expect(202);
    };
    import().await;
    app.run_jobs().await;
    // It changed the day of the sale.
    let refused = owner.post(&revert, json!(null)).await.expect(409);
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .contains("changed 1 of its sales later")
    );
    sqlx::query!(
        "update imports set state = 'loading'
         where id = (select id from imports order by created_at desc limit 1)"
    )
    .execute(&mut app.owner().await)
    .await
    .unwrap();
    let refused = owner.post(&revert, json!(null)).await.expect(409);
    assert!(refused["detail"].as_str().unwrap().contains("under way"));
}
