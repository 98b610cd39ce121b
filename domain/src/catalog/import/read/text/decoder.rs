//! Bytes of any encoding to UTF-8, block by block.

use encoding_rs::{DecoderResult, UTF_8};

use super::code_page::UpperHalf;
use super::twice::Repair;
use crate::catalog::import::options::Charset;

/// Stands for bytes that aren't valid in the file's encoding. UTF-8 has no such byte, so that the
/// row is no text and is rejected.
const INVALID: u8 = 0xff;
/// Bytes beyond ASCII that wait for the next block, in which their character may end.
const MAX_CARRIED_BYTES: usize = 1024;

/// What makes UTF-8 of a file's bytes.
pub(super) enum Decoder {
    Standard(Box<encoding_rs::Decoder>),
    Page(Box<UpperHalf>),
    Twice { repair: Repair, carried: Vec<u8> },
}

impl Decoder {
    /// Returns `None` for UTF-8, which needs no decoding.
    pub(super) fn new(charset: Charset) -> Option<Self> {
        match charset {
            Charset::Standard(encoding) if encoding == UTF_8 => None,
            Charset::Standard(encoding) => Some(Self::Standard(Box::new(
                encoding.new_decoder_with_bom_removal(),
            ))),
            Charset::Page(page) => Some(Self::Page(Box::new(UpperHalf::of_page(page)))),
            Charset::Twice(misreading) => Some(Self::Twice {
                repair: Repair::new(misreading),
                carried: Vec::new(),
            }),
        }
    }

    /// Appends the text of `bytes` to `text`.
    pub(super) fn decode(&mut self, bytes: &[u8], is_last: bool, text: &mut Vec<u8>) {
        match self {
            Self::Standard(decoder) => decode_standard(decoder, bytes, is_last, text),
            Self::Page(characters) => characters.decode(bytes, text),
            Self::Twice { repair, carried } => {
                carried.extend_from_slice(bytes);
                let end = if is_last {
                    carried.len()
                } else {
                    find_ascii_end(carried)
                };
                repair_bytes(repair, &carried[..end], text);
                carried.drain(..end);
            }
        }
    }
}

/// Returns the text of a few bytes, whatever they are.
pub(super) fn decode_text(charset: Charset, bytes: &[u8]) -> String {
    let mut text = Vec::new();
    match Decoder::new(charset) {
        None => text.extend_from_slice(bytes),
        Some(mut decoder) => decoder.decode(bytes, true, &mut text),
    }
    String::from_utf8_lossy(&text).into_owned()
}

fn decode_standard(
    decoder: &mut encoding_rs::Decoder,
    bytes: &[u8],
    is_last: bool,
    text: &mut Vec<u8>,
) {
    let mut rest = bytes;
    loop {
        let start = text.len();
        // What encodings of several bytes hold back is no more than a character.
        let room = decoder
            .max_utf8_buffer_length_without_replacement(rest.len())
            .unwrap_or(rest.len() * 3)
            .max(4);
        text.resize(start + room, 0);
        let (result, read, written) =
            decoder.decode_to_utf8_without_replacement(rest, &mut text[start..], is_last);
        text.truncate(start + written);
        rest = &rest[read..];
        match result {
            DecoderResult::InputEmpty => return,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => text.push(INVALID),
        }
    }
}

/// Returns the end of the last ASCII byte, behind which a character may be incomplete.
fn find_ascii_end(bytes: &[u8]) -> usize {
    let carried = bytes.iter().rev().take_while(|byte| !byte.is_ascii());
    match carried.take(MAX_CARRIED_BYTES).count() {
        MAX_CARRIED_BYTES => bytes.len(),
        count => bytes.len() - count,
    }
}

/// Appends the repaired text; bytes that aren't UTF-8 stay.
fn repair_bytes(repair: &Repair, bytes: &[u8], text: &mut Vec<u8>) {
    for chunk in bytes.utf8_chunks() {
        repair.repair_text(chunk.valid(), text);
        text.extend_from_slice(chunk.invalid());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode_in_blocks(label: &str, bytes: &[u8], block: usize) -> Vec<u8> {
        let mut decoder = Decoder::new(Charset::find_label(label).unwrap()).unwrap();
        let mut text = Vec::new();
        for chunk in bytes.chunks(block) {
            decoder.decode(chunk, false, &mut text);
        }
        decoder.decode(b"", true, &mut text);
        text
    }

    #[test]
    fn a_text_may_be_cut_anywhere_between_two_blocks() {
        let twice = "CrÃ¨me brÃ»lÃ©e Ã\u{a0} 5 â‚¬; Ã‰pice".as_bytes();
        let wide: Vec<u8> = "Crème 5 €"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        for block in 1..12 {
            let text = decode_in_blocks("utf-8-twice", twice, block);
            assert_eq!(text, "Crème brûlée à 5 €; Épice".as_bytes(), "{block}");
            assert_eq!(
                decode_in_blocks("utf-16le", &wide, block),
                "Crème 5 €".as_bytes()
            );
            assert_eq!(
                decode_in_blocks("cp850", b"Cr\x8ame", block),
                "Crème".as_bytes()
            );
        }
    }

    #[test]
    fn bytes_that_an_encoding_does_not_have_make_no_text() {
        let text = decode_in_blocks("shift_jis", b"a\n\x81\n\x82\xa0b", 2);
        assert_eq!(text, b"a\n\xff\n\xe3\x81\x82b");
        let lone_surrogate = [0x61, 0x00, 0x00, 0xd8, 0x62, 0x00];
        assert_eq!(decode_in_blocks("utf-16le", &lone_surrogate, 3), b"a\xffb");
    }
}
