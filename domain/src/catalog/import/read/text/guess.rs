//! Which encoding a text is written in: every candidate reads the words beyond ASCII, and the one
//! that makes the most plausible words of them is best. Where another one is nearly as plausible,
//! or reads words that the best one can't, the words decide nothing.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use encoding_rs::{ISO_8859_15, MACINTOSH, WINDOWS_1252};

use super::code_page::UpperHalf;
use super::plausibility::{IMPLAUSIBLE, Place};
use super::twice::Repair;
use super::words::WordSample;
use crate::catalog::import::options::{Charset, CodePage, Misreading};

/// The encodings that are recognised, with a cost for how seldom each is met. Of those that read
/// every word the same, the first one is chosen.
const CANDIDATES: [(Charset, u32); 12] = [
    (Charset::UTF_8, 0),
    (Charset::Standard(WINDOWS_1252), 0),
    (Charset::Standard(ISO_8859_15), 1),
    (Charset::Standard(MACINTOSH), 1),
    (Charset::Page(CodePage::Cp850), 1),
    (Charset::Page(CodePage::Cp858), 2),
    (Charset::Page(CodePage::Cp437), 2),
    (Charset::Page(CodePage::Cp860), 4),
    (Charset::Twice(Misreading::Windows1252), 1),
    (Charset::Twice(Misreading::MacRoman), 2),
    (Charset::Twice(Misreading::Cp850), 2),
    (Charset::Twice(Misreading::Cp437), 2),
];

/// Cost by which the best candidate must lead.
const CLEAR_LEAD: u32 = 4;
/// Lead and words from which on further words can't change the best candidate.
const SETTLED_LEAD: u32 = 10 * CLEAR_LEAD;
const SETTLED_WORDS: usize = 64;
/// Most that a single word counts.
const MAX_WORD_COST: u32 = 20;
/// Cost up to which a word is read well.
const PLAUSIBLE: u32 = 3;
/// Mean cost of a word beyond which even the best candidate is in doubt.
const MAX_MEAN_COST: usize = 5;
/// One word in so many may contradict the best candidate.
const WORDS_OF_A_CONTRADICTION: usize = 50;
/// Encodings between which a person may choose.
const MAX_CHOICES: usize = 4;

/// What the words of a text reveal about its encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Guess {
    /// The most plausible first; more than one where the words don't decide.
    pub(super) choices: Vec<Charset>,
    /// Whether each of the choices reads words that the others can't.
    pub(super) is_contradiction: bool,
    /// Whether further words of the same encoding can't change the choice.
    pub(super) is_settled: bool,
}

/// A candidate with its reading of each word.
struct Scored {
    charset: Charset,
    word_costs: Vec<u32>,
    cost: u32,
    /// Of the texts of all words.
    fingerprint: u64,
}

/// Compares the candidates that `is_possible` admits.
pub(super) fn guess_charset(words: &WordSample, is_possible: impl Fn(Charset) -> bool) -> Guess {
    let mut scored: Vec<Scored> = Vec::new();
    for (charset, prior) in CANDIDATES {
        if is_possible(charset) {
            let candidate = score(charset, prior, words);
            let is_new = |known: &Scored| known.fingerprint != candidate.fingerprint;
            if scored.iter().all(is_new) {
                scored.push(candidate);
            }
        }
    }
    scored.sort_by_key(|candidate| candidate.cost);
    let Some((best, others)) = scored.split_first() else {
        return Guess {
            choices: vec![Charset::UTF_8],
            is_contradiction: false,
            is_settled: true,
        };
    };
    let lead = others
        .first()
        .map_or(u32::MAX, |other| other.cost - best.cost);
    let is_strange = best.charset != Charset::UTF_8
        && best.word_costs.iter().sum::<u32>() as usize > MAX_MEAN_COST * words.len();
    let is_rival = |other: &&Scored| {
        other.cost - best.cost < CLEAR_LEAD || is_strange || other.contradicts(best)
    };
    let rivals = others.iter().filter(is_rival).map(|other| other.charset);
    Guess {
        choices: [best.charset]
            .into_iter()
            .chain(rivals)
            .take(MAX_CHOICES)
            .collect(),
        is_contradiction: others.iter().any(|other| other.contradicts(best)),
        is_settled: lead >= SETTLED_LEAD && words.len() >= SETTLED_WORDS,
    }
}

