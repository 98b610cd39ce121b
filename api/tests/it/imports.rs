//! Imports: uploads, questions, rejected rows, previews, and the ids of other companies.

use domain::identity::Role;
use serde_json::{Value, json};

use crate::app::{Client, TestApp};

const SALES: &[u8] = b"invoice;sku;quantity;price;date;customer\n\
    1;A;3;2,5;05/01/2026;c1\n1;B;1;10;13/01/2026;c1\n2;A;x;2,5;05/01/2026;\n";

async fn upload(client: &Client<'_>, options: Value, file: &[u8]) -> Value {
    client
        .upload("/imports", "sales", &options, file)
        .await
        .expect(202)
}

#[tokio::test]
async fn an_upload_returns_its_location_and_ends_with_its_counts() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let answer = owner.upload("/imports", "sales", &json!({}), SALES).await;
    let id = answer.body["import"]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        answer.header("location"),
        Some(format!("/api/v1/imports/{id}").as_str())
    );
    assert_eq!(answer.expect(202)["import"]["state"], "received");
    app.run_jobs().await;
    let import = owner.get(&format!("/imports/{id}")).await.expect(200);
    assert_eq!(import["state"], "succeeded");
    assert_eq!(
        (
            &import["rows_total"],
            &import["rows_imported"],
            &import["rows_rejected"]
        ),
        (&json!(3), &json!(2), &json!(1))
    );
    let detected = &import["detected"];
    assert_eq!(
        (
            &detected["delimiter"],
            &detected["decimal"]["unit_price"],
            &detected["date_format"]
        ),
        (&json!(";"), &json!(","), &json!("d/m/Y"))
    );
    assert_eq!(detected["columns"]["unit_price"], "price");
    let list = owner.get("/imports?limit=1").await.expect(200);
    assert_eq!(list["items"][0]["id"], id);
    assert_eq!(
        owner.get("/sales").await.expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn rejected_rows_are_returned_as_json_and_as_a_file_to_send_again() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let accepted = upload(&owner, json!({}), SALES).await;
    app.run_jobs().await;
    let path = format!(
        "/imports/{}/errors",
        accepted["import"]["id"].as_str().unwrap()
    );
    let errors = owner.get(&path).await.expect(200);
    let row = &errors["items"][0];
    let issue = &row["issues"][0];
    assert_eq!(
        (&row["line"], &issue["column"], &issue["value"]),
        (&json!(4), &json!("quantity"), &json!("x"))
    );
    assert_eq!(issue["code"], "not_a_number");
    assert_eq!(issue["reason"], "n'est pas un nombre à point décimal");
    assert_eq!(row["severity"], "error");
    let warned = owner.get(&format!("{path}?severity=warning")).await;
    assert_eq!(warned.expect(200)["items"], json!([]));
    let report = owner
        .send("GET", &path, None, &[("accept", "text/csv")])
        .await;
    assert_eq!(
        report.header("content-type"),
        Some("text/csv; charset=utf-8")
    );
    let corrected = report
        .text
        .replace("2;A;x;", "2;A;4;")
        .replace("date_format", "");
    let options = json!({"decimal": ",", "date_format": "d/m/Y"});
    let again = upload(&owner, options, corrected.as_bytes()).await;
    app.run_jobs().await;
    let import = owner
        .get(&format!(
            "/imports/{}",
            again["import"]["id"].as_str().unwrap()
        ))
        .await
        .expect(200);
    assert_eq!(
        (&import["rows_imported"], &import["rows_rejected"]),
        (&json!(1), &json!(0))
    );
}

#[tokio::test]
async fn a_question_is_answered_by_resuming() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let file = b"sku,quantity,price,date\nA,1,5,01/02/2026\n";
    let accepted = upload(&owner, json!({"currency": "EUR"}), file).await;
    app.run_jobs().await;
    let path = format!("/imports/{}", accepted["import"]["id"].as_str().unwrap());
    let asked = owner.get(&path).await.expect(200);
    assert_eq!(
        (&asked["state"], &asked["questions"][0]["option"]),
        (&json!("needs_input"), &json!("date_format"))
    );
    let resume = format!("{path}/resume");
    owner
        .post(&resume, json!({"options": {"date_format": "yesterday"}}))
        .await
        .expect_problem(422, "invalid_input");
    owner
        .post(&resume, json!({"options": {"date_format": "d/m/Y"}}))
        .await
        .expect(202);
    app.run_jobs().await;
    assert_eq!(owner.get(&path).await.expect(200)["state"], "succeeded");
    let sale = &owner.get("/sales").await.expect(200)["items"][0];
    assert_eq!(
        (&sale["day"], &sale["currency"]),
        (&json!("2026-02-01"), &json!("EUR"))
    );
    owner
        .post(&resume, json!({"options": {}}))
        .await
        .expect_problem(409, "import_not_waiting");
}

