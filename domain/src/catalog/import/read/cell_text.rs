//! The text of a cell or of a shared text, which may be cut into runs of one format each.

use std::borrow::Cow;

use quick_xml::events::Event;

use super::package::too_complex;
use super::part::push_text;
use crate::catalog::import::file_error::FileError;

/// A cell holds up to 32,767 characters.
const MAX_TEXT_BYTES: usize = 4 * 32_767;
/// Length of `_x000D_`.
const ESCAPE_BYTES: usize = 7;

/// Collects the text of one element, event by event.
pub(super) struct CellText {
    /// `t` holds a text, `v` a value.
    element: &'static str,
    text: String,
    is_inside: bool,
    /// Inside the pronunciation, which is no part of the text.
    is_phonetic: bool,
}

impl CellText {
    pub(super) fn of_element(element: &'static str) -> Self {
        Self {
            element,
            text: String::new(),
            is_inside: false,
            is_phonetic: false,
        }
    }

    /// Starts the next text, from this element.
    pub(super) fn restart(&mut self, element: &'static str) {
        self.element = element;
        self.clear();
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        (self.is_inside, self.is_phonetic) = (false, false);
    }

    pub(super) fn read_event(&mut self, event: &Event<'_>) -> Result<(), FileError> {
        match event {
            Event::Start(element) => match element.local_name().as_ref() {
                "rPh" => self.is_phonetic = true,
                name => self.is_inside = name == self.element && !self.is_phonetic,
            },
            Event::End(element) => {
                self.is_inside = false;
                self.is_phonetic &= element.local_name().as_ref() != "rPh";
            }
            part if self.is_inside => {
                push_text(part, &mut self.text)?;
                if self.text.len() > MAX_TEXT_BYTES {
                    return Err(too_complex("cell"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the text with escapes such as `_x000D_` replaced. Each stands for a unit of UTF-16.
    pub(super) fn unescape(&self) -> Cow<'_, str> {
        if !self.text.contains("_x") {
            return Cow::Borrowed(&self.text);
        }
        let mut units = Vec::with_capacity(self.text.len());
        let mut rest = self.text.as_str();
        while let Some(character) = rest.chars().next() {
            if let Some(unit) = parse_escape(rest) {
                units.push(unit);
                rest = &rest[ESCAPE_BYTES..];
            } else {
                units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
                rest = &rest[character.len_utf8()..];
            }
        }
        Cow::Owned(String::from_utf16_lossy(&units))
    }
}

fn parse_escape(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("_x")?.get(..4)?;
    let is_escape = text.as_bytes().get(ESCAPE_BYTES - 1) == Some(&b'_')
        && digits.bytes().all(|b| b.is_ascii_hexdigit());
    is_escape.then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_stand_for_units_of_utf_16() {
        for (text, expected) in [
            ("a_x000A_b", "a\nb"),
            ("_xD83D__xDE00_", "\u{1f600}"),
            ("_xD83D_", "\u{fffd}"),
            ("_x005F_x000A_", "_x000A_"),
            ("_x00é_ _x12", "_x00é_ _x12"),
        ] {
            let mut collected = CellText::of_element("t");
            collected.text.push_str(text);
            assert_eq!(collected.unescape(), expected, "{text}");
        }
    }
}
