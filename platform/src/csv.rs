//! CSV files that people open in a spreadsheet.
//!
//! A spreadsheet would run a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return
//! as a formula, so the writer puts an apostrophe in front of it. A cell that begins with
//! apostrophes before such a sign gets one more. [`strip_guard`] removes one apostrophe again.
//!
//! It would also make the number 19 of the digits `0019`, and round those of a long code. A file
//! that comes back holds them as `="0019"`, which a spreadsheet shows and saves as `0019`.

/// Encoded as UTF-8, it makes spreadsheets read the file as UTF-8.
const BYTE_ORDER_MARK: char = '\u{feff}';

const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

const GUARD: char = '\'';

/// The text of a CSV file, or of a part of one.
#[derive(Debug)]
pub struct CsvWriter {
    delimiter: char,
    text: String,
    keeps_digits: bool,
}

/// Digits of a number that a spreadsheet keeps.
const MAX_EXACT_DIGITS: usize = 15;

impl CsvWriter {
    /// Begins a file, with a byte order mark.
    pub fn begin_file(delimiter: char) -> Self {
        Self {
            delimiter,
            text: BYTE_ORDER_MARK.into(),
            keeps_digits: false,
        }
    }

    /// Continues a file that is written in parts.
    pub fn continue_file(delimiter: char) -> Self {
        Self {
            delimiter,
            text: String::new(),
            keeps_digits: false,
        }
    }

    /// Writes the further cells so that a spreadsheet keeps the digits of codes.
    pub fn keep_digits(mut self) -> Self {
        self.keeps_digits = true;
        self
    }

    pub fn write_row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        for (index, cell) in cells.into_iter().enumerate() {
            if index > 0 {
                self.text.push(self.delimiter);
            }
            self.write_cell(cell);
        }
        self.text.push_str("\r\n");
    }

    pub fn into_text(self) -> String {
        self.text
    }

    fn write_cell(&mut self, cell: &str) {
        if self.keeps_digits && loses_digits(cell) {
            self.text.push_str(&format!("\"=\"\"{cell}\"\"\""));
            return;
        }
        let must_quote = cell.contains([self.delimiter, '"', '\n', '\r']);
        if must_quote {
            self.text.push('"');
        }
        if needs_guard(cell) {
            self.text.push(GUARD);
        }
        if must_quote {
            self.text.push_str(&cell.replace('"', "\"\""));
            self.text.push('"');
        } else {
            self.text.push_str(cell);
        }
    }
}

/// Returns the cell as it was before [`CsvWriter`] guarded it.
#[inline]
pub fn strip_guard(cell: &str) -> &str {
    match cell.strip_prefix(GUARD) {
        Some(guarded) if needs_guard(guarded) => guarded,
        _ => cell,
    }
}

/// Returns the digits of a cell of [`CsvWriter::keep_digits`]; any other cell as it is.
pub fn strip_digits(cell: &str) -> &str {
    let digits = cell
        .strip_prefix("=\"")
        .and_then(|cell| cell.strip_suffix('"'));
    digits.filter(|digits| loses_digits(digits)).unwrap_or(cell)
}

/// Whether a spreadsheet changes the digits of a cell.
fn loses_digits(cell: &str) -> bool {
    let is_long = cell.len() > MAX_EXACT_DIGITS || (cell.len() > 1 && cell.starts_with('0'));
    is_long && cell.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a cell is a formula, or would lose an apostrophe of the author to [`strip_guard`].
fn needs_guard(cell: &str) -> bool {
    cell.trim_start_matches(GUARD).starts_with(FORMULA_STARTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(rows: &[&[&str]]) -> String {
        let mut csv = CsvWriter::continue_file(';');
        for row in rows {
            csv.write_row(row.iter().copied());
        }
        csv.into_text()
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(
            write(&[&["a", "b;c", "d\"e"], &["", "f\ng", "h,i"]]),
            "a;\"b;c\";\"d\"\"e\"\r\n;\"f\ng\";h,i\r\n"
        );
    }

    #[test]
    fn the_digits_of_codes_are_kept_where_they_come_back() {
        let mut csv = CsvWriter::continue_file(',').keep_digits();
        csv.write_row([
            "0019",
            "6191234500013000",
            "00",
            "19",
            "0",
            "0,5",
            "0.5",
            "A01",
        ]);
        let kept = "\"=\"\"0019\"\"\",\"=\"\"6191234500013000\"\"\",\"=\"\"00\"\"\"";
        assert_eq!(csv.into_text(), format!("{kept},19,0,\"0,5\",0.5,A01\r\n"));
        for (cell, digits) in [
            ("=\"0019\"", "0019"),
            ("=\"19\"", "=\"19\""),
            ("0019", "0019"),
        ] {
            assert_eq!(strip_digits(cell), digits);
        }
        assert_eq!(write(&[&["0019"]]), "0019\r\n");
    }

    #[test]
    fn a_file_begins_with_a_byte_order_mark_and_its_parts_do_not() {
        let mut file = CsvWriter::begin_file(',');
        file.write_row(["a"]);
        assert_eq!(file.into_text().as_bytes(), b"\xef\xbb\xbfa\r\n");
        assert_eq!(write(&[&["a"]]), "a\r\n");
    }

    #[test]
    fn no_cell_begins_a_formula_and_each_is_read_back() {
        for cell in [
            "=1+1", "+1", "-3", "@a", "\ta", "\ra", "'=a", "'a", "a=", "''-1", "",
        ] {
            let row = write(&[&[cell]]);
            let written = row.trim_end_matches("\r\n").trim_matches('"');
            assert!(
                !written.starts_with(FORMULA_STARTS),
                "{cell:?}: {written:?}"
            );
            assert_eq!(strip_guard(written), cell, "{written:?}");
        }
    }
}
