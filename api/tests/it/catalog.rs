//! Products, stock and sales over HTTP.

use domain::identity::Role;
use serde_json::{Value, json};

use crate::app::{Client, TestApp};

async fn product(client: &Client<'_>, sku: &str) -> Value {
    client
        .post(
            "/products",
            json!({"sku": sku, "name": "Riz 25 kg", "sale_price": "15000"}),
        )
        .await
        .expect(201)
}

fn path_of(thing: &Value, path: &str) -> String {
    path.replace("{id}", thing["id"].as_str().unwrap())
}

#[tokio::test]
async fn another_company_gets_404() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let mine = product(&owner, "A").await;
    let sale = owner
        .post("/sales", json!({"sku": "A", "quantity": 1}))
        .await
        .expect(201);
    let stranger = app.with_company().await;
    for path in ["/products/{id}", "/products/{id}/stock"] {
        stranger
            .get(&path_of(&mine, path))
            .await
            .expect_problem(404, "not_found");
    }
    stranger
        .patch(&path_of(&mine, "/products/{id}"), json!({"name": "x"}))
        .await
        .expect_problem(404, "not_found");
    stranger
        .delete(&path_of(&mine, "/products/{id}"))
        .await
        .expect_problem(404, "not_found");
    stranger
        .post(&path_of(&sale, "/sales/{id}/cancel"), json!({}))
        .await
        .expect_problem(404, "not_found");
    let body = stranger
        .post("/sales", json!({"product_id": mine["id"], "quantity": 1}))
        .await;
    assert_eq!(
        body.expect_problem(422, "invalid_input")["errors"][0]["code"],
        "unknown_product"
    );
    for list in ["/products", "/sales", "/stock-movements"] {
        assert_eq!(
            stranger.get(list).await.expect(200),
            json!({"items": [], "next_cursor": null})
        );
    }
    app.run_jobs().await;
}

#[tokio::test]
async fn a_product_is_created_changed_and_archived() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let category = owner
        .post("/categories", json!({"name": "Riz"}))
        .await
        .expect(201);
    let new = json!({"sku": " riz-25 ", "name": "Riz", "category_id": category["id"], "purchase_price": "12500.50", "min_stock": 5});
    let made = owner.post("/products", new.clone()).await;
    assert_eq!(
        made.header("location"),
        Some(path_of(&made.body, "/api/v1/products/{id}").as_str())
    );
    let made = made.expect(201);
    assert_eq!(
        (&made["sku"], &made["currency"]),
        (&json!("riz-25"), &json!("XOF"))
    );
    assert_eq!(
        (&made["purchase_price"], &made["version"]),
        (&json!("12500.5"), &json!(1))
    );
    owner
        .post("/products", new)
        .await
        .expect_problem(409, "sku_taken");

    let path = path_of(&made, "/products/{id}");
    let read = owner.get(&path).await;
    let etag = read.header("etag").unwrap().to_owned();
    let change = || Some(json!({"name": "Riz parfumé", "min_stock": null}));
    let changed = owner
        .send("PATCH", &path, change(), &[("If-Match", &etag)])
        .await
        .expect(200);
    assert_eq!(
        (&changed["name"], &changed["min_stock"]),
        (&json!("Riz parfumé"), &Value::Null)
    );
    owner
        .send("PATCH", &path, change(), &[("If-Match", &etag)])
        .await
        .expect_problem(412, "version_mismatch");
    owner
        .patch(&path, json!({"name": "x", "version": 1}))
        .await
        .expect_problem(412, "version_mismatch");

    assert_eq!(owner.delete(&path).await.status, 204);
    assert_eq!(owner.get("/products").await.expect(200)["items"], json!([]));
    let archived = owner
        .get("/products?status=archived&q=PARF")
        .await
        .expect(200);
    assert_eq!(archived["items"][0]["id"], made["id"]);
}

#[tokio::test]
async fn a_list_continues_after_its_cursor() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for sku in ["a", "b", "c"] {
        product(&owner, sku).await;
    }
    let first = owner.get("/products?limit=2").await.expect(200);
    let next = format!(
        "/products?limit=2&cursor={}",
        first["next_cursor"].as_str().unwrap()
    );
    let rest = owner.get(&next).await.expect(200);
    let skus: Vec<_> = [&first, &rest]
        .iter()
        .flat_map(|p| p["items"].as_array().unwrap())
        .map(|p| &p["sku"])
        .collect();
    assert_eq!(skus, ["a", "b", "c"]);
    assert_eq!(rest["next_cursor"], Value::Null);
}

#[tokio::test]
async fn stock_is_unknown_until_counted_and_then_follows_sales() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let rice = product(&owner, "A").await;
    let stock = path_of(&rice, "/products/{id}/stock");
    assert_eq!(owner.get(&stock).await.expect(200)["level"], Value::Null);
    let count = owner
        .post(
            "/stock-movements",
            json!({"sku": "a", "kind": "count", "quantity": "10.500"}),
        )
        .await
        .expect(201);
    assert_eq!(
        (&count["kind"], &count["quantity"]),
        (&json!("count"), &json!("10.500"))
    );
    let sold = owner
        .post(
            "/sales",
            json!([{"sku": "A", "quantity": 4}, {"product_id": rice["id"], "quantity": 2}]),
        )
        .await;
    let sold = sold.expect(201);
    assert_eq!(sold["items"][0]["amount"], "60000");
    assert_eq!(owner.get(&stock).await.expect(200)["level"], "4.500");
    let cancel = path_of(&sold["items"][1], "/sales/{id}/cancel");
    assert_eq!(
        owner.post(&cancel, json!({})).await.expect(200)["status"],
        "cancelled"
    );
    assert_eq!(owner.get(&stock).await.expect(200)["level"], "6.500");
    let ledger = owner
        .get(&format!(
            "/stock-movements?product_id={}",
            rice["id"].as_str().unwrap()
        ))
        .await
        .expect(200);
    let kinds: Vec<_> = ledger["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| &line["kind"])
        .collect();
    assert_eq!(kinds, ["sale", "count"]);
    app.run_jobs().await;
}

