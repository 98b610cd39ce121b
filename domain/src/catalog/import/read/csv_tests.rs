//! Delimited files, valid and broken, from their bytes to records.

use super::csv::CsvTable;
use super::record::Table as _;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::options::Options;

fn read_rows(bytes: &[u8], options: &Options) -> Result<Vec<(u64, Vec<String>)>, FileError> {
    let mut table = CsvTable::open(bytes, options)?;
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
        code(&[b"a,b\n\"", b"x,y\n".repeat(300_000).as_slice()].concat()),
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
    let mut table = CsvTable::open(file.as_slice(), &Options::default()).unwrap();
    let mut text = Vec::new();
    while table.advance().unwrap() {
        text.push(table.record().is_text());
    }
    assert_eq!(text, [true, true, true, false, true, true, true]);
}
