//! Whether a row of several lines is one row with a cell of several lines, or several rows of which
//! the first has a quote that isn't closed.

use super::split::count_blanks;

/// Columns of a table of which a line is recognised as a row.
const MIN_COLUMNS: usize = 3;
/// Cells with a number where the first line has one too, from which on the lines are rows.
const MIN_SHARED_NUMBERS: usize = 2;

/// What rows look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowForm {
    /// Fields of the header, and of the last row.
    pub(super) header: usize,
    pub(super) last: usize,
    /// Whether blanks follow the delimiters.
    pub(super) is_spaced: bool,
}

impl RowForm {
    pub(super) fn has_width(self, fields: usize) -> bool {
        fields == self.header || fields == self.last
    }

    /// Whether a row of these fields has the form of the others. Where delimiters stand without
    /// blanks, a blank behind one belongs to a text.
    pub(super) fn fits<'f>(self, fields: impl Iterator<Item = &'f [u8]>) -> bool {
        let (mut count, mut blanks) = (0, 0);
        for field in fields {
            blanks += usize::from(count > 0 && field.starts_with(b" "));
            count += 1;
        }
        self.has_width(count) && (self.is_spaced || blanks == 0)
    }

    fn least(self) -> usize {
        self.header.min(self.last)
    }
}

/// What the lines of a row are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    /// One row.
    Cell,
    /// Rows of which the first has a quote that isn't closed.
    OpenQuote,
    /// Either of the two.
    Unclear,
}

/// Judges the lines of a row. `row` ends with its line end; `fields` is the number of its fields.
pub(super) fn judge_span(row: &[u8], delimiter: u8, fields: usize, form: RowForm) -> Span {
    let delimiters = row.iter().filter(|byte| **byte == delimiter).count();
    let holds_no_delimiter = form.least() > 1 && delimiters + 1 == fields;
    if holds_no_delimiter || (form.has_width(fields) && has_breaks_of_its_own(row)) {
        return Span::Cell;
    }
    let first = LineStarts::new(row, delimiter)
        .next()
        .map_or(row.len(), |start| start.offset);
    let first_line = trim_line_end(&row[..first]);
    let is_complete = count_words(first_line, delimiter) >= form.least();
    // Where the first cell is open, the line that closes it is as wide as a row.
    let may_start_row = |start: &LineStart| start.columns > 0 || is_complete;
    let rows: Vec<Vec<&[u8]>> = LineStarts::new(row, delimiter)
        .filter(may_start_row)
        .filter_map(|start| split_row(&row[start.offset..], delimiter))
        .filter(|fields| form.fits(fields.iter().copied()))
        .collect();
    if rows.is_empty() {
        return if form.has_width(fields) {
            Span::Cell
        } else {
            Span::Unclear
        };
    }
    let first_fields: Vec<&[u8]> = split_fields(first_line, delimiter).collect();
    let before = [&first_fields].into_iter().chain(&rows);
    let pairs = before.zip(&rows);
    let shared: usize = pairs
        .map(|(line, next)| count_shared_numbers(line, next))
        .sum();
    if shared >= MIN_SHARED_NUMBERS && form.least() >= MIN_COLUMNS {
        Span::OpenQuote
    } else {
        Span::Unclear
    }
}

/// The start of a line within a quoted cell.
struct LineStart {
    offset: usize,
    /// Columns before the cell.
    columns: usize,
}

/// Finds the line starts of a row behind its first line.
struct LineStarts<'a> {
    row: &'a [u8],
    delimiter: u8,
    at: usize,
    columns: usize,
    in_quotes: bool,
}

impl<'a> LineStarts<'a> {
    fn new(row: &'a [u8], delimiter: u8) -> Self {
        Self {
            row,
            delimiter,
            at: 0,
            columns: 0,
            in_quotes: false,
        }
    }
}

impl Iterator for LineStarts<'_> {
    type Item = LineStart;

    fn next(&mut self) -> Option<LineStart> {
        while let Some(byte) = self.row.get(self.at) {
            self.at += 1;
            let is_line_end = match byte {
                b'\r' => self.row.get(self.at) != Some(&b'\n'),
                b'\n' => true,
                _ => false,
            };
            self.in_quotes ^= *byte == b'"';
            if *byte == self.delimiter && !self.in_quotes {
                self.columns += 1;
            }
            if is_line_end && self.in_quotes {
                return Some(LineStart {
                    offset: self.at,
                    columns: self.columns,
                });
            }
        }
        None
    }
}

