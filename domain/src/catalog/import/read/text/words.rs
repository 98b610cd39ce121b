//! The words of a text that have a byte beyond ASCII: the evidence of its encoding.

use std::collections::HashMap;

/// Words that are kept, and the most bytes of each.
const MAX_WORDS: usize = 4096;
pub(super) const MAX_WORD_BYTES: usize = 60;

/// A word with the byte before and the byte behind it; a line end at the edges of the text.
pub(super) type Word = Box<[u8]>;

/// The different words of a text, with the place of each in the file.
#[derive(Debug, Default)]
pub(super) struct WordSample {
    words: HashMap<Word, u64>,
    /// Bytes beyond ASCII that some word has, a bit for each.
    seen: u128,
    /// Whether only words with another byte are still of interest.
    only_new_bytes: bool,
}

impl WordSample {
    /// Adds the words of `text`, which stands at `offset` in the file. A word that reaches the end
    /// isn't added unless `is_last`. Returns the length of the text before that word.
    pub(super) fn collect(&mut self, text: &[u8], offset: u64, is_last: bool) -> usize {
        let mut at = 0;
        while let Some(found) = text[at..].iter().position(|byte| self.is_wanted(*byte)) {
            let (start, end) = find_word(text, at + found, at);
            if end == text.len() && !is_last && end - start < MAX_WORD_BYTES {
                return start.saturating_sub(1);
            }
            self.add(text, start, end, offset);
            at = end;
        }
        text.len()
    }

    /// Narrows the interest to words with a byte that no word has so far.
    pub(super) fn narrow_to_new_bytes(&mut self) {
        self.only_new_bytes = true;
    }

    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], u64)> {
        self.words.iter().map(|(word, offset)| (&**word, *offset))
    }

    fn is_wanted(&self, byte: u8) -> bool {
        !(byte.is_ascii() || (self.only_new_bytes && self.seen & bit_of(byte) != 0))
    }

    fn add(&mut self, text: &[u8], start: usize, end: usize, offset: u64) {
        let others = text[start..end].iter().filter(|byte| !byte.is_ascii());
        let bits = others.fold(0, |bits, byte| bits | bit_of(*byte));
        if self.words.len() >= MAX_WORDS && bits & !self.seen == 0 {
            return;
        }
        self.seen |= bits;
        let mut word = Vec::with_capacity(end - start + 2);
        word.push(if start == 0 { b'\n' } else { text[start - 1] });
        word.extend_from_slice(&text[start..end]);
        word.push(text.get(end).copied().unwrap_or(b'\n'));
        self.words
            .entry(word.into())
            .or_insert(offset + start as u64);
    }
}

fn bit_of(byte: u8) -> u128 {
    1 << (byte & 0x7f)
}

/// Returns the bounds of the word around a byte, not before `first`.
fn find_word(text: &[u8], at: usize, first: usize) -> (usize, usize) {
    let is_part = |byte: &u8| !byte.is_ascii() || byte.is_ascii_alphabetic();
    let first = first.max(at.saturating_sub(MAX_WORD_BYTES / 2));
    let before = text[first..at]
        .iter()
        .rev()
        .take_while(|b| is_part(b))
        .count();
    let most = text.len().min(at - before + MAX_WORD_BYTES);
    let behind = text[at..most].iter().take_while(|b| is_part(b)).count();
    let mut end = at + behind;
    // A cut must not divide a sequence of UTF-8.
    while end == most && end > at + 1 && text.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
        end -= 1;
    }
    (at - before, end)
}
