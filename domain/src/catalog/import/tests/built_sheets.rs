//! Spreadsheets of cells with number formats, and of several sheets.

use testing::{RELATIONS_PART, STYLES_PART, Spreadsheet, WORKBOOK_PART};

pub(super) const HEADER: [&str; 5] = ["Code", "Quantité", "Prix", "Date", "Facture"];
/// The styles of the cells: each is the place of its format.
const FORMATS: [&str; 16] = [
    "General",
    "dd/mm/yyyy",
    "0%",
    "0.00%",
    "#,##0.00 \"€\"",
    "[$$-409]#,##0.00",
    "[$€-40C]0.00",
    "0 [$XOF]",
    "0 \"FCFA\"",
    "0 \"kg\"",
    "0000",
    "\"ART-\"000",
    "0.00",
    "#,##0",
    "# ?/?",
    "[h]:mm",
];

fn style(format: &str) -> usize {
    let found = FORMATS.iter().position(|known| *known == format);
    found.unwrap_or_else(|| panic!("{format} has no style"))
}

pub(super) fn number(value: f64, format: &str) -> String {
    format!("<c s=\"{}\"><v>{value}</v></c>", style(format))
}

pub(super) fn date(days: f64) -> String {
    number(days, "dd/mm/yyyy")
}

pub(super) fn text(text: &str) -> String {
    format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>")
}

pub(super) fn plain(value: f64) -> String {
    number(value, "General")
}

pub(super) fn row(cells: &[String]) -> String {
    format!("<row>{}</row>", cells.concat())
}

pub(super) fn header(titles: &[&str]) -> String {
    row(&titles.iter().map(|title| text(title)).collect::<Vec<_>>())
}

/// Builds a spreadsheet of sheets, each with its name and its `<row>` elements.
pub(super) fn build_sheets(sheets: &[(&str, &str)]) -> Vec<u8> {
    let quote = |format: &str| format.replace('"', "&quot;");
    let formats = FORMATS.iter().enumerate().map(|(index, format)| {
        let code = quote(format);
        format!(
            "<numFmt numFmtId=\"{}\" formatCode=\"{code}\"/>",
            164 + index
        )
    });
    let styles = (0..FORMATS.len()).map(|index| format!("<xf numFmtId=\"{}\"/>", 164 + index));
    let mut book = Spreadsheet::of_rows("");
    let (formats, styles) = (formats.collect::<String>(), styles.collect::<String>());
    book.set_part(
        STYLES_PART,
        format!("<styleSheet><numFmts>{formats}</numFmts><cellXfs>{styles}</cellXfs></styleSheet>"),
    );
    let (mut named, mut relations) = (String::new(), String::new());
    for (id, (name, rows)) in sheets.iter().enumerate() {
        named += &format!("<sheet name=\"{name}\" r:id=\"s{id}\"/>");
        relations += &format!(
            "<Relationship Id=\"s{id}\" Type=\"x/worksheet\" Target=\"worksheets/s{id}.xml\"/>"
        );
        let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
        book.set_part(&format!("xl/worksheets/s{id}.xml"), sheet);
    }
    relations += "<Relationship Id=\"f\" Type=\"x/styles\" Target=\"styles.xml\"/>";
    book.set_part(
        WORKBOOK_PART,
        format!("<workbook xmlns:r=\"r\"><sheets>{named}</sheets></workbook>"),
    );
    book.set_part(
        RELATIONS_PART,
        format!("<Relationships>{relations}</Relationships>"),
    );
    book.build_file()
}

pub(super) fn build(titles: &[&str], rows: &[&[String]]) -> Vec<u8> {
    let rows: String = rows.iter().map(|cells| row(cells)).collect();
    build_sheets(&[("Ventes", &(header(titles) + &rows))])
}
