//! UTF-8 that was encoded twice: a program took its bytes for characters of another encoding and
//! saved these as UTF-8, so that `é` became `Ã©`.

use encoding_rs::{MACINTOSH, WINDOWS_1252};

use super::code_page::UpperHalf;
use crate::catalog::import::options::{Charset, CodePage, Misreading};

/// The longest sequence of a character in UTF-8.
const MAX_SEQUENCE: usize = 4;

/// Undoes the second encoding.
#[derive(Debug, Clone)]
pub(super) struct Repair {
    /// Sorted by character.
    bytes: Vec<(char, u8)>,
}

impl Repair {
    pub(super) fn new(misreading: Misreading) -> Self {
        let read_as = match misreading {
            Misreading::Windows1252 => Charset::Standard(WINDOWS_1252),
            Misreading::MacRoman => Charset::Standard(MACINTOSH),
            Misreading::Cp850 => Charset::Page(CodePage::Cp850),
            Misreading::Cp437 => Charset::Page(CodePage::Cp437),
        };
        let characters = UpperHalf::of_charset(read_as);
        let mut bytes: Vec<_> = characters.iter().flat_map(UpperHalf::iter_bytes).collect();
        if misreading == Misreading::Windows1252 {
            // Latin-1 has control characters where Windows-1252 has signs.
            bytes.extend((0x80..0xa0_u8).map(|byte| (char::from(byte), byte)));
        }
        bytes.sort_unstable();
        bytes.dedup();
        Self { bytes }
    }

    /// Returns the character that the start of `text` was, with the length of that start; `None`
    /// where the start isn't a sequence of UTF-8 in the other encoding.
    pub(super) fn find_character(&self, text: &str) -> Option<(char, usize)> {
        let mut sequence = [0; MAX_SEQUENCE];
        let (mut filled, mut wanted, mut length) = (0, 1, 0);
        for character in text.chars() {
            sequence[filled] = self.byte_of(character)?;
            if filled == 0 {
                wanted = sequence_length(sequence[0])?;
            }
            filled += 1;
            length += character.len_utf8();
            if filled == wanted {
                let character = std::str::from_utf8(&sequence[..filled])
                    .ok()?
                    .chars()
                    .next()?;
                return Some((character, length));
            }
        }
        None
    }

    /// Appends `text` with every sequence as the character that it was. Other characters stay.
    pub(super) fn repair_text(&self, text: &str, repaired: &mut Vec<u8>) {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let (character, length) = if first.is_ascii() {
                (first, 1)
            } else {
                self.find_character(rest)
                    .unwrap_or((first, first.len_utf8()))
            };
            let mut buffer = [0; 4];
            repaired.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
            rest = &rest[length..];
        }
    }

    fn byte_of(&self, character: char) -> Option<u8> {
        let found = self.bytes.binary_search_by_key(&character, |known| known.0);
        found.ok().map(|index| self.bytes[index].1)
    }
}

/// Returns the number of bytes of a character that starts with `lead`.
fn sequence_length(lead: u8) -> Option<usize> {
    match lead {
        0xc2..=0xdf => Some(2),
        0xe0..=0xef => Some(3),
        0xf0..=0xf4 => Some(4),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encoded_twice_is_repaired_and_the_rest_stays() {
        for (misreading, text, expected) in [
            (
                Misreading::Windows1252,
                "CafÃ© Ã\u{a0} 5Â\u{a0}â‚¬",
                "Café à 5\u{a0}€",
            ),
            (
                Misreading::Windows1252,
                "Ã‰pice, Ã\u{89}pice, Épice",
                "Épice, Épice, Épice",
            ),
            (
                Misreading::Windows1252,
                "Lâ€™eau, SÃO, â€",
                "L’eau, SÃO, â€",
            ),
            (Misreading::MacRoman, "Caf√© √† 5¬†‚Ç¨", "Café à 5\u{a0}€"),
            (Misreading::Cp850, "Caf├® ├á 5┬á", "Café à 5\u{a0}"),
            (Misreading::Cp437, "Caf├⌐ bio", "Café bio"),
        ] {
            let mut repaired = Vec::new();
            Repair::new(misreading).repair_text(text, &mut repaired);
            assert_eq!(String::from_utf8(repaired).unwrap(), expected, "{text}");
        }
    }
}
