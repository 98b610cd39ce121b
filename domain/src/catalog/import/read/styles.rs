//! Which formats of a workbook show a number as a date or a time.

use std::collections::HashMap;
use std::io::{Read, Seek};

use quick_xml::events::{BytesStart, Event};

use super::book::{Book, MAX_SMALL_PART_BYTES};
use super::package::{Package, too_complex};
use super::part::{decode_attribute, read_attributes};
use crate::catalog::import::file_error::FileError;

/// Formats that a workbook of Excel may have.
const MAX_STYLES: usize = 65_490;

/// The formats of cells by their number.
#[derive(Default)]
pub(super) struct Styles {
    shows_date: Vec<bool>,
}

impl Styles {
    pub(super) fn read<S: Read + Seek>(
        package: &mut Package<S>,
        book: &Book,
    ) -> Result<Self, FileError> {
        let mut styles = Self::default();
        let Some(path) = &book.styles_path else {
            return Ok(styles);
        };
        let Some(mut part) = package.open_part(path, MAX_SMALL_PART_BYTES)? else {
            return Ok(styles);
        };
        let mut custom = HashMap::new();
        let mut is_inside = false;
        loop {
            match part.next_event()? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "cellXfs" => is_inside = true,
                    "numFmt" => custom.extend(read_number_format(&element)?),
                    "xf" if is_inside => {
                        let id = read_format_id(&element)?;
                        let known = custom.get(&id).copied();
                        let shows_date = known.unwrap_or_else(|| is_date_id(id));
                        styles.shows_date.push(shows_date);
                    }
                    _ => {}
                },
                Event::End(element) if element.local_name().as_ref() == "cellXfs" => {
                    is_inside = false;
                }
                Event::Eof => return Ok(styles),
                _ => {}
            }
            if styles.shows_date.len() > MAX_STYLES || custom.len() > MAX_STYLES {
                return Err(too_complex("formats"));
            }
        }
    }

    /// Whether a cell of this format shows its number as a date or a time.
    pub(super) fn shows_date(&self, style: usize) -> bool {
        self.shows_date.get(style).copied().unwrap_or(false)
    }
}

/// Returns the number of a format of the workbook's own, and whether it shows a date.
fn read_number_format(element: &BytesStart<'_>) -> Result<Option<(u32, bool)>, FileError> {
    let (mut id, mut code) = (None, String::new());
    read_attributes(element, |name, value| match name {
        "numFmtId" => id = value.parse().ok(),
        "formatCode" => value.clone_into(&mut code),
        _ => {}
    })?;
    let shows_date = is_date_format(&decode_attribute(&code)?);
    Ok(id.map(|id| (id, shows_date)))
}

/// Returns the number of the format that cells of a style have.
fn read_format_id(element: &BytesStart<'_>) -> Result<u32, FileError> {
    let mut id = 0;
    read_attributes(element, |name, value| {
        if name == "numFmtId" {
            id = value.parse().unwrap_or(0);
        }
    })?;
    Ok(id)
}

/// Whether a built-in format (ECMA-376, 18.8.30) shows a date or a time.
fn is_date_id(id: u32) -> bool {
    matches!(id, 14..=22 | 27..=36 | 45..=47 | 50..=58)
}

/// Whether a format has a letter of a date or a time outside quotes, escapes and brackets.
/// Brackets hold colours and currencies, or a time that may pass a day: `[h]:mm`.
fn is_date_format(code: &str) -> bool {
    let is_letter = |c: char| "dmyhsDMYHS".contains(c);
    let mut characters = code.chars();
    while let Some(character) = characters.next() {
        match character {
            // Only positive numbers are of interest, which the first section shows.
            ';' => return false,
            '\\' | '_' | '*' => drop(characters.next()),
            '"' => drop(characters.find(|c| *c == '"')),
            '[' => {
                let mut inner = characters.by_ref().take_while(|c| *c != ']').peekable();
                let has_letter = inner.peek().is_some_and(|c| "hmsHMS".contains(*c));
                let first = inner.peek().copied();
                // `[h]` and `[mm]`, but not `[Magenta]`.
                if inner.all(|c| Some(c) == first) && has_letter {
                    return true;
                }
            }
            letter if is_letter(letter) => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_shows_a_date_where_it_has_a_letter_of_dates() {
        for code in [
            "dd/mm/yyyy",
            "d-mmm",
            "[h]:mm",
            "[$-40C]d mmmm yyyy;@",
            "h:mm AM/PM",
        ] {
            assert!(is_date_format(code), "{code}");
        }
        for code in [
            "General",
            "0.00E+00",
            "#,##0.00\\ \"days\"",
            "[Magenta]0.00",
            "#,##0\\ [$F CFA-x]",
            "0;dd",
            "@",
            "_d0*m",
            "\"never closed d",
            "[",
        ] {
            assert!(!is_date_format(code), "{code}");
        }
    }
}
