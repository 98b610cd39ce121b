//! A delimited file as records: constant memory, refusing at once what no table has.

use std::io::Read;

use csv_core::{ReadRecordResult, Reader};

use crate::catalog::import::file_error::Refusal;
use crate::catalog::import::options::Options;
use crate::catalog::import::read::delimiter;
use crate::catalog::import::read::encoding::Decoded;
use crate::catalog::import::read::record::{MAX_COLUMNS, MAX_ROW_BYTES, Record, Records, Shape};

/// Reads a CSV file.
pub(in crate::catalog::import) struct CsvTable<R> {
    input: Decoded<R>,
    reader: Reader,
    delimiter: u8,
    text: Vec<u8>,
    text_len: usize,
    ends: Vec<usize>,
    ends_len: usize,
    line: u64,
    blank_lines: u64,
    /// The last byte taken was a carriage return; alone it ends a line as well.
    after_return: bool,
}

impl<R: Read> CsvTable<R> {
    /// Opens the file, by the options where they say and else by its first block.
    pub(in crate::catalog::import) fn open(source: R, options: &Options) -> Result<Self, Refusal> {
        let mut input = Decoded::new(source, options.encoding.as_deref())?;
        input.fill()?;
        let found = delimiter::sniff(input.buffer());
        let delimiter = options
            .delimiter
            .and_then(|d| u8::try_from(d).ok())
            .unwrap_or(found.delimiter);
        input.consume(found.skip);
        Ok(Self {
            input,
            reader: delimiter::reader(delimiter),
            delimiter,
            text: vec![0; MAX_ROW_BYTES],
            text_len: 0,
            ends: vec![0; MAX_COLUMNS + 1],
            ends_len: 0,
            line: 0,
            blank_lines: u64::from(found.skip > 0),
            after_return: false,
        })
    }

    /// Steps over the ends of lines before a row, so that the row's own line is known.
    fn skip_blank_lines(&mut self) -> Result<(), Refusal> {
        loop {
            self.input.fill()?;
            let first = self.input.buffer().first().copied();
            self.blank_lines +=
                u64::from(first == Some(b'\n') || (self.after_return && first.is_some()));
            self.after_return = first == Some(b'\r');
            if !matches!(first, Some(b'\n' | b'\r')) {
                return Ok(());
            }
            self.input.consume(1);
        }
    }

    /// Goes to the next row that isn't empty altogether.
    fn next_row(&mut self) -> Result<bool, Refusal> {
        self.skip_blank_lines()?;
        self.line = self.blank_lines + self.reader.line();
        (self.text_len, self.ends_len) = (0, 0);
        loop {
            let (result, read, written, ended) = self.reader.read_record(
                self.input.buffer(),
                &mut self.text[self.text_len..],
                &mut self.ends[self.ends_len..],
            );
            self.after_return = read > 0 && self.input.buffer()[read - 1] == b'\r';
            self.input.consume(read);
            self.text_len += written;
            self.ends_len += ended;
            match result {
                ReadRecordResult::Record => return self.end_row(),
                ReadRecordResult::End => return Ok(false),
                ReadRecordResult::InputEmpty => self.input.fill()?,
                ReadRecordResult::OutputEndsFull => return Err(too_many_columns(self.line)),
                ReadRecordResult::OutputFull => {
                    let line = self.line;
                    return Err(Refusal::new(
                        "row_too_long",
                        format!(
                            "the row at line {line} is longer than 1 MiB; is a quote left open?"
                        ),
                    ));
                }
            }
        }
    }

    fn end_row(&mut self) -> Result<bool, Refusal> {
        if self.ends_len > MAX_COLUMNS {
            return Err(too_many_columns(self.line));
        }
        Ok(true)
    }
}

impl<R: Read> Records for CsvTable<R> {
    fn advance(&mut self) -> Result<bool, Refusal> {
        while self.next_row()? {
            // Spreadsheets write their empty rows as delimiters alone.
            if !self.text[..self.text_len].trim_ascii_start().is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn record(&self) -> Record<'_> {
        Record::new(
            self.line,
            &self.text[..self.text_len],
            &self.ends[..self.ends_len],
        )
    }

    fn position(&self) -> u64 {
        self.input.position()
    }

    fn shape(&self) -> Shape {
        Shape {
            format: "csv",
            encoding: Some(self.input.encoding().name()),
            delimiter: Some(char::from(self.delimiter)),
        }
    }
}

fn too_many_columns(line: u64) -> Refusal {
    Refusal::new(
        "too_many_columns",
        format!("line {line} has more than {MAX_COLUMNS} columns"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(bytes: &[u8], options: &Options) -> Result<Vec<(u64, Vec<String>)>, Refusal> {
        let mut table = CsvTable::open(bytes, options)?;
        let mut rows = Vec::new();
        while table.advance()? {
            rows.push((table.record().line, table.record().shown_within(usize::MAX)));
        }
        Ok(rows)
    }

    fn texts(bytes: &[u8]) -> Vec<Vec<String>> {
        rows(bytes, &Options::default())
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
                texts(&bytes),
                [["sku", "nom"], ["A1", "Café crème à 5\u{a0}€"]]
            );
        }
    }

    #[test]
    fn an_accent_after_the_first_block_is_still_read_rightly() {
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
            assert_eq!(texts(&file).last().unwrap(), &["A2", "Fran\u{e7}ois"]);
        }
    }

    #[test]
    fn rows_know_the_line_they_start_at() {
        let lines = |bytes: &[u8]| {
            rows(bytes, &Options::default())
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
            texts(b"a,b\n\"x, \"\"y\"\"\nz\",2\n")[1],
            ["x, \"y\"\nz", "2"]
        );
    }

    #[test]
    fn what_is_no_table_is_refused_with_its_reason() {
        let code = |bytes: &[u8]| rows(bytes, &Options::default()).unwrap_err().code;
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
    fn the_options_win_over_what_is_detected() {
        let options = Options {
            delimiter: Some(','),
            encoding: Some("latin1".into()),
            ..Options::default()
        };
        assert_eq!(
            rows("a;b\n\u{e9};2\n".as_bytes(), &options).unwrap()[1].1,
            ["Ã©;2"]
        );
    }

    #[test]
    fn a_torn_character_spoils_its_own_row_only() {
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
}
