//! Cells whose text isn't what its author meant: what programs write for errors, for nothing and
//! for codes that they changed.

use serde_json::Value;

use super::*;

fn late_context() -> Context {
    Context {
        now: Utc.with_ymd_and_hms(2026, 11, 4, 12, 0, 0).unwrap(),
        ..context()
    }
}

fn show(file: &str, kind: Kind, json: &str) -> Preview {
    preview_file(file, kind, &options(json), &late_context(), 100).unwrap()
}

/// What each row becomes: a value, the code of its error, and those of its warnings.
fn outcomes(shown: &Preview, field: &str) -> Vec<String> {
    let describe = |row: &PreviewRow| {
        let values = serde_json::to_value(&row.values).unwrap();
        let value = match &values[field] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let errors = row.errors.iter().map(|issue| format!("!{}", issue.code));
        let warnings = row.warnings.iter().map(|issue| format!("?{}", issue.code));
        let issues: Vec<String> = errors.chain(warnings).collect();
        [value]
            .into_iter()
            .chain(issues)
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
    };
    shown
        .rows
        .iter()
        .map(|row| describe(row).join(" "))
        .collect()
}

/// Reads a file of sales with these codes.
fn sell(codes: &[&str]) -> Vec<String> {
    let write = |(quantity, code)| format!("2026-10-01;{code};{quantity};100\n");
    let rows: String = (1..).zip(codes).map(write).collect();
    let file = format!("Date;Code;Qté;Prix\n{rows}");
    outcomes(&show(&file, Kind::Sales, r#"{"delimiter": ";"}"#), "sku")
}

#[test]
fn an_error_of_a_formula_is_no_value() {
    for error in [
        "#N/A", "#REF!", "#VALEUR!", "#NOM?", "#DIV/0!", "#NUL!", "########", "Err:502",
    ] {
        assert_eq!(sell(&[error, "A"]), ["!formula_error", "A"], "{error}");
        let products = format!(
            "Code;Nom;Famille;Fournisseur;EAN;Prix\nA;{error};x;y;1;5\nB;b;{error};y;1;5\n\
             C;c;x;{error};1;5\nD;d;x;y;{error};5\nE;e;x;y;1;{error}\nF;f #1;x;y;1;5\n"
        );
        let shown = show(&products, Kind::Products, "{}");
        let mut expected = vec!["!formula_error"; 5];
        expected.push("F");
        assert_eq!(outcomes(&shown, "sku"), expected, "{error}");
    }
    let ignored = "Date;Code;Qté;Prix;Vendeur\n2026-10-01;A;1;100;#N/A\n";
    assert_eq!(outcomes(&show(ignored, Kind::Sales, "{}"), "sku"), ["A"]);
}

#[test]
fn a_word_for_nothing_is_no_code_and_no_text() {
    for word in [
        "NULL", "nan", "NaN", "None", "N/A", "n/a", "-", "--", "?", ".",
    ] {
        assert_eq!(sell(&[word]), ["!missing_value"], "{word}");
        let file = format!("Code;Nom;Famille;Prix\nA;{word};{word};100\n");
        let shown = show(&file, Kind::Products, "{}");
        let values = serde_json::to_value(&shown.rows[0].values).unwrap();
        assert_eq!(
            (&values["name"], &values["category"]),
            (&Value::Null, &Value::Null)
        );
    }
    assert_eq!(sell(&["NA", "0", "A-"]), ["NA", "0", "A-"]);
    let mapped = r#"{"values": {"site": {"-": "Dakar"}}, "unknown_sites": "create"}"#;
    let file = "Date;Code;Qté;Prix;Site\n2026-10-01;A;1;100;-\n2026-10-01;A;1;100;n/a\n";
    assert_eq!(
        outcomes(&show(file, Kind::Sales, mapped), "site"),
        ["Dakar", ""]
    );
}

#[test]
fn a_code_that_a_spreadsheet_changed_is_rejected_or_warned_of() {
    let damaged = [
        "01/03/2026",
        "2026-03-01 00:00:00",
        "VRAI",
        "FAUX",
        "TRUE",
        "12:30",
    ];
    assert_eq!(sell(&damaged), ["!damaged_code"; 6]);
    for code in ["mars-26", "1-Mar", "03-mars"] {
        assert_eq!(sell(&[code]), [format!("{code} ?damaged_codes")]);
    }
    assert_eq!(
        sell(&["12.10", "3-1", "MAR-26"]),
        ["12.10", "3-1", "MAR-26"]
    );
    let barcodes = "Code;Nom;EAN\nA;a;01/03/2026\nB;b;6191234500013.0\nC;c;6191234500013,00\n";
    let shown = show(barcodes, Kind::Products, r#"{"delimiter": ";"}"#);
    let expected = ["!damaged_code", "6191234500013", "6191234500013"];
    assert_eq!(outcomes(&shown, "barcode"), expected);
}

#[test]
fn a_code_with_a_fraction_of_zeros_is_the_known_number() {
    assert_eq!(
        sell(&["1001.0", "1001", "1001,00"]),
        ["1001", "1001", "1001"]
    );
    assert_eq!(sell(&["1001.0", "7.5"]), ["1001.0 ?damaged_codes", "7.5"]);
}

#[test]
fn decimals_that_are_not_stored_are_rejected_or_warned_of() {
    let file = "Date;Code;Qté;Prix\n2026-10-01;A;1.2345;100\n2026-10-01;A;1.2340000;100\n\
        2026-10-01;A;1;3.1234567\n2026-10-01;A;1;3.3333333333333335\n\
        2026-10-01;A;0.30000000000000004;100\n";
    let shown = show(file, Kind::Sales, "{}");
    let expected = [
        "!too_many_decimals",
        "1.234",
        "!too_many_decimals",
        "1 ?rounded_numbers",
        "0.3",
    ];
    assert_eq!(outcomes(&shown, "quantity"), expected);
}

#[test]
fn a_product_named_twice_with_other_values_is_warned_of() {
    let file = "Code;Nom;Prix\nA;Riz;100\na;Riz;150\nB;x;10\nB;x;10\nA;Riz;150\nA;Riz;\n";
    let shown = show(file, Kind::Products, "{}");
    let expected = [
        "A",
        "a ?repeated_products",
        "B",
        "B",
        "A",
        "A ?repeated_products",
    ];
    assert_eq!(outcomes(&shown, "sku"), expected);
    assert!(shown.rows[1].warnings[0].reason.contains("line 2"));
}

#[test]
fn a_column_of_midnights_holds_days() {
    let days = "Date;Code;Stock\n2026-10-05 00:00:00;A;1\n2026-10-06 00:00:00;A;1\n";
    let moved = r#"{"timezone": "Asia/Tokyo"}"#;
    let shown = show(days, Kind::StockCounts, moved);
    let expected = ["2026-10-05T23:59:59.999999Z", "2026-10-06T23:59:59.999999Z"];
    assert_eq!(outcomes(&shown, "at"), expected);
    let sales = "Date;Code;Qté;PU\n2026-10-05 00:00:00;A;1;100\n2026-10-06 00:00:00;A;1;100\n";
    let shown = show(sales, Kind::Sales, moved);
    assert_eq!(outcomes(&shown, "day"), ["2026-10-05", "2026-10-06"]);
    let times = "Date;Code;Stock\n2026-10-05 00:00:00;A;1\n2026-10-06 09:00:00;A;1\n";
    let shown = show(times, Kind::StockCounts, "{}");
    assert_eq!(
        outcomes(&shown, "at"),
        ["2026-10-05T00:00:00Z", "2026-10-06T09:00:00Z"]
    );
}

#[test]
fn a_date_that_no_sale_has_is_rejected_or_warned_of() {
    let file = "Date;Code;Qté;Prix\n1900-01-01;A;1;100\n1970-01-01;A;1;100\n\
        2026-11-05;A;1;100\n2026-11-04;A;1;100\n2026-11-06;A;1;100\n";
    let shown = show(file, Kind::Sales, "{}");
    let expected = [
        "!too_old",
        "!too_old",
        "2026-11-05 ?future_dates",
        "2026-11-04",
        "!future_date",
    ];
    assert_eq!(outcomes(&shown, "day"), expected);
    let weekdays = "Date;Code;Qté;Prix\nlundi 6 octobre 2026;A;1;100\nmardi 6 octobre 2026;A;1;5\n";
    let shown = show(weekdays, Kind::Sales, "{}");
    assert_eq!(outcomes(&shown, "day"), ["!not_a_date", "2026-10-06"]);
    assert!(shown.rows[0].errors[0].reason.contains("day of the week"));
}

#[test]
fn an_amount_that_the_discount_explains_needs_no_warning() {
    let file = "Date;Code;Qté;Prix;Remise;Montant\n2026-10-01;A;2;1000;200;1800\n\
        2026-10-02;A;2;1000;200;1700\n2026-10-01;A;-2;1000;200;-1800\n";
    let shown = show(file, Kind::Sales, "{}");
    let expected = ["1800", "1700 ?differing_amounts", "-1800"];
    assert_eq!(outcomes(&shown, "amount"), expected);
}

#[test]
fn blanks_before_a_quote_and_pairs_of_apostrophes_are_no_part_of_a_cell() {
    let file = "Date;Code;Désignation;Qté;Prix\n2026-10-01; \"A\"; \"x;y\"; 1; 100\n\
        2026-10-02; \"B\"; \"z\"; 2; 100\n2026-10-02;'C';'w';'3';100\n";
    let shown = show(file, Kind::Sales, "{}");
    assert_eq!(outcomes(&shown, "sku"), ["A", "B", "C"]);
    assert_eq!(outcomes(&shown, "quantity"), ["1", "2", "3"]);
}

#[test]
fn the_digits_that_an_errors_file_keeps_are_read_and_kept_again() {
    let file = "Date;Code;Qté;PU;import_line\n2026-01-05;\"=\"\"0019\"\"\";2;100;2\n\
        2026-01-05;\"=\"\"0042\"\"\";deux;100;3\n";
    assert_eq!(
        outcomes(&show(file, Kind::Sales, "{}"), "sku"),
        ["0019", "!not_a_number"]
    );
    let (_, rejected) = validate_file(file, Kind::Sales, &options("{}"));
    assert_eq!(rejected[0].fields[1], "0042");
}
