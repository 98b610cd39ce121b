//! The encoding of a file from its words beyond ASCII.

use std::io::{Read, Seek, SeekFrom};

use super::encoding::{BLOCK_BYTES, read_into};
use super::encoding_doubt::EncodingDoubt;
use super::guess::{guess_charset, is_garbled_utf8};
use super::twice::Repair;
use super::words::{MAX_WORD_BYTES, WordSample};
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::options::{Charset, Misreading};

/// Bytes behind the first beyond ASCII that are enough to see plain UTF-8.
const NEAR_BYTES: usize = 64 * 1024;
/// One word in so many may look garbled in a file of plain UTF-8.
const WORDS_OF_A_GARBLED_ONE: usize = 50;

/// A file from the block on that holds its first byte beyond ASCII.
pub(super) struct Unread<'a, S> {
    /// Stands behind the block.
    pub(super) source: &'a mut S,
    pub(super) block: &'a [u8],
    /// Of the block in the file.
    pub(super) offset: u64,
    /// Whether the file ends with the block.
    pub(super) is_last: bool,
    /// Whether the file has the mark of UTF-8.
    pub(super) is_marked: bool,
}

/// The encoding, and why it is in doubt.
pub(super) struct Recognition {
    pub(super) charset: Charset,
    pub(super) doubt: Option<EncodingDoubt>,
}

/// Recognises the encoding. The source stands behind the block again.
pub(super) fn recognise_charset<S: Read + Seek>(
    mut unread: Unread<'_, S>,
) -> Result<Recognition, FileError> {
    if is_plain_utf8(&unread) {
        return Ok(Recognition {
            charset: Charset::UTF_8,
            doubt: None,
        });
    }
    let words = collect_words(&mut unread)?;
    let guess = guess_charset(&words, |charset| is_possible(charset, unread.is_marked));
    let charset = guess.choices.first().copied().unwrap_or(Charset::UTF_8);
    let doubt = match guess.choices.len() {
        0 | 1 => None,
        _ => Some(EncodingDoubt::find(unread.source, &words, guess)?),
    };
    let behind_block = unread.offset + unread.block.len() as u64;
    unread.source.seek(SeekFrom::Start(behind_block))?;
    Ok(Recognition { charset, doubt })
}

fn is_possible(charset: Charset, is_marked: bool) -> bool {
    !is_marked || charset.is_form_of_utf8()
}

/// Whether the words near the first byte beyond ASCII are UTF-8 that a person wrote. A few torn
/// characters don't make the file another encoding.
fn is_plain_utf8<S>(unread: &Unread<'_, S>) -> bool {
    let first = unread.block.iter().position(|byte| !byte.is_ascii());
    let start = first.unwrap_or_default().saturating_sub(MAX_WORD_BYTES);
    let near = &unread.block[start..];
    let is_last = unread.is_last && near.len() <= NEAR_BYTES;
    let near = &near[..near.len().min(NEAR_BYTES)];
    let (valid, broken) = count_sequences(near, is_last);
    if !unread.is_marked && broken > 0 && valid <= 4 * broken {
        return false;
    }
    let mut words = WordSample::default();
    words.collect(near, 0, is_last);
    let repair = Repair::new(Misreading::Windows1252);
    let garbled = words
        .iter()
        .filter(|(word, _)| is_garbled_utf8(word, &repair));
    words.len() > 0 && garbled.count() * WORDS_OF_A_GARBLED_ONE <= words.len()
}

/// Counts the sequences beyond ASCII that are valid UTF-8, and those that aren't.
fn count_sequences(bytes: &[u8], is_last: bool) -> (usize, usize) {
    let (mut valid, mut broken) = (0, 0);
    let mut rest = bytes.len();
    for chunk in bytes.utf8_chunks() {
        valid += chunk.valid().bytes().filter(|byte| *byte >= 0xc0).count();
        rest -= chunk.valid().len() + chunk.invalid().len();
        let is_cut = rest == 0 && !is_last;
        broken += usize::from(!chunk.invalid().is_empty() && !is_cut);
    }
    (valid, broken)
}

/// Collects the words of the file from the block on. Once they settle the encoding, only words with
/// another byte are collected, and none where the encoding is a form of UTF-8.
fn collect_words<S: Read + Seek>(unread: &mut Unread<'_, S>) -> Result<WordSample, FileError> {
    let mut words = WordSample::default();
    let mut text = unread.block.to_vec();
    let (mut offset, mut is_last) = (unread.offset, unread.is_last);
    let (mut blocks, mut next_guess) = (1_u64, 1);
    let mut is_settled = false;
    loop {
        let collected = words.collect(&text, offset, is_last);
        if is_last {
            return Ok(words);
        }
        if blocks == next_guess && !is_settled {
            next_guess *= 2;
            let guess = guess_charset(&words, |charset| is_possible(charset, unread.is_marked));
            is_settled = guess.is_settled;
            let best = guess.choices.first().copied();
            match best.is_some_and(Charset::is_form_of_utf8) {
                true if is_settled => return Ok(words),
                false if is_settled => words.narrow_to_new_bytes(),
                _ => {}
            }
        }
        text.drain(..collected);
        offset += collected as u64;
        is_last = read_into(unread.source, &mut text)? < BLOCK_BYTES;
        blocks += 1;
    }
}
