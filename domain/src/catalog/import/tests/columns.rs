//! Files whose columns are named as people name them: each value is stored as it was meant, or the
//! answer says that it isn't.

use serde_json::{Value, json};

use super::times::instants;
use super::*;

/// What is imported of a file: quantity and amount of each sale, and the errors of the other rows.
#[derive(Debug, PartialEq)]
pub(super) struct Read {
    pub(super) sales: Vec<(String, String)>,
    pub(super) errors: Vec<(u64, String, String)>,
}

pub(super) fn preview(file: &str, kind: Kind, json: &str) -> Preview {
    let context = Context {
        now: Utc.with_ymd_and_hms(2026, 11, 4, 12, 0, 0).unwrap(),
        ..context()
    };
    preview_file(file, kind, &options(json), &context, 100).unwrap()
}

pub(super) fn values(shown: &Preview) -> Vec<Value> {
    assert!(shown.questions.is_empty(), "{:?}", shown.questions);
    let imported = shown.rows.iter().filter_map(|row| row.values.as_ref());
    imported
        .map(|values| serde_json::to_value(values).unwrap())
        .collect()
}

pub(super) fn read_sales(file: &str, json: &str) -> Read {
    let shown = preview(file, Kind::Sales, json);
    let text = |sale: &Value, name: &str| sale[name].as_str().unwrap_or_default().to_owned();
    let errors = shown.rows.iter().flat_map(|row| {
        let errors = row.errors.iter();
        errors.map(|error| {
            let column = error.column.clone().unwrap_or_default();
            (row.line, column, error.code.to_string())
        })
    });
    Read {
        sales: values(&shown)
            .iter()
            .map(|sale| (text(sale, "quantity"), text(sale, "amount")))
            .collect(),
        errors: errors.collect(),
    }
}

/// Asserts the amounts of the sales of a file whose rows are all imported.
#[track_caller]
pub(super) fn expect_amounts(file: &str, json: &str, amounts: &[&str]) {
    let read = read_sales(file, json);
    assert_eq!(read.errors, [], "{file}");
    let found: Vec<&str> = read.sales.iter().map(|sale| &*sale.1).collect();
    assert_eq!(found, amounts, "{file}");
}

#[track_caller]
pub(super) fn expect_errors(file: &str, json: &str, errors: &[(u64, &str, &str)]) {
    let read = read_sales(file, json);
    let found: Vec<_> = (read.errors.iter())
        .map(|(line, column, code)| (*line, &**column, &**code))
        .collect();
    assert_eq!(found, errors, "{file}");
}

/// Returns the option, the field and the choices of each question.
pub(super) fn ask(
    file: &str,
    kind: Kind,
    json: &str,
) -> Vec<(QuestionOption, Option<Field>, Vec<String>)> {
    let shown = preview(file, kind, json);
    let questions = shown.questions.into_iter();
    questions.map(|q| (q.option, q.field, q.choices)).collect()
}

#[track_caller]
fn expect_mapping(file: &str, kind: Kind, field: Field, choices: &[&str]) {
    let choices: Vec<String> = choices.iter().map(|&choice| choice.to_owned()).collect();
    let expected = (QuestionOption::Mapping, Some(field), choices);
    assert_eq!(ask(file, kind, "{}"), [expected], "{file}");
}

pub(super) fn detect_columns(file: &str, kind: Kind, json: &str) -> Value {
    let detected = preview(file, kind, json).detected;
    json!([detected.columns, detected.ignored_columns])
}

fn refuse(file: &str, kind: Kind) -> FileError {
    let known = NumericCodes::default();
    let (options, language) = (Options::default(), Language::En);
    examine_file(Cursor::new(file), kind, &options, known, language).unwrap_err()
}

