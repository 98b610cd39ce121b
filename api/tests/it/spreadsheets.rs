//! Spreadsheets as uploads: their rows are imported like those of a text file, and one that would
//! exhaust the memory is rejected.

use serde_json::{Value, json};
use testing::SheetCell::{self, Date, Empty, Number, Text};
use testing::{build_bomb, build_workbook};

use crate::app::{Client, TestApp};

async fn import(client: &Client<'_>, kind: &str, rows: &[&[SheetCell]]) -> Value {
    let accepted = client
        .upload("/imports", kind, &json!({}), &build_workbook(rows))
        .await
        .expect(202);
    client.app.run_jobs().await;
    let import = client
        .get(&format!(
            "/imports/{}",
            accepted["import"]["id"].as_str().unwrap()
        ))
        .await
        .expect(200);
    assert_eq!(
        (&import["state"], &import["detected"]["format"]),
        (&json!("succeeded"), &json!("xlsx")),
        "{import}"
    );
    import
}

/// Total, imported, updated, unchanged, rejected.
fn counts(import: &Value) -> [i64; 5] {
    [
        "rows_total",
        "rows_imported",
        "rows_updated",
        "rows_unchanged",
        "rows_rejected",
    ]
    .map(|name| import[name].as_i64().unwrap())
}

/// The named fields of every item of a list, in the order of their texts.
async fn listed(client: &Client<'_>, list: &str, fields: &[&str]) -> Vec<String> {
    let body = client.get(list).await.expect(200);
    let text = |item: &Value| {
        let shown = fields.iter().map(|field| {
            item[field]
                .as_str()
                .map_or(item[field].to_string(), str::to_owned)
        });
        shown.collect::<Vec<_>>().join(" ")
    };
    let mut items: Vec<_> = body["items"].as_array().unwrap().iter().map(text).collect();
    items.sort();
    items
}

const SALES: &[&[SheetCell]] = &[
    &[
        Text("N° facture"),
        Text("Référence"),
        Text("Qté"),
        Text("Prix unitaire"),
        Text("Date de vente"),
        Text("Client"),
    ],
    &[
        Number(1.0),
        Number(22386.0),
        Number(3.0),
        Number(1.125),
        Date(46027.0),
        Text("c1"),
    ],
    &[
        Number(1.0),
        Text("Riz &amp; mil"),
        Number(0.5),
        Number(1250.0),
        Date(46028.75),
        Text("c1"),
    ],
    &[
        Number(2.0),
        Number(22386.0),
        Text("beaucoup"),
        Number(2.0),
        Date(46028.0),
        Empty,
    ],
    &[
        Number(3.0),
        Number(22386.0),
        Number(2.0),
        Number(2.0),
        Empty,
        Empty,
    ],
];

#[tokio::test]
async fn sales_of_a_spreadsheet_are_imported_and_its_invalid_rows_reported() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let first = import(&owner, "sales", SALES).await;
    assert_eq!(counts(&first), [4, 2, 0, 0, 2]);
    assert_eq!(first["totals"]["products_created"], 2);
    assert_eq!(
        listed(
            &owner,
            "/sales",
            &[
                "document",
                "quantity",
                "unit_price",
                "amount",
                "day",
                "sold_at",
                "currency"
            ]
        )
        .await,
        [
            "1 0.500 1250 625 2026-01-06 2026-01-06T18:00:00Z XOF",
            "1 3.000 1.125 3 2026-01-05 2026-01-05T00:00:00Z XOF"
        ]
    );
    assert_eq!(
        listed(&owner, "/products", &["sku", "draft"]).await,
        ["22386 true", "Riz & mil true"]
    );
    let path = format!("/imports/{}/errors", first["id"].as_str().unwrap());
    let rejected = owner.get(&path).await.expect(200)["items"].clone();
    let issue = |row: usize| {
        let row = &rejected[row];
        let issue = &row["issues"][0];
        json!([row["line"], issue["column"], issue["value"], issue["code"]])
    };
    assert_eq!(issue(0), json!([4, "Qté", "beaucoup", "not_a_number"]));
    assert_eq!(issue(1), json!([5, "Date de vente", "", "missing_value"]));
    // Another file of the same rows.
    let again = import(&owner, "sales", &SALES[..3]).await;
    assert_eq!(counts(&again), [2, 0, 0, 2, 0]);
}

const PRODUCT_FIELDS: [&str; 6] = [
    "sku",
    "name",
    "sale_price",
    "min_stock",
    "lead_time_days",
    "draft",
];

#[tokio::test]
async fn products_of_a_spreadsheet_are_created_and_completed() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let header = [
        Text("Code"),
        Text("Libellé"),
        Text("Fournisseur"),
        Text("Prix de vente"),
        Text("Stock mini"),
        Text("Délai"),
    ];
    let rows: &[&[SheetCell]] = &[
        &header,
        &[
            Text("RIZ-25"),
            Text("Riz 25 kg"),
            Text("Grossiste"),
            Number(15000.5),
            Number(10.0),
            Number(5.0),
        ],
        &[
            Number(7.0),
            Text("Thé vert"),
            Empty,
            Number(750.0),
            Empty,
            Empty,
        ],
        &[Text("MIL"), Text("Mil"), Empty, Text("cher"), Empty, Empty],
    ];
    assert_eq!(
        counts(&import(&owner, "products", rows).await),
        [3, 2, 0, 0, 1]
    );
    assert_eq!(
        listed(&owner, "/products", &PRODUCT_FIELDS).await,
        [
            "7 Thé vert 750 null null false",
            "RIZ-25 Riz 25 kg 15000.5 10.000 5 false"
        ]
    );
    assert_eq!(listed(&owner, "/suppliers", &["name"]).await, ["Grossiste"]);
    let rows: &[&[SheetCell]] = &[
        &header,
        &[Text("riz-25"), Empty, Empty, Number(16000.0)],
        &[Number(7.0)],
    ];
    // A row with nothing but a code looks like the title of those below it.
    assert_eq!(
        counts(&import(&owner, "products", rows).await),
        [2, 0, 1, 0, 1]
    );
    assert_eq!(
        listed(&owner, "/products", &PRODUCT_FIELDS).await,
        [
            "7 Thé vert 750 null null false",
            "RIZ-25 Riz 25 kg 16000 10.000 5 false"
        ]
    );
}

