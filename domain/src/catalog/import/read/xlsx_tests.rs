//! Spreadsheets from their bytes to rows, valid and broken.

use std::io::Cursor;

use testing::SheetCell::{Bool, Date, Empty, Error, Number, Text};
use testing::{SheetCell, Spreadsheet, TEXTS_PART, build_workbook, import_case};

use crate::catalog::import::field::Field;
use crate::catalog::import::read::Format;
use crate::catalog::import::tests::{context, preview_file};
use crate::catalog::import::{Kind, NumericCodes, Options, Preview, SheetName, examine_file};
use crate::identity::Language;

const HEADER: &[SheetCell] = &[Text("Code"), Text("Quantité"), Text("Prix"), Text("Date")];

fn preview(file: &[u8], options: &Options) -> Preview {
    preview_file(file, Kind::Sales, options, &context(), 10).unwrap()
}

fn error_code(file: &[u8]) -> &'static str {
    examine_file(
        Cursor::new(file),
        Kind::Sales,
        &Options::default(),
        NumericCodes::default(),
        Language::En,
    )
    .unwrap_err()
    .code
}

/// The line, the column and the code of every rejected row.
fn errors(preview: &Preview) -> Vec<(u64, &str, &str)> {
    let rejected = preview.rows.iter().filter(|row| !row.errors.is_empty());
    rejected
        .map(|row| {
            let column = row.errors[0].column.as_deref();
            (row.line, column.unwrap_or(""), row.errors[0].code.as_ref())
        })
        .collect()
}

fn fields(preview: &Preview, field: Field) -> Vec<&str> {
    preview
        .rows
        .iter()
        .map(|row| row.fields[&field].as_str())
        .collect()
}

fn parse_options(json: &str) -> Options {
    serde_json::from_str(json).unwrap()
}