#[tokio::test]
async fn an_unreadable_file_is_rejected_at_once_and_stores_nothing() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for (file, options, code) in [
        (&b""[..], json!({}), "empty_file"),
        (b"sku,quantity,price,date\n", json!({}), "no_rows"),
        (b"%PDF-1.7\nand so on", json!({}), "not_a_table"),
        (
            b"sku\0\0\0\0\0\0\0\0\0\0,quantity",
            json!({}),
            "not_a_table",
        ),
        (SALES, json!({"delimiter": ","}), "missing_column"),
        (SALES, json!({"mapping": {"sku": "Code"}}), "missing_column"),
        (SALES, json!({"encoding": "utf-9"}), "unknown_encoding"),
        (SALES, json!({"delimeter": ","}), "unknown_field"),
        (SALES, json!({"mode": "some"}), "invalid_value"),
        (&b"x,".repeat(1_000_000), json!({}), "too_many_columns"),
        (b"PK\x03\x04 and no archive", json!({}), "not_a_table"),
    ] {
        let problem = owner
            .upload("/imports", "sales", &options, file)
            .await
            .expect_problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["code"], code, "{problem}");
    }
    owner
        .upload("/imports", "orders", &json!({}), SALES)
        .await
        .expect_problem(422, "invalid_input");
    let length = [
        ("content-length", "3221225472"),
        ("content-type", "multipart/form-data; boundary=x"),
    ];
    owner
        .send("POST", "/imports", None, &length)
        .await
        .expect_problem(413, "body_too_large");
    owner
        .post("/imports", json!({}))
        .await
        .expect_problem(415, "unsupported_media_type");
    assert_eq!(owner.get("/imports").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn viewers_see_imports_and_other_companies_do_not() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let viewer = owner.with_user(Role::Viewer).await;
    let stranger = app.with_company().await;
    let accepted = upload(&owner, json!({}), SALES).await;
    app.run_jobs().await;
    viewer
        .upload("/imports", "sales", &json!({}), SALES)
        .await
        .expect_problem(403, "forbidden");
    let path = format!("/imports/{}", accepted["import"]["id"].as_str().unwrap());
    viewer.get(&path).await.expect(200);
    stranger.get(&path).await.expect_problem(404, "not_found");
    stranger
        .get(&format!("{path}/errors"))
        .await
        .expect_problem(404, "not_found");
    stranger
        .post(&format!("{path}/cancel"), json!({}))
        .await
        .expect_problem(404, "not_found");
    owner
        .post(&format!("{path}/cancel"), json!({}))
        .await
        .expect_problem(409, "import_over");
}

#[tokio::test]
async fn a_waiting_import_can_be_cancelled() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let accepted = upload(&owner, json!({}), SALES).await;
    let path = format!("/imports/{}", accepted["import"]["id"].as_str().unwrap());
    assert_eq!(
        owner
            .post(&format!("{path}/cancel"), json!({}))
            .await
            .expect(200)["state"],
        "cancelled"
    );
    app.run_jobs().await;
    assert_eq!(owner.get(&path).await.expect(200)["state"], "cancelled");
    assert_eq!(owner.get("/sales").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn a_preview_shows_rows_and_stores_nothing() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let preview = owner
        .upload("/imports/preview", "sales", &json!({}), SALES)
        .await
        .expect(200);
    assert_eq!(preview["rows"].as_array().unwrap().len(), 3);
    assert_eq!(preview["rows"][2]["errors"][0]["code"], "not_a_number");
    assert_eq!(preview["rows"][0]["fields"]["sku"], "A");
    assert_eq!(preview["rows"][0]["values"]["amount"], "8");
    assert_eq!(preview["totals"]["accepted"], 2);
    assert_eq!(preview["creates"]["skus"], json!(["A", "B"]));
    assert_eq!(app.list_files().await, Vec::<String>::new());
    assert_eq!(owner.get("/imports").await.expect(200)["items"], json!([]));
}
