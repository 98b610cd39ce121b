//! Times of day that stand in a column of their own.

use serde_json::{Value, json};

use super::columns::{detect_columns, expect_errors, preview, values};
use super::*;

pub(super) fn instants(file: &str, kind: Kind, field: &str) -> Vec<String> {
    let rows = values(&preview(file, kind, "{}"));
    let text = |row: &Value| row[field].as_str().unwrap_or_default().to_owned();
    rows.iter().map(text).collect()
}

#[test]
fn a_time_in_its_own_column_belongs_to_the_date() {
    for header in ["Heure", "Time", "Hour", "Heure de vente"] {
        let file = format!(
            "Date;{header};Code;Qté;Prix\n2026-10-05;18:30;A;2;100\n2026-10-05;9h05;A;2;100\n\
             2026-10-05;7;A;2;100\n2026-10-05 00:00:00;6:15 PM;A;2;100\n2026-10-05;;A;2;100\n\
             2026-10-05 08:00;;A;2;100\n"
        );
        let times = ["18:30", "09:05", "07:00", "18:15", "00:00", "08:00"];
        let expected = times.map(|time| format!("2026-10-05T{time}:00Z"));
        assert_eq!(
            instants(&file, Kind::Sales, "sold_at"),
            expected,
            "{header}"
        );
        assert_eq!(
            detect_columns(&file, Kind::Sales, "{}")[0]["time"],
            json!(header)
        );
    }
    let file = "Date;Quand;Code;Qté;Prix\n2026-10-05;tôt;A;2;100\n2026-10-05;25:00;A;2;100\n\
        ;18:00;A;1;100\n";
    let error = |line| (line, "Quand", "not_a_time");
    let json = r#"{"mapping": {"time": "Quand"}}"#;
    let missing = (4, "Date", "missing_value");
    expect_errors(file, json, &[error(2), error(3), missing]);
}

#[test]
fn sales_of_one_day_at_two_times_are_two_sales() {
    let row = |time| format!("2026-10-05;{time};A;2;100\n");
    let (morning, evening) = (row("09:00"), row("18:30"));
    let file = format!("Date;Heure;Code;Qté;Prix\n{morning}{evening}{morning}");
    let shown = preview(&file, Kind::Sales, "{}");
    let warned: Vec<_> = shown.rows.iter().map(|row| row.warnings.len()).collect();
    assert_eq!(warned, [0, 0, 1]);
}

#[test]
fn a_count_has_the_time_of_its_own_column() {
    let file = "Code;Stock;Date;Heure\nA;5;2026-10-05;18:00\nA;9;2026-10-05;08:00\n";
    let expected = ["2026-10-05T18:00:00Z", "2026-10-05T08:00:00Z"];
    assert_eq!(instants(file, Kind::StockCounts, "at"), expected);
    let shown = preview("Code;Stock;Heure\nA;5;18:00\n", Kind::StockCounts, "{}");
    assert_eq!(shown.detected.ignored_columns, ["Heure"]);
    let file = "Code;Stock;Date;Heure\nA;5;;18:00\nB;5;2026-10-05;x\n";
    let (_, rejected) = validate_file(file, Kind::StockCounts, &options("{}"));
    let expected = [
        (2, "Date", "", "missing_value"),
        (3, "Heure", "x", "not_a_time"),
    ];
    assert_eq!(summarize(&rejected), expected);
}
