//! Values out of range, files that are too large, and imports cancelled between two attempts.

use domain::identity::Role;
use serde_json::json;

use crate::app::TestApp;

const SALES: &[u8] =
    b"invoice;sku;quantity;price;date\n1;A;3;2,5;05/01/2026\n1;B;1;10;13/01/2026\n";

#[tokio::test]
async fn years_beyond_the_range_of_postgres_are_invalid_input() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    owner
        .post("/products", json!({"sku": "A", "name": "Riz"}))
        .await
        .expect(201);
    for field in ["due_at", "delivered_at", "sold_at"] {
        let sale =
            json!({"sku": "A", "quantity": 1, "unit_price": 5, field: "-9999-01-01T00:00:00Z"});
        let problem = owner
            .post("/sales", sale)
            .await
            .expect_problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["field"], field);
    }
    owner
        .get("/sales?from=-9999-01-01")
        .await
        .expect_problem(422, "invalid_input");
    owner
        .get("/jobs?since=-9999-01-01T00:00:00Z")
        .await
        .expect_problem(422, "invalid_input");
}

#[tokio::test]
async fn import_and_preview_reject_a_spreadsheet_that_is_too_large() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let file = [&b"PK\x03\x04"[..], &vec![0; 50 << 20]].concat();
    for path in ["/imports", "/imports/preview"] {
        owner
            .upload(path, "sales", &json!({}), &file)
            .await
            .expect_problem(413, "body_too_large");
    }
    let viewer = owner.with_user(Role::Viewer).await;
    viewer
        .upload("/imports/preview", "sales", &json!({}), SALES)
        .await
        .expect_problem(403, "forbidden");
}

#[tokio::test]
async fn a_sale_enqueues_an_evaluation_of_alerts() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    owner
        .post("/products", json!({"sku": "A", "name": "Riz"}))
        .await
        .expect(201);
    owner
        .post(
            "/sales",
            json!({"sku": "A", "quantity": 1, "unit_price": 5}),
        )
        .await
        .expect(201);
    let waiting: Vec<String> = sqlx::query_scalar!("select kind from jobs_open order by kind")
        .fetch_all(&mut app.owner().await)
        .await
        .unwrap();
    assert_eq!(waiting, ["alerts.evaluate", "rupture.compute_demand"]);
    app.run_jobs().await;
}

#[tokio::test]
async fn an_import_cancelled_between_two_attempts_keeps_its_committed_rows() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let accepted = owner
        .upload("/imports", "sales", &json!({}), SALES)
        .await
        .expect(202);
    let between =
        sqlx::query!("update imports set state = 'loading', merged_through = 2, rows_imported = 1");
    between.execute(&mut app.owner().await).await.unwrap();
    let path = format!("/imports/{}", accepted["import"]["id"].as_str().unwrap());
    owner
        .post(&format!("{path}/cancel"), json!({}))
        .await
        .expect(200);
    let ran = app.run_jobs().await;
    assert!(
        ran.iter().any(|ran| ran.kind == "catalog.end_import"),
        "{ran:?}"
    );
    assert_eq!(owner.get(&path).await.expect(200)["state"], "cancelled");
    let open = sqlx::query_scalar!("select count(*) from imports where settled_at is null");
    assert_eq!(
        open.fetch_one(&mut app.owner().await).await.unwrap(),
        Some(0)
    );
}
