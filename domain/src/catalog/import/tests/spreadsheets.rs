//! Spreadsheets whose cells mean more than their numbers: number formats, several sheets, hidden
//! rows, and dates that a spreadsheet has swapped.

use serde_json::Value;

use super::built_sheets::{HEADER, build, build_sheets, date, header, number, plain, row, text};
use super::*;

fn preview(file: &[u8], json: &str) -> Preview {
    preview_file(file, Kind::Sales, &options(json), &context(), 20).unwrap()
}

/// The value at fault and the code of each row; what is stored as the field where it is accepted.
fn outcomes(preview: &Preview, field: &str) -> Vec<String> {
    assert_eq!(preview.questions, []);
    let outcome = |row: &PreviewRow| match &row.errors[..] {
        [] => match &serde_json::to_value(&row.values).unwrap()[field] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        },
        [error, ..] => format!("{}: {}", error.value, error.code),
    };
    preview.rows.iter().map(outcome).collect()
}

#[test]
fn a_percentage_is_no_amount() {
    let titles = ["Code", "Quantité", "Prix", "Date", "Remise"];
    let sale = |quantity: String, price: String, discount: String| {
        [text("A"), quantity, price, date(46_000.0), discount]
    };
    let file = build(
        &titles,
        &[
            &sale(plain(2.0), plain(1000.0), number(0.1, "0%")),
            &sale(plain(2.0), plain(1000.0), number(0.075, "0.00%")),
            &sale(number(0.5, "0%"), plain(1000.0), plain(0.0)),
            &sale(plain(2.0), number(0.5, "0%"), plain(0.0)),
        ],
    );
    let shown = preview(&file, "{}");
    let discounts = shown.rows.iter().map(|row| &*row.fields[&Field::Discount]);
    assert_eq!(discounts.collect::<Vec<_>>(), ["10 %", "7.5 %", "0", "0"]);
    assert_eq!(
        outcomes(&shown, "quantity")[2..],
        ["50 %: not_a_number", "50 %: not_a_number"]
    );
}

