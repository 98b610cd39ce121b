//! Delimited files, valid and broken, from their bytes to records.

use std::io::Cursor;

use super::csv::CsvTable;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::options::{Charset, Options};
use crate::catalog::import::read::record::Table as _;

fn open_table<'b>(
    bytes: &'b [u8],
    options: &Options,
) -> Result<CsvTable<Cursor<&'b [u8]>>, FileError> {
    let named = options
        .encoding
        .as_deref()
        .map(|l| Charset::find_label(l).unwrap());
    CsvTable::open(Cursor::new(bytes), options, named)
}

fn read_rows(bytes: &[u8], options: &Options) -> Result<Vec<(u64, Vec<String>)>, FileError> {
    let mut table = open_table(bytes, options)?;
    let mut rows = Vec::new();
    while table.advance()? {
        rows.push((
            table.record().line,
            table.record().display_fields(usize::MAX),
        ));
    }
    Ok(rows)
}

fn read_fields(bytes: &[u8]) -> Vec<Vec<String>> {
    read_rows(bytes, &Options::default())
        .unwrap()
        .into_iter()
        .map(|r| r.1)
        .collect()
}

#[test]
fn the_same_table_is_read_from_every_encoding() {
    let text = "sku;nom\r\nA1;Café crème à 5\u{a0}€\r\n";
    let mut utf16le = b"\xff\xfe".to_vec();
    let mut utf16be = b"\xfe\xff".to_vec();
    for unit in text.encode_utf16() {
        utf16le.extend(unit.to_le_bytes());
        utf16be.extend(unit.to_be_bytes());
    }
    let western = encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
    let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    let unmarked = utf16le[2..].to_vec();
    for bytes in [
        text.as_bytes().to_vec(),
        marked,
        western,
        utf16le,
        utf16be,
        unmarked,
    ] {
        assert_eq!(
            read_fields(&bytes),
            [["sku", "nom"], ["A1", "Café crème à 5\u{a0}€"]]
        );
    }
}

#[test]
fn an_accent_after_the_first_block_is_still_decoded_correctly() {
    for western in [false, true] {
        let mut file = b"sku,name\n".to_vec();
        for _ in 0..40_000 {
            file.extend(b"A1,plain name\n");
        }
        let last = "A2,Fran\u{e7}ois\n";
        file.extend(
            if western {
                encoding_rs::WINDOWS_1252.encode(last).0
            } else {
                last.as_bytes().into()
            }
            .iter(),
        );
        assert_eq!(read_fields(&file).last().unwrap(), &["A2", "Fran\u{e7}ois"]);
    }
}

