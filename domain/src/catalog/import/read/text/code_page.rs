//! The characters of encodings that have one byte for each.

use crate::catalog::import::options::{Charset, CodePage};

const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
const CP850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
    └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";
const CP860: &str = "ÇüéâãàÁçêÊèÍÔìÃÂÉÀÈôõòÚùÌÕÜ¢£Ù₧ÓáíóúñÑªº¿Ò¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
/// The byte in which 858 differs from 850.
const EURO_OF_858: usize = 0xd5;

/// The first byte beyond ASCII.
const FIRST: usize = 0x80;

/// The characters of the bytes beyond ASCII.
#[derive(Debug, Clone)]
pub(super) struct UpperHalf([char; 128]);

impl UpperHalf {
    /// Returns the characters of an encoding; `None` where its characters may have several bytes.
    pub(super) fn of_charset(charset: Charset) -> Option<Self> {
        match charset {
            Charset::Standard(encoding) if encoding.is_single_byte() => {
                let bytes: Vec<u8> = (0x80..=0xff).collect();
                let (text, _) = encoding.decode_without_bom_handling(&bytes);
                Some(Self::of_text(&text))
            }
            Charset::Page(page) => Some(Self::of_page(page)),
            Charset::Standard(_) | Charset::Twice(_) => None,
        }
    }

    pub(super) fn of_page(page: CodePage) -> Self {
        match page {
            CodePage::Cp437 => Self::of_text(CP437),
            CodePage::Cp850 => Self::of_text(CP850),
            CodePage::Cp860 => Self::of_text(CP860),
            CodePage::Cp858 => {
                let mut characters = Self::of_text(CP850);
                characters.0[EURO_OF_858 - FIRST] = '€';
                characters
            }
        }
    }

    fn of_text(text: &str) -> Self {
        let mut characters = ['\u{fffd}'; 128];
        for (slot, character) in characters.iter_mut().zip(text.chars()) {
            *slot = character;
        }
        Self(characters)
    }

    #[inline]
    pub(super) fn char_of(&self, byte: u8) -> char {
        if byte.is_ascii() {
            char::from(byte)
        } else {
            self.0[usize::from(byte) - FIRST]
        }
    }

    /// Returns each character with its byte.
    pub(super) fn iter_bytes(&self) -> impl Iterator<Item = (char, u8)> {
        self.0.iter().copied().zip(0x80..=0xff)
    }

    /// Appends the text of `bytes` in UTF-8.
    pub(super) fn decode(&self, bytes: &[u8], text: &mut Vec<u8>) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let ascii = rest.iter().position(|byte| !byte.is_ascii());
            let (plain, others) = rest.split_at(ascii.unwrap_or(rest.len()));
            text.extend_from_slice(plain);
            let Some((byte, left)) = others.split_first() else {
                return;
            };
            let mut buffer = [0; 4];
            text.extend_from_slice(self.char_of(*byte).encode_utf8(&mut buffer).as_bytes());
            rest = left;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_a_character_for_each_byte() {
        for page in [
            CodePage::Cp437,
            CodePage::Cp850,
            CodePage::Cp858,
            CodePage::Cp860,
        ] {
            let characters = UpperHalf::of_page(page);
            let mut seen: Vec<char> = characters.iter_bytes().map(|(c, _)| c).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), 128, "{page:?}");
            assert!(!seen.contains(&'\u{fffd}'));
        }
    }

    #[test]
    fn the_pages_differ_where_they_should() {
        let decode = |page, bytes: &[u8]| {
            let mut text = Vec::new();
            UpperHalf::of_page(page).decode(bytes, &mut text);
            String::from_utf8(text).unwrap()
        };
        assert_eq!(
            decode(CodePage::Cp850, b"Caf\x82 \x85 5\xff\x9c"),
            "Café à 5\u{a0}£"
        );
        assert_eq!(decode(CodePage::Cp850, b"P\xb6TE \xd5"), "PÂTE ı");
        assert_eq!(decode(CodePage::Cp858, b"5 \xd5"), "5 €");
        assert_eq!(decode(CodePage::Cp437, b"5\xf8C \x9e"), "5°C ₧");
        assert_eq!(
            decode(CodePage::Cp860, b"P\x84o, feij\x84o, ma\x87\x84s"),
            "Pão, feijão, maçãs"
        );
    }
}
