//! Text in any encoding, for tests and `fuzz/`.

use encoding_rs::{MACINTOSH, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::code_page::UpperHalf;
use crate::catalog::import::options::{Charset, CodePage, Misreading};

/// Returns the bytes of a text; `None` where the encoding lacks one of its characters.
pub(in crate::catalog::import) fn encode_text(label: &str, text: &str) -> Option<Vec<u8>> {
    match Charset::find_label(label)? {
        Charset::Standard(wide) if wide == UTF_16LE => {
            Some(text.encode_utf16().flat_map(u16::to_le_bytes).collect())
        }
        Charset::Standard(wide) if wide == UTF_16BE => {
            Some(text.encode_utf16().flat_map(u16::to_be_bytes).collect())
        }
        Charset::Standard(encoding) => {
            let (bytes, _, is_lossy) = encoding.encode(text);
            (!is_lossy).then(|| bytes.into_owned())
        }
        Charset::Page(page) => {
            let characters = UpperHalf::of_page(page);
            let byte_of = |c: char| {
                let found = characters.iter_bytes().find(|known| known.0 == c);
                u8::try_from(c)
                    .ok()
                    .filter(u8::is_ascii)
                    .or(found.map(|known| known.1))
            };
            text.chars().map(byte_of).collect()
        }
        Charset::Twice(misreading) => {
            let characters = UpperHalf::of_charset(match misreading {
                Misreading::Windows1252 => Charset::Standard(WINDOWS_1252),
                Misreading::MacRoman => Charset::Standard(MACINTOSH),
                Misreading::Cp850 => Charset::Page(CodePage::Cp850),
                Misreading::Cp437 => Charset::Page(CodePage::Cp437),
            })?;
            let misread: String = text.bytes().map(|byte| characters.char_of(byte)).collect();
            Some(misread.into_bytes())
        }
    }
}
