//! Whether a row of several lines is one row with a cell of several lines, or several rows of which
//! the first has a quote that isn't closed.

/// Columns of a table of which a line is recognised as a row.
const MIN_COLUMNS: usize = 3;
/// Cells with a number where the first line has one too, from which on the lines are rows.
const MIN_SHARED_NUMBERS: usize = 2;

/// The numbers of fields that rows have: the header's, and those of the last row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Widths {
    pub(super) header: usize,
    pub(super) last: usize,
}

impl Widths {
    pub(super) fn fit(self, fields: usize) -> bool {
        fields == self.header || fields == self.last
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
pub(super) fn judge_span(row: &[u8], delimiter: u8, fields: usize, widths: Widths) -> Span {
    let delimiters = row.iter().filter(|byte| **byte == delimiter).count();
    if (widths.least() > 1 && delimiters + 1 == fields) || has_breaks_of_its_own(row) {
        return Span::Cell;
    }
    let lines: Vec<Vec<&[u8]>> = split_lines(row)
        .map(|line| line.split(|byte| *byte == delimiter).collect())
        .collect();
    let Some(([first, between @ ..], last)) = lines.split_last().map(|(last, rest)| (rest, last))
    else {
        return Span::Cell;
    };
    let last = Some(last).filter(|_| is_complete(first, widths));
    let rows: Vec<&[&[u8]]> = between
        .iter()
        .chain(last)
        .map(Vec::as_slice)
        .filter(|line| widths.fit(line.len()) && looks_like_row(line))
        .collect();
    if rows.is_empty() {
        return if widths.fit(fields) {
            Span::Cell
        } else {
            Span::Unclear
        };
    }
    let lines = [first.as_slice()].into_iter().chain(rows.iter().copied());
    let shared: usize = lines
        .zip(&rows)
        .map(|(one, next)| shared_numbers(one, next))
        .sum();
    if shared >= MIN_SHARED_NUMBERS && widths.least() >= MIN_COLUMNS {
        Span::OpenQuote
    } else {
        Span::Unclear
    }
}

/// Whether the first line may be a whole row. Otherwise the last line holds the rest of it, and may
/// be as wide as a row for that.
fn is_complete(first: &[&[u8]], widths: Widths) -> bool {
    let is_text = |field: &&&[u8]| field.starts_with(b" ");
    let texts = first.iter().skip(1).filter(is_text).count();
    first.len() - texts >= widths.least()
}

/// Whether no field starts with a blank, as the words of a text behind a comma do, or with a quote,
/// which would have closed the one that is open.
fn looks_like_row(line: &[&[u8]]) -> bool {
    let is_text = |field: &&[u8]| field.starts_with(b" ");
    let is_quoted = |field: &&[u8]| field.starts_with(b"\"") && *field != b"\"\"";
    !line.iter().skip(1).any(is_text) && !line.iter().any(is_quoted)
}

/// Whether the lines end otherwise than the row: spreadsheets break a cell's lines by a newline
/// alone where a row ends with a return and a newline.
fn has_breaks_of_its_own(row: &[u8]) -> bool {
    let inner = row.strip_suffix(b"\r\n");
    inner.is_some_and(|inner| !inner.contains(&b'\r'))
}

fn split_lines(row: &[u8]) -> impl Iterator<Item = &[u8]> {
    let text = row.strip_suffix(b"\n").unwrap_or(row);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let lines = text.split(|byte| *byte == b'\n');
    lines.flat_map(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        line.split(|byte| *byte == b'\r')
    })
}

/// Counts the columns in which both lines have a number or a date.
fn shared_numbers(first: &[&[u8]], line: &[&[u8]]) -> usize {
    let is_number = |field: &&[u8]| {
        let unsigned = field.strip_prefix(b"-").unwrap_or(field);
        unsigned.first().is_some_and(u8::is_ascii_digit)
    };
    let is_aligned = first.len() == line.len();
    let known = first
        .iter()
        .take_while(|field| is_aligned || !field.starts_with(b"\""));
    let pairs = known.zip(line);
    pairs
        .filter(|(one, other)| is_number(one) && is_number(other))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(row: &str, fields: usize, columns: usize) -> Span {
        let widths = Widths {
            header: columns,
            last: columns,
        };
        judge_span(row.as_bytes(), b',', fields, widths)
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
            ("\"A2\n\",\"x,y\n\n,z\",4\n", 3, 3),
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