#[test]
fn cells_keep_their_kind_and_need_no_convention() {
    let rows: &[&[SheetCell]] = &[
        HEADER,
        &[Number(22386.0), Number(3.0), Number(1.125), Date(46000.5)],
        &[Text("B7"), Empty, Number(2.0), Date(46000.0)],
        &[
            Text("B8"),
            Text("2,5"),
            Number(1000.125),
            Text("09/12/2025"),
        ],
    ];
    let options = parse_options(r#"{"decimal": ",", "date_format": "d/m/Y"}"#);
    let preview = preview(&build_workbook(rows), &options);
    assert_eq!(preview.detected.format, Format::Xlsx);
    assert_eq!(errors(&preview), [(3, "Quantité", "missing_value")]);
    assert_eq!(fields(&preview, Field::Sku), ["22386", "B7", "B8"]);
    assert_eq!(
        fields(&preview, Field::UnitPrice),
        ["1.1250", "2", "1000.1250"]
    );
    assert_eq!(
        fields(&preview, Field::Date),
        ["2025-12-09 12:00:00", "2025-12-09", "09/12/2025"]
    );
}

#[test]
fn texts_are_joined_from_their_runs_without_their_pronunciation() {
    let row = |number: u32, cells: &str| format!(r#"<row r="{number}">{cells}</row>"#);
    let shared = |index: u32| format!(r#"<c t="s"><v>{index}</v></c>"#);
    let head: String = (0..4).map(shared).collect();
    let line = format!(
        "{}<c><v>2</v></c><c><v>5</v></c><c><v>46000</v></c>",
        shared(4)
    );
    let mut book = Spreadsheet::of_rows(&(row(1, &head) + &row(2, &line)));
    book.set_part(
        TEXTS_PART,
        r#"<x:sst xmlns:x="urn:x"><x:si><x:t>Code</x:t></x:si><x:si><x:t>Quantit&#233;</x:t></x:si>
        <x:si><x:t>Prix</x:t></x:si><x:si/><x:si><x:r><x:t>Riz </x:t></x:r><x:r><x:t>&amp; mil</x:t>
        </x:r><x:rPh><x:t>riz</x:t></x:rPh></x:si></x:sst>"#,
    );
    let file = book.build_file();
    assert_eq!(error_code(&file), "missing_column");
    let options = Options::default();
    let counts = preview_file(&file, Kind::StockCounts, &options, &context(), 10);
    assert_eq!(fields(&counts.unwrap(), Field::Sku), ["Riz & mil"]);
}

#[test]
fn a_row_or_a_cell_out_of_order_is_rejected() {
    for rows in [
        r#"<row r="2"/><row r="1"><c r="A1"><v>1</v></c></row>"#,
        r#"<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>"#,
        r#"<row r="1"><c r="A7"><v>1</v></c></row>"#,
        r#"<row r="1"><c r="XFE1"><v>1</v></c></row>"#,
    ] {
        assert_eq!(
            error_code(&Spreadsheet::of_rows(rows).build_file()),
            "not_a_table",
            "{rows}"
        );
    }
}

#[test]
fn a_broken_spreadsheet_is_rejected() {
    let mut file = build_workbook(&[HEADER]);
    file.truncate(file.len() / 2);
    assert_eq!(error_code(&file), "not_a_table");
    assert_eq!(error_code(&build_workbook(&[])), "empty_file");
    assert_eq!(error_code(&build_workbook(&[HEADER])), "no_rows");
}

#[test]
fn a_code_that_the_spreadsheet_has_damaged_is_rejected() {
    let rows: &[&[SheetCell]] = &[
        HEADER,
        &[Number(2.19e26), Number(1.0), Number(5.0), Date(46000.0)],
        &[Date(46082.0), Number(1.0), Number(5.0), Date(46000.0)],
        &[Bool(true), Number(1.0), Number(5.0), Date(46000.0)],
        &[Error("#REF!"), Number(1.0), Number(5.0), Date(46000.0)],
        &[
            Number(5_901_234_123_457.0),
            Number(1.0),
            Number(5.0),
            Date(46000.0),
        ],
        &[Text("X"), Bool(true), Number(5.0), Date(46000.0)],
        &[Text("X"), Number(1.0), Date(46000.0), Date(46000.0)],
        &[Text("X"), Number(1.0), Number(5.0), Number(46000.0)],
    ];
    let preview = preview(&build_workbook(rows), &Options::default());
    assert_eq!(
        errors(&preview),
        [
            (2, "Code", "damaged_code"),
            (3, "Code", "damaged_code"),
            (4, "Code", "damaged_code"),
            (5, "Code", "formula_error"),
            (7, "Quantité", "not_a_number"),
            (8, "Prix", "not_a_number"),
            (9, "Date", "not_a_date"),
        ]
    );
}

#[test]
fn case_a03_dates_huge_numbers_and_truth_values_are_no_codes() {
    let Some(file) = import_case("A03_codes_mangled_by_excel.xlsx") else {
        return;
    };
    let mut at = context();
    at.now += chrono::TimeDelta::days(200);
    let options = Options::default();
    let preview = preview_file(file, Kind::Sales, &options, &at, 10).unwrap();
    let damaged = |line| (line, "Code article", "damaged_code");
    assert_eq!(errors(&preview), [3, 4, 5, 6].map(damaged));
    assert_eq!(fields(&preview, Field::Sku)[..1], ["VIS-M8"]);
    assert_eq!(fields(&preview, Field::Sku)[5], "1001");
}

#[test]
fn case_a21a_the_first_visible_sheet_is_read_and_all_are_named() {
    let Some(file) = import_case("A21a_hidden_sheet_first.xlsx") else {
        return;
    };
    let first = preview(&file, &Options::default());
    assert_eq!(fields(&first, Field::Sku), ["RIZ-5"]);
    assert_eq!(first.detected.sheet.as_deref(), Some("Ventes"));
    let named = |name: &str, hidden| SheetName {
        name: name.into(),
        hidden,
    };
    let all = [
        named("Param", true),
        named("Ventes", false),
        named("Archive", false),
    ];
    assert_eq!(first.detected.sheets, all);
    for (sheet, code) in [("archive", "ARCHIVE-1"), ("Param", "VIEUX-MODELE")] {
        let options = parse_options(&format!(r#"{{"sheet": "{sheet}"}}"#));
        assert_eq!(fields(&preview(&file, &options), Field::Sku), [code]);
    }
    let options = parse_options(r#"{"sheet": "Achats"}"#);
    let error = examine_file(
        Cursor::new(&file),
        Kind::Sales,
        &options,
        NumericCodes::default(),
        Language::En,
    )
    .unwrap_err();
    assert_eq!(error.code, "unknown_sheet");
    assert!(error.to_string().contains("Archive"), "{error}");
}

#[test]
fn case_a23b_blanks_are_no_data() {
    let Some(file) = import_case("A23b_one_far_cell.xlsx") else {
        return;
    };
    let preview = preview(&file, &parse_options(r#"{"future_dates": "warn"}"#));
    assert_eq!(fields(&preview, Field::Sku), ["RIZ-5"]);
    assert_eq!(errors(&preview), []);
}

#[test]
fn case_a24b_a_formula_without_a_value_is_rejected_in_every_column() {
    let Some(file) = import_case("A24b_formula_errors.xlsx") else {
        return;
    };
    let preview = preview(&file, &parse_options(r#"{"future_dates": "warn"}"#));
    assert_eq!(
        errors(&preview),
        [
            (2, "Quantité", "formula_error"),
            (3, "Quantité", "formula_error"),
            (4, "Quantité", "formula_error"),
            (6, "Quantité", "formula_error"),
            (7, "Code", "formula_error"),
        ]
    );
}

#[test]
fn case_a10_texts_are_read_by_their_columns_mark_and_number_cells_need_none() {
    let Some(file) = import_case("A10_numbers_as_text.xlsx") else {
        return;
    };
    let preview = preview(&file, &parse_options(r#"{"future_dates": "warn"}"#));
    assert_eq!(errors(&preview), []);
    assert_eq!(preview.questions, []);
}
