//! Why a file doesn't decide its encoding: cells that several encodings read, each otherwise.

use std::io::{Read, Seek, SeekFrom};

use super::decoder::decode_text;
use super::encoding::{BLOCK_BYTES, read_into};
use super::guess::Guess;
use super::words::WordSample;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::options::Charset;

/// Cells that are kept, and that are shown.
const MAX_CELLS: usize = 12;
const MAX_SHOWN_CELLS: usize = 2;
/// Bytes of a cell on each side of the start of its word.
const SIDE_BYTES: u64 = 48;

/// The encodings that are possible, the most plausible first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EncodingDoubt {
    choices: Vec<Charset>,
    is_contradiction: bool,
    cells: Vec<Cell>,
}

/// A cell as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cell {
    line: u64,
    bytes: Vec<u8>,
}

/// A cell with its text in each of the possible encodings, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CellReadings {
    pub(crate) line: u64,
    pub(crate) texts: Vec<String>,
}

impl EncodingDoubt {
    /// Finds cells that the choices of `guess` read differently. Moves the source.
    pub(super) fn find(
        source: &mut (impl Read + Seek),
        words: &WordSample,
        guess: Guess,
    ) -> Result<Self, FileError> {
        let offsets = choose_words(words, &guess.choices);
        let mut cells = Vec::new();
        let mut lines = LineCounter::default();
        for offset in offsets {
            cells.push(Cell {
                line: lines.count_to(source, offset)?,
                bytes: read_cell(source, offset)?,
            });
        }
        // Several words of one cell.
        cells.dedup();
        Ok(Self {
            choices: guess.choices,
            is_contradiction: guess.is_contradiction,
            cells,
        })
    }

    pub(in crate::catalog::import::read) fn choices(&self) -> &[Charset] {
        &self.choices
    }

    /// Returns the doubt among fewer encodings.
    pub(in crate::catalog::import::read) fn among(&self, choices: Vec<Charset>) -> Self {
        Self {
            choices,
            ..self.clone()
        }
    }

    /// Whether each encoding reads words that the others can't.
    pub(crate) fn is_contradiction(&self) -> bool {
        self.is_contradiction
    }

    /// Returns the names of the encodings, as `options.encoding` takes them.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.choices.iter().map(|charset| charset.name()).collect()
    }

    /// Returns a few cells that show the doubt.
    pub(crate) fn list_readings(&self) -> Vec<CellReadings> {
        let read = |cell: &Cell| CellReadings {
            line: cell.line,
            texts: self
                .choices
                .iter()
                .map(|charset| decode_text(*charset, &cell.bytes))
                .collect(),
        };
        let differs = |cell: &CellReadings| cell.texts.iter().any(|text| *text != cell.texts[0]);
        let cells = self.cells.iter().map(read).filter(differs);
        cells.take(MAX_SHOWN_CELLS).collect()
    }
}

/// Returns the places of words that the first choice and another one read differently, in the
/// order of the file.
fn choose_words(words: &WordSample, choices: &[Charset]) -> Vec<u64> {
    let mut places: Vec<(u64, &[u8])> = words.iter().map(|(word, at)| (at, word)).collect();
    places.sort_unstable();
    let mut chosen = Vec::new();
    let each = MAX_CELLS / choices.len().max(1);
    for other in choices.iter().skip(1) {
        let differs = |word: &[u8]| decode_text(choices[0], word) != decode_text(*other, word);
        let differing = places.iter().filter(|(_, word)| differs(word));
        chosen.extend(differing.take(each).map(|(offset, _)| *offset));
    }
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

fn read_cell(source: &mut (impl Read + Seek), offset: u64) -> Result<Vec<u8>, FileError> {
    let start = offset.saturating_sub(SIDE_BYTES);
    source.seek(SeekFrom::Start(start))?;
    let mut around = Vec::new();
    source.take(2 * SIDE_BYTES).read_to_end(&mut around)?;
    let split = usize::try_from(offset - start).unwrap_or_default();
    let (before, behind) = around.split_at(split.min(around.len()));
    let is_edge = |byte: &u8| b"\r\n;,|\t\"".contains(byte);
    let from = before.iter().rposition(is_edge).map_or(0, |edge| edge + 1);
    let to = behind.iter().position(is_edge).unwrap_or(behind.len());
    Ok(around[from..split.min(around.len()) + to].to_vec())
}

/// Counts line ends from the start of a file to one offset after another.
#[derive(Default)]
struct LineCounter {
    counted_to: u64,
    line_ends: u64,
    after_return: bool,
}

impl LineCounter {
    /// Returns the line of the byte at `offset`, from 1. A return with a newline is one line end.
    fn count_to(&mut self, source: &mut (impl Read + Seek), offset: u64) -> Result<u64, FileError> {
        source.seek(SeekFrom::Start(self.counted_to))?;
        let mut bytes = Vec::with_capacity(BLOCK_BYTES);
        while self.counted_to < offset {
            bytes.clear();
            let left = offset - self.counted_to;
            let read = read_into(&mut source.by_ref().take(left), &mut bytes)?;
            if read == 0 {
                break;
            }
            self.counted_to += read as u64;
            for byte in &bytes {
                let is_end = match byte {
                    b'\r' => true,
                    b'\n' => !self.after_return,
                    _ => false,
                };
                self.line_ends += u64::from(is_end);
                self.after_return = *byte == b'\r';
            }
        }
        Ok(self.line_ends + 1)
    }
}
