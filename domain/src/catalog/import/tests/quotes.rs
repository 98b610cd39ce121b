//! Random tables with quoted cells: written well they are read as they were, and a quote that is
//! lost alters no row.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::{context, options, preview_file};
use crate::catalog::import::Kind;
use crate::catalog::import::field::Field;

const HEADER: [&str; 5] = ["Code", "Nom", "Famille", "Fournisseur", "Prix"];
const FIELDS: [Field; 5] = [
    Field::Sku,
    Field::Name,
    Field::Category,
    Field::Supplier,
    Field::SalePrice,
];
const WORDS: [&str; 10] = [
    "Huile",
    "d'arachide",
    "1 L",
    "3/4\"",
    "12",
    "\"roux\"",
    "Dakar",
    "a, b",
    "x; y",
    "Tuyau",
];

type Row = [String; 5];

/// How a program writes a table.
#[derive(Debug, Clone, Copy)]
struct Style {
    delimiter: &'static str,
    line_end: &'static str,
    quoting: Quoting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoting {
    /// Every cell.
    Full,
    /// The cells that need it.
    Minimal,
    /// As [`Quoting::Minimal`], but not for a quote within the cell.
    Careless,
}

/// A table as text, with the first line of each row and the places of the closing quotes.
#[derive(Debug, Default)]
struct Written {
    text: String,
    first_lines: Vec<u64>,
    closing_quotes: Vec<usize>,
}

fn any_style(quotings: Vec<Quoting>) -> impl Strategy<Value = Style> {
    let delimiters = select(vec![";", ",", "\t"]);
    let line_ends = select(vec!["\n", "\r\n", "\r"]);
    (delimiters, line_ends, select(quotings)).prop_map(|(delimiter, line_end, quoting)| Style {
        delimiter,
        line_end,
        quoting,
    })
}

/// Cells of up to three lines, each of a few words.
fn any_cell() -> impl Strategy<Value = String> {
    let line = vec(select(WORDS.to_vec()), 0..3).prop_map(|words| words.join(" "));
    (vec(line, 1..4), 0..6_u8).prop_map(|(lines, kind)| match kind {
        0 => lines.join("\n"),
        1 => lines.join("\r\n"),
        _ => lines[0].clone(),
    })
}

fn any_rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (any_cell(), any_cell(), any_cell(), 1..9_000_u32);
    vec(row, 1..12).prop_map(|rows| {
        let number = |(index, row): (usize, (String, String, String, u32))| {
            [format!("C{index}"), row.0, row.1, row.2, row.3.to_string()]
        };
        rows.into_iter().enumerate().map(number).collect()
    })
}

fn write_table(rows: &[Row], style: Style) -> Written {
    let mut written = Written::default();
    let header = HEADER.map(str::to_owned);
    for row in [&header].into_iter().chain(rows) {
        let lines = written.text.replace("\r\n", "\n").replace('\r', "\n");
        written
            .first_lines
            .push(1 + lines.matches('\n').count() as u64);
        for (index, cell) in row.iter().enumerate() {
            if index > 0 {
                written.text += style.delimiter;
            }
            write_cell(&mut written, cell, style);
        }
        written.text += style.line_end;
    }
    written
}

fn write_cell(written: &mut Written, cell: &str, style: Style) {
    let holds = |signs: &[&str]| signs.iter().any(|sign| cell.contains(sign));
    let must_quote = holds(&[style.delimiter, "\r", "\n"])
        || cell.starts_with('"')
        || match style.quoting {
            Quoting::Full => true,
            Quoting::Minimal => cell.contains('"'),
            Quoting::Careless => false,
        };
    if !must_quote {
        written.text += cell;
        return;
    }
    written.text.push('"');
    written.text += &cell.replace('"', "\"\"");
    written.closing_quotes.push(written.text.len());
    written.text.push('"');
}

/// A row as it is read.
#[derive(Debug)]
struct ReadRow {
    line: u64,
    fields: Row,
    error: Option<String>,
}

/// Reads the rows of a file. The delimiter is named, because the cells hold others too.
fn read_rows(text: &str, style: Style) -> Vec<ReadRow> {
    let options = options(&format!(r#"{{"delimiter": {:?}}}"#, style.delimiter));
    let preview = preview_file(text, Kind::Products, &options, &context(), 1_000).unwrap();
    assert_eq!(preview.questions, []);
    let rows = preview.rows.iter().map(|row| ReadRow {
        line: row.line,
        fields: FIELDS.map(|field| row.fields[&field].trim().to_owned()),
        error: row.errors.first().map(|error| error.code.to_string()),
    });
    rows.collect()
}

fn trimmed(row: &Row) -> Row {
    row.each_ref().map(|cell| cell.trim().to_owned())
}

proptest! {
    #[test]
    fn a_table_with_quoted_cells_is_read_as_it_was_written(
        rows in any_rows(),
        style in any_style(vec![Quoting::Full, Quoting::Minimal]),
    ) {
        let written = write_table(&rows, style);
        let read = read_rows(&written.text, style);
        let lines: Vec<u64> = read.iter().map(|row| row.line).collect();
        prop_assert_eq!(&lines, &written.first_lines[1..]);
        for (row, expected) in read.iter().zip(&rows) {
            prop_assert_eq!((&row.error, &row.fields), (&None, &trimmed(expected)));
        }
    }

    #[test]
    fn a_closing_quote_that_is_lost_alters_no_row(
        rows in any_rows(),
        style in any_style(vec![Quoting::Full, Quoting::Minimal, Quoting::Careless]),
        lost in any::<Index>(),
    ) {
        let mut written = write_table(&rows, style);
        // The header's quotes stay.
        let places: Vec<usize> = match style.quoting {
            Quoting::Full => written.closing_quotes[HEADER.len()..].to_vec(),
            _ => written.closing_quotes.clone(),
        };
        if places.is_empty() {
            return Ok(());
        }
        written.text.remove(places[lost.index(places.len())]);
        let read = read_rows(&written.text, style);
        let expected: Vec<Row> = rows.iter().map(trimmed).collect();
        for row in read.iter().filter(|row| row.error.is_none()) {
            prop_assert!(expected.contains(&row.fields), "{:?}", row);
        }
        // A row that isn't read is rejected by one of its lines.
        let last_lines = written.first_lines[2..].iter().chain([&u64::MAX]);
        let spans = written.first_lines[1..].iter().zip(last_lines);
        for (row, (first, next)) in expected.iter().zip(spans) {
            let is_read = read.iter().any(|read| read.error.is_none() && read.fields == *row);
            let is_rejected = read.iter().any(|read| {
                read.error.is_some() && (*first..*next).contains(&read.line)
            });
            prop_assert!(is_read || is_rejected, "{:?}", row);
        }
    }
}
