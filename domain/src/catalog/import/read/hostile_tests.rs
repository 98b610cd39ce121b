//! Spreadsheets that are made to exhaust memory or to break a parser: each is rejected by its
//! limit, before it is held.

use std::io::Cursor;

use testing::{
    RELATIONS_PART, SHEET_PART, STYLES_PART, Spreadsheet, TEXTS_PART, WORKBOOK_PART, build_bomb,
    import_case,
};

use crate::catalog::import::{FileError, Kind, NumericCodes, Options, examine_file};
use crate::identity::Language;

const CELL: &str = r#"<row r="1"><c r="A1"><v>1</v></c></row>"#;
const MEBIBYTE: usize = 1 << 20;

fn examine(file: &[u8]) -> FileError {
    examine_file(
        Cursor::new(file),
        Kind::Sales,
        &Options::default(),
        NumericCodes::default(),
        Language::En,
    )
    .unwrap_err()
}

/// The error of a workbook that has this content in a part.
fn examine_part(name: &str, content: impl AsRef<[u8]>) -> &'static str {
    let mut book = Spreadsheet::of_rows(CELL);
    book.set_part(name, content);
    examine(&book.build_file()).code
}

/// The error of a workbook that has `block` in a part again and again.
fn examine_repeated(name: &str, head: &str, block: &str, mebibytes: usize) -> &'static str {
    let mut book = Spreadsheet::of_rows(CELL);
    book.set_repeated_part(name, head, block, mebibytes * MEBIBYTE);
    let file = book.build_file();
    assert!(file.len() < 4 * MEBIBYTE, "{}", file.len());
    examine(&file).code
}