#[tokio::test]
async fn counts_of_a_spreadsheet_set_the_levels() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let rows: &[&[SheetCell]] = &[
        &[Text("SKU"), Text("Stock compté"), Text("Date comptage")],
        &[Number(22386.0), Number(10.5), Date(46026.25)],
        &[Text("MIL"), Number(4.0), Date(46028.25)],
        &[Text("THE"), Text("?"), Date(46028.25)],
    ];
    assert_eq!(
        counts(&import(&owner, "stock_counts", rows).await),
        [3, 2, 0, 0, 1]
    );
    // Three of the first are sold after they were counted.
    import(&owner, "sales", SALES).await;
    let mut levels = Vec::new();
    for product in owner.get("/products").await.expect(200)["items"]
        .as_array()
        .unwrap()
    {
        let stock = owner
            .get(&format!(
                "/products/{}/stock",
                product["id"].as_str().unwrap()
            ))
            .await
            .expect(200);
        levels.push(format!(
            "{} {} {}",
            product["sku"], stock["level"], stock["tracked_since"]
        ));
    }
    levels.sort();
    assert_eq!(
        levels,
        [
            r#""22386" "7.500" "2026-01-04T06:00:00Z""#,
            r#""MIL" "4.000" "2026-01-06T06:00:00Z""#,
            r#""Riz & mil" null null"#
        ]
    );
}

#[tokio::test]
async fn a_spreadsheet_can_be_previewed() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let preview = owner
        .upload(
            "/imports/preview",
            "sales",
            &json!({}),
            &build_workbook(SALES),
        )
        .await
        .expect(200);
    assert_eq!(preview["detected"]["format"], "xlsx");
    assert_eq!(preview["rows"].as_array().unwrap().len(), 4);
    assert_eq!(preview["rows"][0]["fields"]["sku"], "22386");
    assert_eq!(preview["rows"][2]["errors"][0]["code"], "not_a_number");
    assert_eq!(preview["detected"]["sheet"], "Feuille");
    assert_eq!(
        preview["detected"]["sheets"],
        json!([{"name": "Feuille", "hidden": false}])
    );
    assert_eq!(owner.get("/imports").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn a_day_of_a_spreadsheet_is_not_shifted_by_the_zone_of_its_times() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let options = json!({"timezone": "Europe/Paris", "decimal": ","});
    let rows: &[&[SheetCell]] = &[
        SALES[0],
        &[
            Number(1.0),
            Text("RIZ"),
            Number(1.5),
            Number(1250.5),
            Date(46027.0),
        ],
        &[
            Number(2.0),
            Text("RIZ"),
            Number(2.0),
            Number(1250.0),
            Date(46027.0 + 0.5 / 24.0),
        ],
    ];
    owner
        .upload("/imports", "sales", &options, &build_workbook(rows))
        .await
        .expect(202);
    app.run_jobs().await;
    // Half past midnight in Paris is the evening before in Dakar; a day alone is the same in both.
    assert_eq!(
        listed(&owner, "/sales", &["document", "quantity", "day"]).await,
        ["1 1.500 2026-01-05", "2 2.000 2026-01-04"]
    );
}

#[tokio::test]
async fn a_sheet_that_is_not_in_the_file_is_rejected_with_those_that_are() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for path in ["/imports", "/imports/preview"] {
        let file = build_workbook(SALES);
        let problem = owner
            .upload(path, "sales", &json!({"sheet": "Ventes"}), &file)
            .await
            .expect_problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["code"], "unknown_sheet");
        let message = problem["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("Feuille"), "{message}");
        owner
            .upload(path, "sales", &json!({"sheet": ""}), &file)
            .await
            .expect_problem(422, "invalid_input");
    }
    assert_eq!(app.list_files().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_sheet_that_unpacks_to_more_than_a_gibibyte_is_rejected_and_stores_nothing() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let file = build_bomb(1_100, 1_100 << 20);
    assert!(file.len() < 4 << 20, "{}", file.len());
    for path in ["/imports", "/imports/preview"] {
        let problem = owner
            .upload(path, "sales", &json!({}), &file)
            .await
            .expect_problem(422, "invalid_input");
        assert_eq!(
            problem["errors"][0]["code"], "unpacks_too_large",
            "{problem}"
        );
        assert_eq!(problem["errors"][0]["field"], "file");
    }
    assert_eq!(owner.get("/imports").await.expect(200)["items"], json!([]));
    assert_eq!(app.list_files().await, Vec::<String>::new());
    assert_eq!(app.run_jobs().await, []);
}

#[tokio::test]
async fn a_sheet_that_declares_a_false_size_is_rejected_too() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for claimed in [10, 1 << 20] {
        let file = build_bomb(1_100, claimed);
        let problem = owner
            .upload("/imports", "sales", &json!({}), &file)
            .await
            .expect_problem(422, "invalid_input");
        assert!(
            ["unpacks_too_large", "not_a_table"]
                .contains(&problem["errors"][0]["code"].as_str().unwrap()),
            "{problem}"
        );
    }
    assert_eq!(owner.get("/imports").await.expect(200)["items"], json!([]));
    assert_eq!(app.list_files().await, Vec::<String>::new());
}
