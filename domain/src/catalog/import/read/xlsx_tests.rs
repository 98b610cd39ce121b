//! Spreadsheets built part by part, valid and hostile.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;

use crate::catalog::import::field::Field;
use crate::catalog::import::read::Format;
use crate::catalog::import::tests::context;
use crate::catalog::import::{Kind, Options, examine_file, preview_file};

const WORKBOOK: &str = r#"<workbook
    xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>
    <sheet name="Ventes" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const ROOT: &str = r#"<Relationships
    xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1"
    Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    Target="xl/workbook.xml"/></Relationships>"#;
const RELATIONS: &str = r#"<Relationships
    xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1"
    Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    Target="worksheets/sheet1.xml"/></Relationships>"#;
const STYLES: &str = r#"<styleSheet
    xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2">
    <xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>"#;

fn workbook(rows: &str, strings: &[u8]) -> Vec<u8> {
    let sheet = format!(
        r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">
    <sheetData>{rows}</sheetData></worksheet>"#
    );
    let mut file = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [
        ("_rels/.rels", ROOT.as_bytes()),
        ("xl/workbook.xml", WORKBOOK.as_bytes()),
        ("xl/_rels/workbook.xml.rels", RELATIONS.as_bytes()),
        ("xl/styles.xml", STYLES.as_bytes()),
        ("xl/sharedStrings.xml", strings),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ] {
        file.start_file(name, SimpleFileOptions::default()).unwrap();
        file.write_all(content).unwrap();
    }
    file.finish().unwrap().into_inner()
}

const STRINGS: &[u8] = br#"<sst
    xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="4" uniqueCount="4">
    <si><t>Code</t></si><si><t>Quantit&#233;</t></si><si><t>Prix</t></si>
    <si><t>Date</t></si></sst>"#;
const HEADER: &str = r#"<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c>
    <c r="C1" t="s"><v>2</v></c><c r="D1" t="s"><v>3</v></c></row>"#;

#[test]
fn a_spreadsheet_is_read_as_the_same_table_in_csv_would_be() {
    let rows = format!(
        r#"{HEADER}<row r="2"><c r="A2"><v>22386</v></c><c r="B2"><v>3</v></c>
    <c r="C2"><v>1.125</v></c><c r="D2" s="1"><v>46000.5</v></c></row>
        <row r="5"><c r="A5" t="inlineStr"><is><t>B7</t></is></c><c r="C5"><v>2</v></c>
    <c r="D5" s="1"><v>46000</v></c></row>"#
    );
    let file = workbook(&rows, STRINGS);
    let options = Options::default();
    let preview = preview_file(Cursor::new(&file), Kind::Sales, &options, &context(), 10).unwrap();
    assert_eq!(preview.detected.format, Format::Xlsx);
    let first = &preview.rows[0];
    assert_eq!(first.fields[&Field::Sku], "22386");
    assert_eq!(first.fields[&Field::UnitPrice], "1.1250");
    assert_eq!(first.fields[&Field::Date], "2025-12-09 12:00:00.000");
    assert!(first.error.is_none());
    let second = &preview.rows[1];
    let error = second.error.as_ref().unwrap();
    assert_eq!(
        (second.line, error.column.as_deref(), error.code),
        (5, Some("Quantité"), "missing_value")
    );
}

#[test]
fn a_zip_bomb_is_rejected_before_it_is_unpacked() {
    let mut bomb = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let zeros = vec![0; 1 << 20];
    bomb.start_file("xl/sharedStrings.xml", SimpleFileOptions::default())
        .unwrap();
    for _ in 0..130 {
        bomb.write_all(&zeros).unwrap();
    }
    let mut file = bomb.finish().unwrap().into_inner();
    let error_code = |file: &[u8]| {
        examine_file(Cursor::new(file), Kind::Sales, &Options::default())
            .unwrap_err()
            .code
    };
    assert_eq!(error_code(&file), "unpacks_too_large");
    // The directory now claims ten bytes; the size stands 24 bytes into its only entry.
    let directory = file.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    file[directory + 24..directory + 28].copy_from_slice(&10_u32.to_le_bytes());
    assert!(["unpacks_too_large", "not_a_table"].contains(&error_code(&file)));
}

#[test]
fn a_sheet_with_a_cell_far_to_the_right_is_rejected() {
    let rows = format!(r#"{HEADER}<row r="2"><c r="XFD2"><v>1</v></c></row>"#);
    let error = examine_file(
        Cursor::new(workbook(&rows, STRINGS)),
        Kind::Sales,
        &Options::default(),
    )
    .unwrap_err();
    assert_eq!(error.code, "too_many_columns");
}

#[test]
fn a_broken_spreadsheet_is_rejected() {
    let mut file = workbook(HEADER, STRINGS);
    file.truncate(file.len() / 2);
    let error = examine_file(Cursor::new(file), Kind::Sales, &Options::default()).unwrap_err();
    assert_eq!(error.code, "not_a_table");
    let empty = examine_file(
        Cursor::new(workbook("", STRINGS)),
        Kind::Sales,
        &Options::default(),
    )
    .unwrap_err();
    assert_eq!(empty.code, "empty_file");
}