#[tokio::test]
async fn facts_sent_again_are_recorded_once() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let rice = product(&owner, "A").await;
    let line = json!({"sku": "A", "quantity": 4, "external_id": "T-1"});
    let first = owner.post("/sales", line.clone()).await.expect(201);
    assert_eq!(owner.post("/sales", line).await.expect(200), first);
    owner
        .post(
            "/sales",
            json!({"sku": "A", "quantity": 5, "external_id": "T-1"}),
        )
        .await
        .expect_problem(409, "external_id_taken");

    let entry = || Some(json!([{"sku": "A", "kind": "entry", "quantity": 5}]));
    let key = [("Idempotency-Key", "delivery-1")];
    let done = owner
        .send("POST", "/stock-movements", entry(), &key)
        .await
        .expect(201);
    let again = owner.send("POST", "/stock-movements", entry(), &key).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.expect(201), done);
    let stock = owner
        .get(&path_of(&rice, "/products/{id}/stock"))
        .await
        .expect(200);
    assert_eq!(stock["level"], "5.000");
    app.run_jobs().await;
}

#[tokio::test]
async fn invalid_facts_are_named_by_field_and_nothing_is_recorded() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    product(&owner, "A").await;
    let field = async |path: &str, body: Value| {
        let problem = owner
            .post(path, body)
            .await
            .expect_problem(422, "invalid_input");
        format!(
            "{} {}",
            problem["errors"][0]["field"].as_str().unwrap(),
            problem["errors"][0]["code"].as_str().unwrap()
        )
    };
    assert_eq!(
        field("/sales", json!({"sku": "B", "quantity": 1})).await,
        "sku unknown_product"
    );
    assert_eq!(
        field(
            "/sales",
            json!([{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 1}])
        )
        .await,
        "[1].sku unknown_product"
    );
    assert_eq!(
        field("/sales", json!({"sku": "A", "quantity": 1.5})).await,
        "quantity invalid_value"
    );
    assert_eq!(
        field(
            "/sales",
            json!({"sku": "A", "quantity": 1, "unit_prize": 3})
        )
        .await,
        "unit_prize unknown_field"
    );
    assert_eq!(
        field(
            "/stock-movements",
            json!({"sku": "A", "kind": "exit", "quantity": -1})
        )
        .await,
        "quantity wrong_sign"
    );
    assert_eq!(
        field(
            "/stock-movements",
            json!({"sku": "A", "kind": "theft", "quantity": 1})
        )
        .await,
        "kind invalid_value"
    );
    let many: Vec<_> = (0..1001)
        .map(|_| json!({"sku": "A", "quantity": 1}))
        .collect();
    assert_eq!(field("/sales", json!(many)).await, " too_many");
    assert_eq!(owner.get("/sales").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn a_thousand_sales_are_recorded_in_one_call() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    product(&owner, "A").await;
    let many: Vec<_> = (0..1000)
        .map(|n| json!({"sku": "A", "quantity": 1, "external_id": n.to_string()}))
        .collect();
    let done = owner.post("/sales", json!(many)).await.expect(201);
    let ids: Vec<_> = done["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sale| &sale["external_id"])
        .collect();
    assert_eq!(
        (ids.len(), ids[0], ids[999]),
        (1000, &json!("0"), &json!("999"))
    );
    app.run_jobs().await;
}

#[tokio::test]
async fn viewers_read_members_record_and_managers_change_the_catalog() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    product(&owner, "A").await;
    let (viewer, member) = (
        owner.with_user(Role::Viewer).await,
        owner.with_user(Role::Member).await,
    );
    assert_eq!(
        viewer.get("/products").await.expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    viewer
        .post("/sales", json!({"sku": "A", "quantity": 1}))
        .await
        .expect_problem(403, "forbidden");
    member
        .post("/sales", json!({"sku": "A", "quantity": 1}))
        .await
        .expect(201);
    for (path, body) in [
        ("/products", json!({"sku": "B", "name": "b"})),
        ("/categories", json!({"name": "b"})),
        ("/suppliers", json!({"name": "b"})),
        ("/sites", json!({"name": "b"})),
    ] {
        member
            .post(path, body.clone())
            .await
            .expect_problem(403, "forbidden");
        let made = owner.post(path, body).await.expect(201);
        let path = format!("{path}/{}", made["id"].as_str().unwrap());
        assert_eq!(owner.get(&path).await.expect(200), made);
        assert_eq!(
            owner.patch(&path, json!({"name": "c"})).await.expect(200)["name"],
            "c"
        );
        assert_eq!(owner.delete(&path).await.status, 204);
        assert_ne!(
            owner.get(&path).await.expect(200)["archived_at"],
            Value::Null
        );
    }
    app.run_jobs().await;
}