#[test]
fn a_column_in_percent_is_no_price_amount_or_stock() {
    let file = "Code;Nom;PA %;PA;Marge %;Prix;Stock min %;Stock min\nA;Riz;5;80;25;100;10;3\n";
    let shown = preview(file, Kind::Products, "{}");
    let ignored = ["PA %", "Marge %", "Stock min %"];
    assert_eq!(shown.detected.ignored_columns, ignored);
    let product = &values(&shown)[0];
    assert_eq!(
        [
            &product["purchase_price"],
            &product["sale_price"],
            &product["min_stock"]
        ],
        ["80", "100", "3"]
    );
    let file = "Date;Code;Qté;Prix;Total %\n2026-10-01;A;2;1000;40\n";
    expect_amounts(file, "{}", &["2000"]);
}

#[test]
fn a_currency_in_the_header_counts_for_its_column() {
    for header in ["Prix €", "Prix ($)", "Prix (EUR)", "price_usd"] {
        let file = format!("Date;Code;Qté;{header}\n2026-10-01;A;2;10\n");
        expect_errors(&file, "{}", &[(2, header, "other_currency")]);
    }
    for header in [
        "Prix (FCFA)",
        "Prix XOF",
        "PU (F CFA)",
        "Montant en FCFA",
        "Total F",
    ] {
        let amount = if header.starts_with('P') { "20" } else { "10" };
        let file = format!("Date;Code;Qté;{header}\n2026-10-01;A;2;10\n");
        expect_amounts(&file, "{}", &[amount]);
    }
    let file = "Date;Code;Qté;Montant [€]\n2026-10-01;A;2;10\n";
    expect_amounts(file, r#"{"currency": "EUR"}"#, &["10"]);
    let file = "Date;Code;Qté;Prix;Devise\n2026-10-01;A;1;$ 10;\n2026-10-01;B;1;US$ 10;\n\
        2026-10-01;C;1;10 USD;\n2026-10-01;D;1;$10;USD\n2026-10-01;E;1;10 F;\n";
    let error = |line| (line, "Prix", "other_currency");
    expect_errors(file, "{}", &[error(2), error(3), error(4)]);
    let products = preview("Code;Prix (€)\nA;10\n", Kind::Products, "{}");
    assert_eq!(products.rows[0].errors[0].code, "other_currency");
}

fn levels(file: &str) -> Vec<String> {
    instants(file, Kind::StockCounts, "quantity")
}

#[test]
fn what_was_counted_wins_over_what_is_on_record() {
    for header in [
        "Stock;Compté",
        "Stock;Physique",
        "Stock théorique;Stock compté",
    ] {
        assert_eq!(
            levels(&format!("Code;{header}\nA;10;8\n")),
            ["8"],
            "{header}"
        );
    }
    assert_eq!(levels("Code;Counted;Stock\nA;8;10\n"), ["8"]);
    assert_eq!(levels("SKU;Qty on hand\nA;5\n"), ["5"]);
    let file = "Code;Stock;Quantité\nA;10;8\n";
    expect_mapping(
        file,
        Kind::StockCounts,
        Field::Quantity,
        &["Quantité", "Stock"],
    );
    assert_eq!(
        refuse("Code;Stock +/-\nA;2\n", Kind::StockCounts).code,
        "missing_column"
    );
    let (_, rejected) = validate_file(
        "Code;Stock\nA;-2\nB;(3)\nC;0\n",
        Kind::StockCounts,
        &options("{}"),
    );
    let expected = [
        (2, "Stock", "-2", "negative"),
        (3, "Stock", "(3)", "negative"),
    ];
    assert_eq!(summarize(&rejected), expected);
}

#[test]
fn two_columns_of_one_meaning_are_asked_about() {
    let sales = |header: &str, row: &str| format!("{header}\n{row}\n");
    for (header, row, field, choices) in [
        (
            "Date;Code;Qté;Quantité;Prix",
            "2026-10-01;A;12;1;100",
            Field::Quantity,
            ["Quantité", "Qté"],
        ),
        (
            "Date;Code;Qté;Prix;Prix unitaire",
            "2026-10-01;A;2;150;175",
            Field::UnitPrice,
            ["Prix unitaire", "Prix"],
        ),
        (
            "Date;Code;Qté;Prix HT;Prix TTC",
            "2026-10-01;A;1;1000;1180",
            Field::UnitPrice,
            ["Prix HT", "Prix TTC"],
        ),
        (
            "Date;Code;Qté;Montant;Total",
            "2026-10-01;A;2;150;175",
            Field::Amount,
            ["Total", "Montant"],
        ),
        (
            "Date commande;Date facture;Code;Qté;Prix",
            "2026-10-01;2026-10-09;A;2;150",
            Field::Date,
            ["Date facture", "Date commande"],
        ),
        (
            "Date;Référence;Code;Qté;Prix",
            "2026-10-01;A;17;2;150",
            Field::Sku,
            ["Référence", "Code"],
        ),
        (
            "Date;Code;Qté;Prix;Prix",
            "2026-10-01;A;2;150;175",
            Field::UnitPrice,
            ["Prix#1", "Prix#2"],
        ),
        (
            "Date;Code;Qté;Prix (EUR);Prix (XOF)",
            "2026-10-01;A;2;2;2",
            Field::UnitPrice,
            ["Prix (EUR)", "Prix (XOF)"],
        ),
    ] {
        expect_mapping(&sales(header, row), Kind::Sales, field, &choices);
    }
    let file = "Date;Code;Qté;Prix HT;Prix TTC\n2026-10-01;A;1;1000;1180\n";
    expect_amounts(
        file,
        r#"{"mapping": {"unit_price": "Prix TTC"}}"#,
        &["1180"],
    );
}

#[test]
fn columns_of_one_meaning_are_read_where_the_rows_decide() {
    let file = "Date;Code;Qté;Prix unitaire;Prix\n2026-10-01;A;2;;1.500\n2026-10-01;A;2;;1.250,5\n";
    expect_amounts(file, "{}", &["3000", "2501"]);
    let file = "Date;Code;Quantité;Qté;Prix\n2026-10-01;A;2;2;150\n2026-10-01;B;;3;150\n";
    expect_amounts(file, "{}", &["300", "450"]);
    let file = "Date;Code;Qty;Units;Prix\n2026-10-01;A;2;kg;150\n";
    expect_amounts(file, "{}", &["300"]);
    let file = "Date;Created at;Code;Qté;Prix\n2026-10-01;2026-09-01;A;2;150\n";
    assert_eq!(instants(file, Kind::Sales, "day"), ["2026-10-01"]);
    let file = "Date;Code;Qté;Prix;Remise;Remise %\n2026-10-01;A;2;1000;200;10\n";
    expect_mapping(file, Kind::Sales, Field::Discount, &["Remise", "Remise %"]);
    let file = "Date;Code;Qté;Montant;Remise;Remise %\n2026-10-01;A;2;1800;200;10\n";
    expect_amounts(file, "{}", &["1800"]);
    let file = "Date;Code;Qté;PU;Total;Montant ligne\n2026-10-01;A;2;1000;5000;2000\n";
    expect_amounts(file, "{}", &["2000"]);
    let products = "Code;Nom;Prix;Prix d'achat;Prix de vente\nA;Riz;1;80;100\n";
    assert_eq!(
        values(&preview(products, Kind::Products, "{}"))[0]["sale_price"],
        "100"
    );
}

#[test]
fn a_column_of_types_is_known_by_its_words() {
    let rows = "2026-10-01;A;2;100;Facture\n2026-10-01;B;1;100;Avoir\n2026-10-01;C;1;100;Devis\n";
    for header in [
        "Type",
        "Type de document",
        "Mouvement",
        "Nature",
        "Type d'opération",
        "Transaction type",
    ] {
        let file = format!("Date;Code;Qté;Prix;{header}\n{rows}");
        let read = read_sales(&file, "{}");
        let amounts: Vec<_> = read.sales.iter().map(|sale| &*sale.1).collect();
        assert_eq!(amounts, ["200", "-100"], "{header}");
        expect_errors(&file, "{}", &[(4, header, "unknown_type")]);
    }
    let file = "Date;Code;Qté;Prix;Type\n2026-10-01;A;2;100;Alimentaire\n";
    expect_amounts(file, "{}", &["200"]);
    assert_eq!(detect_columns(file, Kind::Sales, "{}")[1], json!(["Type"]));
    let file = "Date;Code;Qté;Prix;Type;Nature\n2026-10-01;A;2;100;Alimentaire;Retour\n";
    expect_amounts(file, "{}", &["-200"]);
    let file = "Date;Code;Qté;Prix;Type;import_line;import_code\n\
        2026-10-01;A;2;100;Devis;2;unknown_type\n";
    expect_errors(file, "{}", &[(2, "Type", "unknown_type")]);
    let json = r#"{"values": {"type": {"R": "refund", "V": "sale"}}}"#;
    let file = "Date;Code;Qté;Prix;Type\n2026-10-01;A;2;100;R\n2026-10-01;B;2;100;V\n";
    expect_amounts(file, json, &["-200", "200"]);
}

#[test]
fn sales_are_no_counts() {
    for file in [
        "Ticket;Date;Code;Qté\n1;2026-10-05;A;5\n3;2026-10-05;A;2\n",
        "Date;Article;Qté;Prix\n2026-10-01;PAIN;2;150\n2026-10-02;LAIT;3;100\n",
        "Code;Qté;Montant\nA;2;150\n",
        "Client;Code;Quantity\nC1;A;2\n",
        "Code;Quantity;Gross sales\nA;2;100\n",
    ] {
        let cause = refuse(file, Kind::StockCounts);
        assert_eq!(cause.code, "columns_of_another_kind", "{file}");
        assert!(cause.to_string().contains("options.mapping"), "{cause}");
    }
    for file in [
        "Code;Stock;Prix;Valeur\nA;5;100;500\n",
        "Code;Stock;Prix;Date\nA;5;100;2026-10-05\n",
        "Code;Compté;PU;Montant\nA;5;100;500\n",
        "Code;Qté;Prix\nA;5;100\n",
        "Date;Code;Qté\n2026-10-05;A;5\n",
    ] {
        assert_eq!(levels(file), ["5"], "{file}");
    }
    let site = r#"{"mapping": {"site": "Client"}}"#;
    let file = "Client;Code;Qté\nC1;A;2\n";
    let shown = preview(file, Kind::StockCounts, site);
    assert_eq!(shown.detected.columns[&Field::Site], "Client");
    let json = r#"{"mapping": {"quantity": "Qté"}}"#;
    let file = "Date;Code;Qté;Prix\n2026-10-01;A;5;100\n";
    assert_eq!(values(&preview(file, Kind::StockCounts, json)).len(), 1);
}

#[test]
fn headers_are_known_as_people_write_them() {
    for (header, row) in [
        ("Date;Réf.;Qté (kg);Prix TTC", "2026-10-01;A;2;100"),
        ("Date;N° article;Quantité (pcs);PU HT", "2026-10-01;A;2;100"),
        ("Date;Item no.;Qty;Price (XOF)", "2026-10-01;A;2;100"),
        (
            "Date;Nº article;Qté vendue;Prix de vente TTC",
            "2026-10-01;A;2;100",
        ),
    ] {
        let file = format!("{header}\n{row}\n");
        assert_eq!(
            read_sales(&file, "{}").sales,
            [("2".into(), "200".into())],
            "{header}"
        );
    }
    for header in ["Qté (g)", "Qté (cartons)", "Écart", "Stock théorique"] {
        let file = format!("Code;{header}\nA;5\n");
        assert_eq!(
            refuse(&file, Kind::StockCounts).code,
            "missing_column",
            "{header}"
        );
    }
    let file = "Code;Nom;PA HT;PV TTC\nA;Riz;80;118\n";
    let product = &values(&preview(file, Kind::Products, "{}"))[0];
    let prices = ["purchase_price", "sale_price"].map(|name| product[name].as_str());
    assert_eq!(prices, [Some("80"), Some("118")]);
}