/// Whether a word is valid UTF-8 that no person writes, or that may have been encoded twice.
pub(super) fn is_garbled_utf8(word: &[u8], repair: &Repair) -> bool {
    let Ok(body) = std::str::from_utf8(body_of(word)) else {
        return false;
    };
    let starts = body.char_indices().filter(|(_, c)| !c.is_ascii());
    let is_twice = |at: usize| repair.find_character(&body[at..]).is_some();
    read_as_utf8(word, None).0 >= IMPLAUSIBLE || starts.map(|(at, _)| at).any(is_twice)
}

fn score(charset: Charset, prior: u32, words: &WordSample) -> Scored {
    let upper_half = UpperHalf::of_charset(charset);
    let repair = match charset {
        Charset::Twice(misreading) => Some(Repair::new(misreading)),
        Charset::Standard(_) | Charset::Page(_) => None,
    };
    let mut hash = DefaultHasher::new();
    let mut word_costs = Vec::with_capacity(words.len());
    for (word, _) in words.iter() {
        let (cost, text) = match &upper_half {
            Some(upper_half) => read_with(upper_half, word),
            None => read_as_utf8(word, repair.as_ref()),
        };
        text.hash(&mut hash);
        word_costs.push(cost.min(MAX_WORD_COST));
    }
    Scored {
        charset,
        cost: prior + word_costs.iter().sum::<u32>(),
        word_costs,
        fingerprint: hash.finish(),
    }
}

impl Scored {
    /// Whether this candidate reads so many words that `best` can't read that the text is written
    /// in both.
    fn contradicts(&self, best: &Self) -> bool {
        let pairs = self.word_costs.iter().zip(&best.word_costs);
        let against = pairs
            .filter(|(own, best)| **own <= PLAUSIBLE && **best >= IMPLAUSIBLE)
            .count();
        against * WORDS_OF_A_CONTRADICTION > best.word_costs.len()
    }
}

fn read_with(upper_half: &UpperHalf, word: &[u8]) -> (u32, Vec<char>) {
    let text: Vec<char> = body_of(word)
        .iter()
        .map(|byte| upper_half.char_of(*byte))
        .collect();
    (cost_of(&text, word), text)
}

/// Reads a word as UTF-8 that was encoded once, or twice where there is a repair. A character that
/// was encoded once only contradicts the latter.
fn read_as_utf8(word: &[u8], repair: Option<&Repair>) -> (u32, Vec<char>) {
    let decoded = String::from_utf8_lossy(body_of(word));
    let Some(repair) = repair else {
        let text: Vec<char> = decoded.chars().collect();
        return (cost_of(&text, word), text);
    };
    let (mut text, mut kept) = (Vec::new(), 0);
    let mut rest = &*decoded;
    while let Some(first) = rest.chars().next() {
        let found = repair.find_character(rest);
        kept += u32::from(found.is_none() && !first.is_ascii());
        let (character, length) = found.unwrap_or((first, first.len_utf8()));
        text.push(character);
        rest = &rest[length..];
    }
    (cost_of(&text, word) + kept * IMPLAUSIBLE, text)
}

fn cost_of(text: &[char], word: &[u8]) -> u32 {
    let edge = |byte: Option<&u8>| match byte {
        Some(byte) if byte.is_ascii() => char::from(*byte),
        _ => ' ',
    };
    let (mut second_before, mut before) = (' ', edge(word.first()));
    let mut cost = 0;
    for (index, character) in text.iter().enumerate() {
        let behind = text.get(index + 1).copied();
        let place = Place {
            second_before,
            before,
            character: *character,
            behind: behind.unwrap_or_else(|| edge(word.last())),
        };
        cost += place.cost();
        (second_before, before) = (before, *character);
    }
    cost
}

/// Returns a word without the bytes around it.
fn body_of(word: &[u8]) -> &[u8] {
    word.get(1..word.len().saturating_sub(1))
        .unwrap_or_default()
}