#[test]
fn case_sst_huge_a_number_of_texts_reserves_no_memory() {
    for count in ["9000000000000", "99999999999999999999999", "-1"] {
        let texts = format!(r#"<sst count="5" uniqueCount="{count}"><si><t>Date</t></si></sst>"#);
        assert_eq!(examine_part(TEXTS_PART, texts), "too_complex", "{count}");
    }
    if let Some(file) = import_case("sst_huge.xlsx") {
        assert_eq!(examine(&file).code, "too_complex");
    }
}

#[test]
fn millions_of_texts_and_formats_are_rejected_at_the_limit() {
    assert_eq!(
        examine_repeated(TEXTS_PART, "<sst>", "<si/>", 128),
        "too_complex"
    );
    let text = format!("<si><t>{}</t></si>", "x".repeat(32_000));
    assert_eq!(
        examine_repeated(TEXTS_PART, "<sst>", &text, 64),
        "too_complex"
    );
    assert_eq!(
        examine_repeated(STYLES_PART, "<styleSheet><cellXfs>", "<xf/>", 4),
        "too_complex"
    );
    let format = r#"<numFmt numFmtId="1" formatCode="d"/>"#;
    assert_eq!(
        examine_repeated(STYLES_PART, "<numFmts>", format, 32),
        "unpacks_too_large"
    );
    let sheet = r#"<sheet name="a" r:id="rId1"/>"#;
    assert_eq!(
        examine_repeated(WORKBOOK_PART, "<workbook>", sheet, 1),
        "too_complex"
    );
    let relation: String = (0..20_000)
        .map(|id| format!(r#"<Relationship Id="r{id}" Type="worksheet" Target="a"/>"#))
        .collect();
    assert_eq!(examine_part(RELATIONS_PART, relation), "too_complex");
}

#[test]
fn an_endless_text_tag_or_depth_is_rejected_at_the_limit() {
    for head in [
        "<worksheet>",
        "<worksheet x=\"",
        "<!--",
        "<!DOCTYPE ",
        "<worksheet><![CDATA[",
    ] {
        assert_eq!(
            examine_repeated(SHEET_PART, head, " ", 64),
            "unpacks_too_large",
            "{head}"
        );
    }
    assert_eq!(
        examine_repeated(SHEET_PART, "<worksheet>", "<a>", 1),
        "too_complex"
    );
    let cell = r#"<worksheet><sheetData><row><c t="inlineStr"><is><t>"#;
    assert_eq!(
        examine_repeated(SHEET_PART, cell, "&amp;", 1),
        "too_complex"
    );
    assert_eq!(
        examine(&build_bomb(1_100, 1_100 << 20)).code,
        "unpacks_too_large"
    );
}

#[test]
fn a_cell_far_away_takes_no_memory_for_those_before() {
    for (row, code) in [
        (
            r#"<row r="1"><c r="XFD1"><v>1</v></c></row>"#,
            "too_many_columns",
        ),
        (
            r#"<row r="1"><c r="ZZZZZZZ1"><v>1</v></c></row>"#,
            "not_a_table",
        ),
        (
            r#"<row r="4294967295"><c><v>1</v></c></row>"#,
            "not_a_table",
        ),
        (
            r#"<row r="1048576"><c><v>1</v></c></row><row><c><v>1</v></c></row>"#,
            "not_a_table",
        ),
        (
            r#"<row r="1"><c t="s"><v>99999999</v></c></row>"#,
            "not_a_table",
        ),
        (
            r#"<row r="1"><c s="99999999999999999999"><v>1e999</v></c></row>"#,
            "missing_column",
        ),
    ] {
        assert_eq!(
            examine(&Spreadsheet::of_rows(row).build_file()).code,
            code,
            "{row}"
        );
    }
    let sheet = |range: &str| {
        format!(r#"<worksheet><dimension ref="{range}"/><sheetData>{CELL}</sheetData></worksheet>"#)
    };
    assert_eq!(
        examine_part(SHEET_PART, sheet("A1:XFD1048576")),
        "missing_column"
    );
    assert_eq!(
        examine_part(SHEET_PART, sheet("A1:ZZZZZZ99999999999")),
        "not_a_table"
    );
    assert_eq!(examine_part(SHEET_PART, sheet("B2:A1")), "missing_column");
}

#[test]
fn a_text_in_a_thousand_cells_of_a_row_is_rejected_at_the_limit_of_a_row() {
    let cells = r#"<c t="s"><v>0</v></c>"#.repeat(1_000);
    let mut book = Spreadsheet::of_rows(&format!("<row>{cells}</row>"));
    book.set_part(
        TEXTS_PART,
        format!("<sst><si><t>{}</t></si></sst>", "x".repeat(32_767)),
    );
    assert_eq!(examine(&book.build_file()).code, "row_too_long");
}

#[test]
fn too_many_parts_and_parts_of_parts_are_rejected() {
    let mut book = Spreadsheet::of_rows(CELL);
    for number in 0..10_001 {
        book.set_part(&format!("p{number}"), "");
    }
    assert_eq!(examine(&book.build_file()).code, "too_complex");
    let inner = Spreadsheet::of_rows(CELL).build_file();
    assert_eq!(examine_part(WORKBOOK_PART, &inner), "not_a_table");
    let ends = [&b"PK\x03\x04"[..], &b"PK\x05\x06".repeat(1_000)].concat();
    assert_eq!(examine(&ends).code, "too_complex");
    let mut lying = inner;
    let end = lying.len() - 22;
    lying[end + 8..end + 12].copy_from_slice(&[0xff; 4]);
    assert_eq!(examine(&lying).code, "not_a_table");
}

#[test]
fn entities_are_not_expanded() {
    let texts = r#"<!DOCTYPE sst [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>
        <sst><si><t>&b;</t></si></sst>"#;
    assert_eq!(examine_part(TEXTS_PART, texts), "not_a_table");
}

#[test]
fn a_parts_own_words_come_back_cleaned_and_cut() {
    let mut book = Spreadsheet::of_rows(CELL);
    book.set_part(SHEET_PART, format!("</@\0x{}>", "y".repeat(1 << 19)));
    let message = examine(&book.build_file()).to_string();
    assert!(
        message.contains("@x") && !message.contains('\0'),
        "{message}"
    );
    assert!(message.len() < 3_000, "{}", message.len());
}
