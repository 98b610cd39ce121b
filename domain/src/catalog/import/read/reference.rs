//! References to cells, such as `B12`.

/// Rows and columns of the largest sheet.
pub(super) const MAX_ROW: u32 = 1_048_576;
const MAX_COLUMN: u32 = 16_384;

/// Parses the number of a row, from 1.
pub(super) fn parse_row(text: &str) -> Option<u32> {
    text.parse().ok().filter(|row| (1..=MAX_ROW).contains(row))
}

/// Parses a reference; returns its row from 1 and its column from 0.
pub(super) fn parse_reference(text: &str) -> Option<(u32, u32)> {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    // The last column is XFD.
    if !(1..=3).contains(&letters) {
        return None;
    }
    let column = text[..letters].bytes().fold(0, |column, letter| {
        column * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1
    });
    (column <= MAX_COLUMN).then_some((parse_row(&text[letters..])?, column - 1))
}

/// Whether a range such as `A1:D7` lies within a sheet.
pub(super) fn is_range(text: &str) -> bool {
    let (first, last) = text.split_once(':').unwrap_or((text, text));
    parse_reference(first).is_some() && parse_reference(last).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_lies_within_the_largest_sheet() {
        for (text, expected) in [
            ("A1", Some((1, 0))),
            ("xfd1048576", Some((1_048_576, 16_383))),
            ("XFE1", None),
            ("A1048577", None),
            ("ZZZZZZZZZZ1", None),
            ("A99999999999999999999", None),
            ("A0", None),
            ("A-1", None),
            ("7", None),
            ("A", None),
            ("é1", None),
            ("", None),
        ] {
            assert_eq!(parse_reference(text), expected, "{text}");
        }
        assert!(is_range("A1:XFD1048576") && is_range("B2") && !is_range("A1:ZZZZ9"));
    }
}