#[test]
fn a_row_has_the_line_on_which_it_starts() {
    let lines = |bytes: &[u8]| {
        read_rows(bytes, &Options::default())
            .unwrap()
            .iter()
            .map(|r| r.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(b"a,b\n1,2\n\n\n3,4\n"), [1, 2, 5]);
    assert_eq!(lines(b"a,b\r\n1,2\r\n\r\n3,4"), [1, 2, 4]);
    assert_eq!(lines(b"a,b\n\"x\ny\",2\n3,4\n"), [1, 2, 4]);
    assert_eq!(lines(b"a,b\r\n\"x\r\ny\",2\r\n3,4\r\n"), [1, 2, 4]);
    assert_eq!(lines(b"\n\na,b\n1,2\n"), [3, 4]);
    assert_eq!(lines(b"sep=;\na;b\n1;2\n"), [2, 3]);
    assert_eq!(lines(b"a,b\r1,2\r\r3,4\r"), [1, 2, 4]);
    assert_eq!(lines(b"a,b\n,\n  ,\n1,2\n"), [1, 4]);
}

#[test]
fn quotes_hold_delimiters_newlines_and_quotes() {
    assert_eq!(
        read_fields(b"a,b\n\"x, \"\"y\"\"\nz\",2\n")[1],
        ["x, \"y\"\nz", "2"]
    );
}

#[test]
fn a_file_that_is_no_table_is_rejected_with_its_reason() {
    let code = |bytes: &[u8]| read_rows(bytes, &Options::default()).unwrap_err().code;
    assert_eq!(code(b""), "empty_file");
    assert_eq!(code(b"%PDF-1.7 and more"), "not_a_table");
    assert_eq!(
        code(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0"),
        "not_a_table"
    );
    assert_eq!(code(b"\xff\xfe\0\0a\0\0\0"), "unknown_encoding");
    assert_eq!(code(&b"a,".repeat(1_000_000)), "too_many_columns");
    assert_eq!(
        code(&[b"a,b\n", b"x,y".repeat(400_000).as_slice(), b"\n"].concat()),
        "too_many_columns"
    );
    assert_eq!(
        code(&[b"a,b\nx,", b"y".repeat(1_200_000).as_slice(), b"\n1,2\n"].concat()),
        "row_too_long"
    );
}

#[test]
fn options_override_the_detection() {
    let options = Options {
        delimiter: Some(','),
        encoding: Some("latin1".into()),
        ..Options::default()
    };
    assert_eq!(
        read_rows("a;b\n\u{e9};2\n".as_bytes(), &options).unwrap()[1].1,
        ["Ã©;2"]
    );
}

#[test]
fn a_torn_character_invalidates_only_its_own_row() {
    let file = "a,b\né,1\nè,2\nç,3\nà,4\nù,5\nê,6\n"
        .replace('ç', "\u{1}")
        .into_bytes();
    let file: Vec<u8> = file
        .into_iter()
        .map(|b| if b == 1 { 0xe7 } else { b })
        .collect();
    let mut table = open_table(&file, &Options::default()).unwrap();
    let mut text = Vec::new();
    while table.advance().unwrap() {
        text.push(table.record().is_text());
    }
    assert_eq!(text, [true, true, true, false, true, true, true]);
}

/// Returns the first field of each row behind the header, with whether the row has a fault.
fn read_faults(text: &str) -> Vec<(u64, String, bool)> {
    let mut table = open_table(text.as_bytes(), &Options::default()).unwrap();
    assert!(table.advance().unwrap(), "{text}");
    table.accept_header();
    let mut rows = Vec::new();
    while table.advance().unwrap() {
        let record = table.record();
        rows.push((
            record.line,
            record.display_field(0),
            record.fault().is_some(),
        ));
    }
    rows
}

/// Returns the lines of the rejected rows, and the number of the others.
fn count_rows(text: &str) -> (Vec<u64>, usize) {
    let rows = read_faults(text);
    let rejected = rows.iter().filter(|row| row.2).map(|row| row.0);
    (rejected.collect(), rows.iter().filter(|row| !row.2).count())
}

const ROWS: &str = "2026-10-05;ART-05;Article 5;5;100\n2026-10-06;ART-06;Article 6;6;100\n";

#[test]
fn an_open_quote_rejects_its_own_line_alone() {
    let header = "Date;Code;Désignation;Quantité;Prix\n";
    let open = "2026-10-04;ART-04;\"Tuyau 1/2;4;100\n";
    let inch = "2026-10-09;ART-09;Raccord 3/4\";9;100\n";
    for (text, rejected, read) in [
        // Closed by a mark of inches, right below or further below.
        (
            format!("{header}{ROWS}{open}{ROWS}{inch}{ROWS}"),
            vec![4],
            7,
        ),
        (format!("{header}{open}{inch}{ROWS}"), vec![2], 3),
        (
            format!("{header}{open}\n{ROWS}TOTAL;;;11\n{inch}"),
            vec![2],
            4,
        ),
        // Closed by the next quoted cell, or never.
        (
            format!("{header}{open}{ROWS}2026-10-09;A9;\"Huile; 1 L\";9;100\n"),
            vec![2],
            3,
        ),
        (format!("{header}{open}{ROWS}{ROWS}"), vec![2], 4),
        (format!("{header}{ROWS}{open}"), vec![4], 2),
        (
            format!("{header}{ROWS}2026-10-04;ART-04;Tuyau;4;\"100"),
            vec![4],
            2,
        ),
        // Twice.
        (
            format!("{header}{open}{ROWS}{open}{ROWS}{inch}"),
            vec![2, 5],
            5,
        ),
        // In the header, whose titles are still read.
        (
            format!("Date;Code;\"Désignation;Quantité;Prix\n{ROWS}{inch}"),
            vec![],
            3,
        ),
        // Within one line.
        (
            format!("{header}\"2026-10-04\";\"ART-04\";\"Tuyau;\"4\";\"100\"\n{ROWS}"),
            vec![2],
            2,
        ),
    ] {
        for text in [
            text.clone(),
            text.replace('\n', "\r\n"),
            text.replace('\n', "\r"),
        ] {
            assert_eq!(count_rows(&text), (rejected.clone(), read), "{text:?}");
        }
    }
}

#[test]
fn lines_that_may_belong_to_a_cell_are_rejected_with_it() {
    for (text, rejected, read) in [
        (
            "Code;Nom\nA1;\"Tuyau\nA2;Coude 3/4\"\nA3;Vis\n",
            vec![2, 3],
            1,
        ),
        ("Code\nA1\n\"A2\nA3 3/4\"\nA4\n", vec![3, 4], 2),
        // Lines that aren't as wide as a row belong to a quote that never closes.
        (
            "Code;Nom;Prix\nA1;\"Tuyau\nde\n1/2;3\nA2;Vis;4\nA3;Clou;5\n",
            vec![2, 3, 4],
            2,
        ),
    ] {
        assert_eq!(count_rows(text), (rejected, read), "{text:?}");
    }
}

#[test]
fn rows_wider_than_their_header_are_read_behind_an_open_quote() {
    let rows = "A2;Vis;3;\nA3;Clou;4;\nA4;Écrou;5;\n";
    let text = format!("Code;Nom;Prix\nA1;\"Tuyau 1/2;2;\n{rows}");
    assert_eq!(count_rows(&text), (vec![2], 3));
    let text = format!("\"Liste\" de mars\nCode;Nom;Prix\n{rows}");
    assert_eq!(
        read_rows(text.as_bytes(), &Options::default())
            .unwrap()
            .len(),
        5
    );
}

#[test]
fn a_quote_that_never_closes_rejects_its_line_in_a_large_file() {
    let text = format!("a,b\n\"x,y\n{}", "x,y\n".repeat(600_000));
    assert_eq!(count_rows(&text), (vec![2], 600_000));
}

#[test]
fn cells_of_several_lines_are_read_whatever_is_in_them() {
    let text = "Code;Nom;Prix\nA1;\"Huile\nd'arachide; 1 L\";3\n\"A2\n\";\"x;y\n\nz\";4\n\
        A3;5;\"Sucre\n\"\"roux\"\" ; 1 kg\"\nA4;Raccord 3/4\";6\n";
    for text in [
        text.to_owned(),
        text.replace('\n', "\r\n"),
        text.replace('\n', "\r"),
    ] {
        let (rejected, read) = count_rows(&text);
        assert_eq!((rejected, read), (vec![], 4), "{text:?}");
    }
    let fields = read_fields("Code;Nom;Prix\nA1;\"Huile\nd'arachide; 1 L\" ;3\n".as_bytes());
    assert_eq!(fields[1], ["A1", "Huile\nd'arachide; 1 L", "3"]);
}

#[test]
fn a_line_that_names_the_delimiter_is_no_row() {
    for hint in [
        "sep=;",
        "SEP=;",
        "\"sep=;\"",
        "sep=;;;",
        "\u{feff}sep=;",
        " \"Sep=;\" ",
    ] {
        for line_end in ["\n", "\r\n", "\r"] {
            let text = format!("{hint}{line_end}a;b,c{line_end}1;2,5{line_end}");
            let rows = read_rows(text.as_bytes(), &Options::default()).unwrap();
            assert_eq!(rows[1], (3, vec!["1".into(), "2,5".into()]), "{text:?}");
        }
    }
    let rows = read_fields(b"sep=;\na,b\n1,2\n");
    assert_eq!(rows[1], ["1", "2"]);
    let options = Options {
        delimiter: Some('|'),
        ..Options::default()
    };
    let rows = read_rows(b"sep=;\na|b;c\n1|2;3\n", &options).unwrap();
    assert_eq!(rows[1].1, ["1", "2;3"]);
}
