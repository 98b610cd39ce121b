//! NUL bytes, which Postgres cannot store: every input rejects them, and an import rejects their
//! rows.

use axum::body::Body;
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use testing::SheetCell::{self, Number, Text};
use testing::build_workbook;

use crate::app::{Client, TestApp};
use crate::client::{FORM, FORM_TAIL, form_head};

const SALES: &str = "invoice,sku,quantity,price,date,customer\n1,A,3,500,2026-01-05,c1\n";

async fn import(client: &Client<'_>, kind: &str, file: &str) -> Value {
    let accepted = client
        .upload("/imports", kind, &json!({}), file.as_bytes())
        .await
        .expect(202);
    client.app.run_jobs().await;
    client
        .get(&format!(
            "/imports/{}",
            accepted["import"]["id"].as_str().unwrap()
        ))
        .await
        .expect(200)
}

/// A header and thirty rows: a file that is mostly NULs would be no table.
fn table(header: &str, row: impl Fn(i32) -> String) -> String {
    let rows: String = (1..=30).map(row).collect();
    format!("{header}\n{rows}")
}

#[tokio::test]
async fn a_row_with_a_nul_byte_is_reported_and_the_others_are_imported() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let good = table("invoice,sku,quantity,price,date,customer", |n| {
        format!("{n},A,3,500,2026-01-05,c1\n")
    });
    let file = format!(
        "{good}31,B\0,1,500,2026-01-05,c1\n32,C,1,500,2026-01-05,\"c\0\"\n33,D,1,500,2026-01-06,\0\n"
    );
    let import = import(&owner, "sales", &file).await;
    assert_eq!(
        (&import["state"], &import["rows_imported"]),
        (&json!("succeeded"), &json!(30)),
        "{import}"
    );
    assert_eq!(import["rows_rejected"], 3);
    let path = format!("/imports/{}/errors", import["id"].as_str().unwrap());
    let errors = owner.get(&path).await.expect(200)["items"].clone();
    for (error, line) in errors.as_array().unwrap().iter().zip(32..) {
        assert_eq!(
            (&error["line"], &error["issues"][0]["code"]),
            (&json!(line), &json!("nul_byte")),
            "{error}"
        );
    }
    assert_eq!(errors[0]["fields"][1], "B\u{fffd}");
    let report = owner
        .send("GET", &path, None, &[("accept", "text/csv")])
        .await;
    assert_eq!(
        (report.status.as_u16(), report.text.contains('\0')),
        (200, false)
    );
    assert_eq!(
        owner.get("/products").await.expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_row_of_products_or_counts_with_a_nul_byte_is_reported() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for (kind, file) in [
        (
            "products",
            table("sku,name,supplier", |n| format!("p{n},Riz,Grossiste\n"))
                + "B,R\0iz,x\nC,Mil,\0\n",
        ),
        (
            "stock_counts",
            table("sku,stock", |n| format!("p{n},500\n")) + "B\0,6\nC,7\0\n",
        ),
    ] {
        let import = import(&owner, kind, &file).await;
        assert_eq!(
            (&import["state"], &import["rows_rejected"]),
            (&json!("succeeded"), &json!(2)),
            "{import}"
        );
        assert_eq!(import["rows_imported"], 30, "{kind}");
    }
    assert_eq!(
        owner.get("/products").await.expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        30
    );
}

#[tokio::test]
async fn a_spreadsheet_cell_with_a_nul_byte_rejects_its_row_or_the_file() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    // As it is, as Excel writes it, and as XML has it, which may not have it.
    for (nul, is_table) in [
        ("B\0", true),
        ("B_x0000_", true),
        ("B&#0;", false),
        ("B&#x0;", false),
    ] {
        let rows: &[&[SheetCell]] = &[
            &[Text("sku"), Text("quantity"), Text("price"), Text("date")],
            &[Text("A"), Number(1.0), Number(5.0), Text("2026-01-05")],
            &[Text(nul), Number(1.0), Number(5.0), Text("2026-01-05")],
        ];
        let answer = owner
            .upload("/imports", "sales", &json!({}), &build_workbook(rows))
            .await;
        if !is_table {
            assert_eq!(
                answer.expect_problem(422, "invalid_input")["errors"][0]["code"],
                "not_a_table"
            );
            continue;
        }
        let path = format!(
            "/imports/{}",
            answer.expect(202)["import"]["id"].as_str().unwrap()
        );
        app.run_jobs().await;
        let import = owner.get(&path).await.expect(200);
        assert_eq!(
            (&import["state"], &import["rows_rejected"]),
            (&json!("succeeded"), &json!(1)),
            "{import}"
        );
        assert_eq!(
            owner.get(&format!("{path}/errors")).await.expect(200)["items"][0]["issues"][0]["code"],
            "nul_byte"
        );
    }
}