/// Returns the fields of the row that starts at a text if a quote within a field belongs to it;
/// `None` where a quoted field isn't closed.
fn split_row(text: &[u8], delimiter: u8) -> Option<Vec<&[u8]>> {
    let (mut fields, mut start) = (Vec::new(), 0);
    loop {
        let blanks = count_blanks(&text[start..]);
        let quoted = match text.get(start + blanks) {
            Some(b'"') => blanks + 2 + find_closing_quote(&text[start + blanks + 1..])?,
            _ => 0,
        };
        let ends_field = |byte: &u8| *byte == delimiter || matches!(byte, b'\r' | b'\n');
        let rest = text.get(start + quoted..).unwrap_or_default();
        let length = rest.iter().position(ends_field).unwrap_or(rest.len());
        let end = start + quoted + length;
        fields.push(&text[start..end]);
        if text.get(end) != Some(&delimiter) {
            return Some(fields);
        }
        start = end + 1;
    }
}

/// Returns the place of the first quote that isn't doubled.
fn find_closing_quote(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text.get(at..)?.iter().position(|byte| *byte == b'"')?;
        if text.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

/// Counts the fields that don't start with a blank, as the words of a text behind a comma do.
fn count_words(line: &[u8], delimiter: u8) -> usize {
    let fields = split_fields(line, delimiter).enumerate();
    let words = fields.filter(|(index, field)| *index == 0 || !field.starts_with(b" "));
    words.count()
}

fn split_fields(line: &[u8], delimiter: u8) -> impl Iterator<Item = &[u8]> {
    line.split(move |byte| *byte == delimiter)
}

fn trim_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Whether the lines end otherwise than the row: spreadsheets break a cell's lines by a newline
/// alone where a row ends with a return and a newline.
fn has_breaks_of_its_own(row: &[u8]) -> bool {
    let inner = row.strip_suffix(b"\r\n");
    inner.is_some_and(|inner| !inner.contains(&b'\r'))
}

/// Counts the columns in which both lines have a number or a date.
fn count_shared_numbers(line: &[&[u8]], next: &[&[u8]]) -> usize {
    let is_number = |field: &[u8]| {
        let unsigned = field.strip_prefix(b"-").unwrap_or(field);
        unsigned.first().is_some_and(u8::is_ascii_digit)
    };
    let is_aligned = line.len() == next.len();
    let known = line
        .iter()
        .take_while(|field| is_aligned || field.get(count_blanks(field)) != Some(&b'"'));
    let both = |(one, other): &(&&[u8], &&[u8])| is_number(one) && is_number(other);
    known.zip(next).filter(both).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(row: &str, fields: usize, columns: usize) -> Span {
        let form = RowForm {
            header: columns,
            last: columns,
            is_spaced: false,
        };
        judge_span(row.as_bytes(), b',', fields, form)
    }

    #[test]
    fn a_cell_of_several_lines_is_one_row() {
        for (row, fields, columns) in [
            ("1,\"Huile\nd'arachide\",3\n", 3, 3),
            ("\"Huile, 1 L\nbidon\",3,1500\n", 3, 3),
            ("1,Awa,\"Sicap, villa 12\nDakar\n\nSénégal\"\n", 3, 3),
            ("1,2,\"12, rue A\n14, rue B, Thiès\",4\r\n", 4, 4),
            ("1,2,\"a,b,c\n5,6,d,7\",4\r\n", 4, 4),
            ("\"x, \"\"y\"\"\nz\",2\n", 2, 2),
            ("\"A2\n\",\"x,y\n\nz\",4\n", 3, 3),
        ] {
            assert_eq!(judge(row, fields, columns), Span::Cell, "{row:?}");
        }
    }

    #[test]
    fn rows_behind_an_open_quote_are_recognised() {
        for row in [
            "2026-10-04,A4,\"Tuyau,4,100\n2026-10-05,A5,Coude 3/4\",5,100\n",
            "2026-10-04,A4,\"Tuyau,4,100\r\n\r\n2026-10-05,A5,Coude 3/4\",5,100\r\n",
            "2026-10-04,A4,\"Tuyau, PVC,4,100\n2026-10-05,A5,b,5,1\n2026-10-05,A5,3/4\",5,100\n",
            "Date,Code,\"Nom,Nombre,Prix\n2026-10-04,A4,Tuyau,4,1\n2026-10-05,A5,3/4\",5,100\n",
            "2026-10-04,A4,\"Tuyau,4,100\rpage 2\r2026-10-05,A5,Coude 3/4\",5,100\r",
        ] {
            assert_eq!(judge(row, 5, 5), Span::OpenQuote, "{row:?}");
        }
    }

    #[test]
    fn what_may_be_either_is_unclear() {
        for (row, fields, columns) in [
            ("A4,\"Tuyau\nA5,Coude 3/4\"\n", 2, 2),
            ("A4,\"Tuyau,x\nA5,Coude 3/4\",y\n", 3, 3),
            ("\"A4\nA5 3/4\"\n", 1, 1),
            ("A4,\"Tuyau, 1\nA5, Coude\",y,z\n", 4, 3),
        ] {
            assert_eq!(judge(row, fields, columns), Span::Unclear, "{row:?}");
        }
    }
}
