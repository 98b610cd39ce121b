//! What a preview says of rows that meet what the company has already.

use serde_json::{Value, json};

use crate::app::{Client, TestApp};

async fn preview(owner: &Client<'_>, file: &str) -> Value {
    let options = json!({});
    let sent = owner.upload("/imports/preview", "sales", &options, file.as_bytes());
    sent.await.expect(200)
}

async fn import(app: &TestApp, owner: &Client<'_>, file: &str) {
    let options = json!({});
    let sent = owner.upload("/imports", "sales", &options, file.as_bytes());
    sent.await.expect(202);
    app.run_jobs().await;
}

fn outcomes(preview: &Value) -> Vec<&str> {
    let rows = preview["rows"].as_array().unwrap().iter();
    rows.map(|row| row["outcome"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn recorded_rows_are_shown_as_such_and_further_equal_ones_are_not() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let header = "invoice,sku,quantity,price,date\n";
    import(&app, &owner, &format!("{header}1,A,1,5,2026-01-05\n")).await;
    let rows = "1,A,9,5,2026-01-05\n1,A,1,5,2026-01-05\n1,B,1,5,2026-01-05\n";
    let preview = preview(&owner, &format!("{header}{rows}")).await;
    assert_eq!(outcomes(&preview), ["recorded", "imported", "imported"]);
}

#[tokio::test]
async fn days_that_other_files_hold_are_asked_about_as_the_import_asks() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let header = "sku,quantity,price,date\n";
    import(
        &app,
        &owner,
        &format!("{header}A,1,5,2026-01-05\nB,1,5,2026-01-05\n"),
    )
    .await;
    let file = format!("{header}A,1,5,2026-01-05\nA,1,5,2026-01-05\n");
    let shown = preview(&owner, &file).await;
    assert_eq!(outcomes(&shown), ["recorded", "imported"]);
    import(&app, &owner, &file).await;
    let latest = owner.get("/imports").await.expect(200)["items"][0].clone();
    assert_eq!(latest["state"], "needs_input");
    assert_eq!(shown["questions"], latest["questions"]);
    let whole = format!("{header}A,1,5,2026-01-05\nB,1,5,2026-01-05\nC,1,5,2026-01-05\n");
    assert_eq!(preview(&owner, &whole).await["questions"], json!([]));
}

#[tokio::test]
async fn lines_that_a_later_one_replaces_are_warned_of() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let file = "external_id,sku,quantity,price,date\n7,A,1,5,2026-01-05\n7,A,2,5,2026-01-05\n";
    let shown = preview(&owner, file).await;
    let warning = &shown["warnings"][0];
    assert_eq!(
        (&warning["code"], &warning["lines"]),
        (&json!("superseded_lines"), &json!([2]))
    );
    import(&app, &owner, file).await;
    let latest = owner.get("/imports").await.expect(200)["items"][0].clone();
    assert_eq!(latest["warnings"], shown["warnings"]);
}

#[tokio::test]
async fn what_the_plan_does_not_include_is_rejected_as_the_import_is() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let set_limits = async |products: i32, rows: i64| {
        sqlx::query!(
            "update plans set products = $1, import_rows_per_month = $2",
            products,
            rows,
        )
        .execute(&mut app.owner().await)
        .await
        .unwrap();
    };
    let file = "invoice,sku,quantity,price,date\n1,A,1,5,2026-01-05\n1,B,2,5,2026-01-05\n";
    set_limits(1, 100).await;
    let shown = preview(&owner, file).await;
    import(&app, &owner, file).await;
    let latest = owner.get("/imports").await.expect(200)["items"][0].clone();
    let rejection = &shown["rejection"];
    assert_eq!(rejection["code"], "plan_products");
    assert_eq!(rejection["code"], latest["error_code"]);
    assert_eq!(rejection["message"], latest["error_message"]);
    set_limits(10, 1).await;
    let shown = preview(&owner, file).await;
    assert_eq!(shown["rejection"], json!(null));
    assert_eq!(shown["warnings"][0]["code"], "plan_rows");
}

#[tokio::test]
async fn a_preview_says_what_further_and_replacing_files_do() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let header = "sku,quantity,price,date\n";
    import(
        &app,
        &owner,
        &format!("{header}A,1,5,2026-01-05\nB,1,5,2026-01-05\n"),
    )
    .await;
    let file = format!("{header}A,1,5,2026-01-05\n");
    let shown = async |same_day: &str| {
        let options = json!({"same_day": same_day});
        let sent = owner.upload("/imports/preview", "sales", &options, file.as_bytes());
        sent.await.expect(200)
    };
    assert_eq!(outcomes(&shown("union").await), ["recorded"]);
    assert_eq!(outcomes(&shown("add").await), ["imported"]);
    let warning = shown("replace").await["warnings"][0].clone();
    assert_eq!(
        (&warning["code"], &warning["rows"]),
        (&json!("replaced_lines"), &json!(1))
    );
}