#[tokio::test]
async fn a_header_with_a_nul_byte_causes_no_server_error() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for file in [
        "sku\0,quantity,price,date\nA,1,5,2026-01-05\n",
        "sku,quantity,price,date,x\0\nA,1,5,2026-01-05,y\n",
    ] {
        let answer = owner
            .upload("/imports", "sales", &json!({}), file.as_bytes())
            .await;
        assert!(
            [202, 422].contains(&answer.status.as_u16()),
            "{}",
            answer.text
        );
        app.run_jobs().await;
    }
    for import in owner.get("/imports").await.expect(200)["items"]
        .as_array()
        .unwrap()
    {
        assert!(
            ["succeeded", "failed"].contains(&import["state"].as_str().unwrap()),
            "{import}"
        );
    }
}

#[tokio::test]
async fn a_form_with_a_nul_byte_is_rejected_and_stores_nothing() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for fields in [
        [("kind", "sales\0"), ("options", "{}")],
        [("kind", "sales"), ("options", "{\"currency\": \"X\0F\"}")],
        [
            ("kind", "sales"),
            ("options", r#"{"currency": "XOF\u0000"}"#),
        ],
        [
            ("kind", "sales"),
            ("options", r#"{"mapping": {"sku": "s\u0000ku"}}"#),
        ],
        [
            ("kind", "sales"),
            ("options", r#"{"ignore_codes": ["\u0000"]}"#),
        ],
        [("kind", "sales"), ("options", "{}\0")],
        [("kind", "sales"), ("opt\0ions", "{}")],
    ] {
        for path in ["/imports", "/imports/preview"] {
            let body = [&form_head(&fields), SALES.as_bytes(), FORM_TAIL.as_bytes()].concat();
            let answer = owner.send_body("POST", path, FORM, body).await;
            assert!(
                [400, 422].contains(&answer.status.as_u16()),
                "{fields:?}: {}",
                answer.text
            );
            answer.expect_client_error();
        }
    }
    assert_eq!(owner.get("/imports").await.expect(200)["items"], json!([]));
    assert_eq!(app.list_files().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_sign_in_with_a_nul_byte_is_rejected() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let email = owner.email.replace('@', "%40");
    for form in [
        format!("username={email}%00&password=x"),
        format!("username={email}&password=x%00"),
        format!("username={email}&password=x\0"),
        format!("username={email}&password=x&grant_type=pass%00word"),
        format!("username={email}&password=x&no%00field=1"),
    ] {
        for path in ["/api/v1/auth/token", "/api/v1/auth/operator-token"] {
            let request =
                Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            let answer = app
                .send_request(request.body(Body::from(form.clone())).unwrap())
                .await;
            let problem = answer.expect_problem(422, "invalid_input");
            assert_eq!(problem["errors"][0]["code"], "nul_byte", "{form}");
        }
    }
}

#[tokio::test]
async fn every_list_rejects_a_query_with_a_nul_byte() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for route in crate::routes::list_routes()
        .iter()
        .filter(|route| route.method == "GET" && !route.has_parameters())
    {
        if route.template.starts_with("/health/") {
            continue;
        }
        for query in [
            "cursor=%00",
            "q=a%00b",
            "kind=%00",
            "%00=1",
            "q=%2500&limit=%00",
        ] {
            let problem = owner
                .get(&format!("{}?{query}", route.template))
                .await
                .expect_problem(422, "invalid_input");
            assert_eq!(
                problem["errors"][0]["code"], "nul_byte",
                "{} {query}",
                route.template
            );
        }
    }
    // Only the text of one.
    owner.get("/products?q=%2500").await.expect(200);
}
