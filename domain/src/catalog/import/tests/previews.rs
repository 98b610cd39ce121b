//! What a preview shows of small files, for a company that has no catalog.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::*;

const HEADER: &str = "sku;name;site;quantity;price;amount;date\n";

fn preview(rows: &str, options_json: &str, limit: usize) -> Preview {
    let file = format!("{HEADER}{rows}");
    preview_file(file, Kind::Sales, &options(options_json), &context(), limit).unwrap()
}

fn values(row: &PreviewRow) -> Value {
    serde_json::to_value(&row.values).unwrap()
}

fn outcomes(rows: &[PreviewRow]) -> Vec<(u64, Option<RowOutcome>)> {
    rows.iter().map(|row| (row.line, row.outcome)).collect()
}

#[test]
fn a_row_is_shown_as_it_stands_and_as_it_would_be_stored() {
    let row = "A1;Riz;Dakar;10;3 500,00;31 500;15/03/2026 14h30\n";
    let shown = preview(row, r#"{"unknown_sites": "create"}"#, 10);
    let [row] = &shown.rows[..] else {
        panic!("{shown:?}")
    };
    assert_eq!(row.fields[&Field::UnitPrice], "3 500,00");
    assert_eq!(
        values(row),
        json!({
            "sku": "A1", "site": "Dakar", "document": null, "external_id": null,
            "customer": null, "kind": "sale", "status": null, "quantity": "10",
            "unit_price": "3500", "amount": "31500", "currency": "XOF",
            "sold_at": "2026-03-15T14:30:00Z", "day": "2026-03-15"
        })
    );
    assert!(row.creates_product && row.creates_site);
    assert_eq!(row.warnings[0].code, "differing_amounts");
    let creates = shown.creates.unwrap();
    assert_eq!((creates.products, creates.sites), (1, 1));
    assert_eq!(creates.skus, ["A1"]);
    assert_eq!(creates.site_names, ["Dakar"]);
}

#[test]
fn a_site_that_the_import_refuses_does_not_look_fine() {
    let shown = preview("A1;Riz;Dakar;1;5;5;15/03/2026\n", "{}", 10);
    assert_eq!(outcomes(&shown.rows), [(2, Some(RowOutcome::Rejected))]);
    assert_eq!(shown.rows[0].errors[0].code, "unknown_site");
    assert_eq!(shown.rows[0].values, None);
    assert_eq!(shown.creates.unwrap(), Creates::default());
    assert_eq!(shown.rejection.unwrap().code, "no_valid_rows");
}

#[test]
fn the_rows_with_trouble_are_shown_wherever_they_stand() {
    let fine = |day: u32| format!("A{day};;;2;100;;{day:02}/01/2026\n");
    let rows: String = (1..=28).map(fine).collect();
    let rows = format!("{rows}B;;;deux;100;;28/01/2026\nA1;;;2;100;;01/01/2026\nTOTAL;;;58;;;\n");
    let shown = preview(&rows, "{}", 3);
    let imported = Some(RowOutcome::Imported);
    assert_eq!(
        outcomes(&shown.rows),
        [(2, imported), (3, imported), (4, imported)]
    );
    assert_eq!(
        outcomes(&shown.troubled_rows),
        [
            (30, Some(RowOutcome::Rejected)),
            (31, imported),
            (32, Some(RowOutcome::LeftOut)),
        ]
    );
    assert_eq!(shown.troubled_rows[0].errors[0].value, "deux");
    assert_eq!(shown.troubled_rows[1].warnings[0].code, "duplicate_lines");
    assert_eq!(shown.troubled_rows[2].warnings[0].code, "total_rows");
    let totals = shown.totals.unwrap();
    assert_eq!((totals.rows, totals.accepted, totals.rejected), (31, 29, 1));
    let sum = shown.rows.iter().map(|row| match &row.values {
        Some(RowValues::Sale(sale)) => sale.quantity,
        other => panic!("{other:?}"),
    });
    assert_eq!(sum.sum::<Decimal>(), Decimal::from(6));
    let all_or_nothing = preview(&rows, r#"{"mode": "all_or_nothing"}"#, 3);
    assert_eq!(all_or_nothing.rejection.unwrap().code, "rows_rejected");
}

#[test]
fn while_questions_are_open_the_rows_are_shown_as_they_stand() {
    let shown = preview("A;;;1,125;5;;05/03/2026\n", "{}", 10);
    assert!(!shown.questions.is_empty());
    assert_eq!(outcomes(&shown.rows), [(2, None)]);
    assert_eq!((shown.totals, shown.creates), (None, None));
}

#[test]
fn a_line_is_a_duplicate_where_it_equals_an_earlier_one_in_every_field() {
    let file = "document;sku;quantity;price;date\nT1;A1;2;500;15/03/2026\n\
        T1;A1;3;500;15/03/2026\nT1;A1;2;500;15/03/2026\n";
    for (json, outcome) in [
        ("{}", RowOutcome::Imported),
        (r#"{"duplicates": "drop"}"#, RowOutcome::LeftOut),
    ] {
        let shown = preview_file(file, Kind::Sales, &options(json), &context(), 10).unwrap();
        let imported = Some(RowOutcome::Imported);
        assert_eq!(
            outcomes(&shown.rows),
            [(2, imported), (3, imported), (4, Some(outcome))]
        );
        let warned: Vec<_> = shown.rows.iter().map(|row| row.warnings.len()).collect();
        assert_eq!(warned, [0, 0, 1]);
        let totals = shown.totals.unwrap();
        let left_out = u64::from(outcome == RowOutcome::LeftOut);
        assert_eq!((totals.sales, totals.ignored), (3 - left_out, left_out));
    }
}

#[test]
fn a_long_cell_is_cut() {
    let long = "é".repeat(100_000);
    let shown = preview(&format!("{long};;;x;5;5;15/03/2026\n"), "{}", 10);
    let [row] = &shown.rows[..] else {
        panic!("{} rows", shown.rows.len())
    };
    assert!(row.fields[&Field::Sku].len() < 2_000);
}