#[test]
fn the_currency_of_a_format_counts_like_one_in_the_text() {
    let prices = [
        number(10.5, "#,##0.00 \"€\""),
        number(10.5, "[$$-409]#,##0.00"),
        number(10.5, "[$€-40C]0.00"),
        number(500.0, "0 [$XOF]"),
        number(500.0, "0 \"FCFA\""),
        number(500.0, "#,##0"),
        number(500.0, "0 \"kg\""),
    ];
    let rows = prices.map(|price| [text("A"), plain(2.0), price, date(46_000.0)]);
    let rows: Vec<&[String]> = rows.iter().map(<[String; 4]>::as_slice).collect();
    let file = build(&HEADER[..4], &rows);
    assert_eq!(
        outcomes(&preview(&file, "{}"), "unit_price"),
        [
            "10.5 €: other_currency",
            "10.5 $: other_currency",
            "10.5 €: other_currency",
            "500",
            "500",
            "500",
            "500",
        ]
    );
    assert_eq!(
        outcomes(&preview(&file, r#"{"currency": "EUR"}"#), "unit_price"),
        [
            "10.5",
            "10.5 $: other_currency",
            "10.5",
            "500 XOF: other_currency",
            "500 FCFA: other_currency",
            "500",
            "500",
        ]
    );
}

#[test]
fn a_code_is_what_its_format_shows() {
    let codes = [
        number(17.0, "0000"),
        number(17.0, "\"ART-\"000"),
        number(12.1, "0.00"),
        number(1_234.0, "#,##0"),
        plain(17.5),
        number(0.75, "# ?/?"),
        number(0.05, "0%"),
        number(1e15, "0000"),
    ];
    let of_code = |code: &String| {
        let date = date(46_000.0);
        [
            code.clone(),
            plain(1.0),
            plain(5.0),
            date,
            number(7.0, "0000"),
        ]
    };
    let rows = codes.each_ref().map(of_code);
    let rows: Vec<&[String]> = rows.iter().map(<[String; 5]>::as_slice).collect();
    let shown = preview(&build(&HEADER, &rows), "{}");
    assert_eq!(
        outcomes(&shown, "sku"),
        [
            "0017",
            "ART-017",
            "12.10",
            "1234",
            "17.5",
            "0.75: damaged_code",
            "5 %: damaged_code",
            "1000000000000000: damaged_code",
        ]
    );
    assert_eq!(outcomes(&shown, "document")[0], "0007");
    assert_eq!(shown.rows[0].fields[&Field::Sku], "0017");
    assert_eq!(shown.rows[0].fields[&Field::Quantity], "1");
}

#[test]
fn every_code_that_is_a_date_or_a_truth_value_is_rejected() {
    let titles = ["Code", "Quantité", "Prix", "Date", "Facture", "Client"];
    let truth = || "<c t=\"b\"><v>1</v></c>".to_owned();
    let sale = |document: String, customer: String| {
        [
            text("A"),
            plain(1.0),
            plain(5.0),
            date(46_000.0),
            document,
            customer,
        ]
    };
    let file = build(
        &titles,
        &[
            &sale(date(46_300.0), text("C")),
            &sale(truth(), text("C")),
            &sale(text("F"), date(46_300.0)),
            &sale(text("F"), truth()),
            &sale(text("F"), text("C")),
        ],
    );
    assert_eq!(
        outcomes(&preview(&file, "{}"), "document"),
        [
            "2026-10-05: damaged_code",
            "true: damaged_code",
            "2026-10-05: damaged_code",
            "true: damaged_code",
            "F",
        ]
    );
}

#[test]
fn a_name_that_is_a_date_is_warned_of() {
    let titles = ["Code", "Désignation", "Quantité", "Prix", "Date"];
    let file = build(
        &titles,
        &[
            &[
                text("A"),
                date(46_300.0),
                plain(1.0),
                plain(5.0),
                date(46_000.0),
            ],
            &[
                text("A"),
                text("Riz"),
                plain(2.0),
                plain(5.0),
                date(46_000.0),
            ],
        ],
    );
    let shown = preview(&file, "{}");
    let [warning] = &shown.warnings[..] else {
        panic!("{:?}", shown.warnings)
    };
    assert_eq!(
        (warning.code, &warning.lines[..]),
        (WarningCode::TypedTexts, &[2][..])
    );
}

#[test]
fn times_and_dates_are_no_quantities_and_times_no_dates() {
    let sale = |quantity: String, date: String| [text("A"), quantity, plain(5.0), date];
    let file = build(
        &HEADER[..4],
        &[
            &sale(number(1.5, "[h]:mm"), date(46_000.0)),
            &sale(date(5.0), date(46_000.0)),
            &sale(date(-5.0), date(46_000.0)),
            &sale(plain(1.0), number(1.5, "[h]:mm")),
            &sale(plain(1.0), date(0.0)),
        ],
    );
    assert_eq!(
        outcomes(&preview(&file, "{}"), "quantity"),
        [
            "36:00:00: not_a_number",
            "1900-01-05: not_a_number",
            "-5: not_a_number",
            "36:00:00: not_a_date",
            "00:00:00: not_a_date",
        ]
    );
}

#[test]
fn a_formula_without_a_result_is_rejected_and_an_empty_text_is_empty() {
    let titles = ["Code", "Quantité", "Prix", "Date", "Remise"];
    let formula = |kind: &str| format!("<c{kind}><f>A1</f><v></v></c>");
    let sale = |discount: String| [text("A"), plain(1.0), plain(5.0), date(46_000.0), discount];
    let file = build(&titles, &[&sale(formula("")), &sale(formula(" t=\"str\""))]);
    let shown = preview(&file, "{}");
    assert_eq!(outcomes(&shown, "amount"), ["=: formula_error", "5"]);
    assert!(shown.rows[0].errors[0].reason.contains("without a result"));
}

#[test]
fn hidden_rows_are_imported_and_named() {
    let sale = |attribute: &str, code: &str| {
        let cells = [text(code), plain(1.0), plain(5.0), date(46_000.0)].concat();
        format!("<row{attribute}>{cells}</row>")
    };
    let rows = [
        header(&HEADER[..4]),
        sale("", "A"),
        sale(" hidden=\"1\"", "B"),
        sale(" hidden=\"0\"", "C"),
        sale(" hidden=\"true\"", "TOTAL"),
    ];
    let shown = preview(
        &build_sheets(&[("a", &rows.concat())]),
        r#"{"total_rows": "keep"}"#,
    );
    let [warning] = &shown.warnings[..] else {
        panic!("{:?}", shown.warnings)
    };
    assert_eq!(
        (warning.code, &warning.lines[..]),
        (WarningCode::HiddenRows, &[3, 5][..])
    );
    assert_eq!(shown.totals.unwrap().accepted, 4);
}

#[test]
fn a_row_whose_cell_is_merged_with_one_above_is_rejected() {
    let titles = ["Code", "Quantité", "Prix", "Date", "Statut", "Notes"];
    let sale = |code: &str, status: &str| {
        let status = if status.is_empty() {
            "<c/>".into()
        } else {
            text(status)
        };
        row(&[text(code), plain(1.0), plain(5.0), date(46_000.0), status])
    };
    let rows = header(&titles) + &sale("A", "annulé") + &sale("B", "") + &sale("C", "");
    let merged = "</sheetData><mergeCells><mergeCell ref=\"E2:E3\"/><mergeCell ref=\"F2:F4\"/>\
        </mergeCells><sheetData>";
    let shown = preview(&build_sheets(&[("a", &(rows + merged))]), "{}");
    assert_eq!(
        outcomes(&shown, "status"),
        ["cancelled", ": merged_cell", "null"]
    );
    assert_eq!(shown.rows[1].errors[0].column.as_deref(), Some("Statut"));
}

#[test]
fn several_sheets_with_rows_are_asked_about() {
    let sale = |code: &str| row(&[text(code), plain(1.0), plain(5.0), date(46_000.0)]);
    let head = header(&HEADER[..4]);
    let (january, february) = (head.clone() + &sale("JAN"), head.clone() + &sale("FEV"));
    let cover = row(&[text("Rapport")]);
    let sheets = [
        ("Modèle", &*head),
        ("Garde", &*cover),
        ("Janvier", &*january),
        ("Février", &*february),
    ];
    let file = build_sheets(&sheets);
    let asked = preview(&file, "{}");
    let [question] = &asked.questions[..] else {
        panic!("{:?}", asked.questions)
    };
    assert_eq!(question.option, QuestionOption::Sheet);
    assert_eq!(question.choices, ["Janvier", "Février"]);
    assert_eq!(question.examples[0].line, 2);
    assert!(question.message.contains("\"Janvier\", \"Février\""));
    for (sheet, code) in [("Janvier", "JAN"), ("Février", "FEV")] {
        let answer = format!(r#"{{"sheet": "{sheet}"}}"#);
        assert_eq!(outcomes(&preview(&file, &answer), "sku"), [code]);
    }
    let one = preview(&build_sheets(&sheets[..3]), "{}");
    assert_eq!(outcomes(&one, "sku"), ["JAN"]);
    assert_eq!(one.detected.sheet.as_deref(), Some("Janvier"));
    let empty = preview_file(
        build_sheets(&sheets[..2]),
        Kind::Sales,
        &Options::default(),
        &context(),
        1,
    );
    assert_eq!(empty.unwrap_err().code, "no_rows");
}

#[test]
fn dates_that_a_spreadsheet_swapped_are_asked_about() {
    let sale = |code: &str, date: String| [text(code), plain(1.0), plain(5.0), date];
    // The fifth and the sixth of January, as a spreadsheet of another country reads them.
    let file = build(
        &HEADER[..4],
        &[
            &sale("A", date(46_143.0)),
            &sale("B", date(46_174.0)),
            &sale("C", text("13/01/2026")),
        ],
    );
    for format in ["{}", r#"{"date_format": "d/m/Y"}"#] {
        let asked = preview(&file, format);
        let [question] = &asked.questions[..] else {
            panic!("{:?}", asked.questions)
        };
        assert_eq!(question.option, QuestionOption::TypedDates);
        assert_eq!(question.choices, ["as_shown", "swapped"]);
        let examples = question.examples.iter();
        let examples: Vec<_> = examples.map(|e| (e.line, &*e.value)).collect();
        let texts = (4, "13/01/2026");
        assert_eq!(examples, [(2, "2026-05-01"), (3, "2026-06-01"), texts]);
    }
    assert_eq!(
        outcomes(&preview(&file, r#"{"typed_dates": "swapped"}"#), "day"),
        ["2026-01-05", "2026-01-06", "2026-01-13"]
    );
    let as_shown = r#"{"typed_dates": "as_shown", "future_dates": "warn"}"#;
    assert_eq!(
        outcomes(&preview(&file, as_shown), "day"),
        ["2026-05-01", "2026-06-01", "2026-01-13"]
    );
}

#[test]
fn a_date_that_cannot_be_swapped_is_rejected_where_dates_are() {
    let sale = |code: &str, date: String| [text(code), plain(1.0), plain(5.0), date];
    let file = build(
        &HEADER[..4],
        &[&sale("A", date(46_143.0)), &sale("B", date(46_155.0))],
    );
    assert_eq!(
        outcomes(&preview(&file, r#"{"typed_dates": "swapped"}"#), "day"),
        ["2026-01-05", "2026-05-13: not_a_date"]
    );
}
