//! Bytes of a file to UTF-8, in blocks of constant size.
//!
//! UTF-8 isn't converted at all: a row that isn't valid is rejected later, alone. A file without a
//! byte order mark counts as ASCII until the first other byte. The block around that byte decides
//! between UTF-8 and Windows-1252 (which contains Latin-1). A first accent on line 400,000 is
//! therefore still decoded correctly.

use std::io::Read;

use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::Text;
use crate::catalog::import::file_error::FileError;

const UTF_8_MARK: &[u8] = b"\xef\xbb\xbf";
const BLOCK_BYTES: usize = 256 * 1024;

/// A reader of UTF-8 over a reader of anything.
pub(super) struct DecodedFile<R> {
    source: R,
    raw: Vec<u8>,
    text: Vec<u8>,
    start: usize,
    end: usize,
    bytes_read: u64,
    finished: bool,
    encoding: Option<&'static Encoding>,
    decoder: Option<Decoder>,
}

impl<R: Read> DecodedFile<R> {
    /// Reads the first block; `label` overrides the detection.
    pub(super) fn open(source: R, label: Option<&str>) -> Result<Self, FileError> {
        let mut decoded = Self {
            source,
            raw: vec![0; BLOCK_BYTES],
            text: Vec::new(),
            start: 0,
            end: 0,
            bytes_read: 0,
            finished: false,
            encoding: None,
            decoder: None,
        };
        let head = decoded.read_block()?;
        if head == 0 {
            return Err(FileError::worded("empty_file", Text::new("file_is_empty")));
        }
        let (found, mark) = detect_by_head(&decoded.raw[..head])?;
        decoded.encoding = match label {
            // A UTF-8 mark is certain, whatever the caller expects: our error files begin with one.
            Some(_) if decoded.raw.starts_with(UTF_8_MARK) => found,
            Some(label) => Some(
                Encoding::for_label_no_replacement(label.as_bytes())
                    .ok_or_else(|| FileError::new("unknown_encoding"))?,
            ),
            None => found,
        };
        if decoded.encoding.is_some_and(|e| e != UTF_8) {
            decoded.decoder = decoded.encoding.map(Encoding::new_decoder_with_bom_removal);
        }
        // A decoder drops the mark itself.
        decoded.start = if decoded.decoder.is_none() && decoded.raw.starts_with(UTF_8_MARK) {
            mark
        } else {
            0
        };
        decoded.decode_block(head)?;
        Ok(decoded)
    }

    /// Returns the encoding detected so far; ASCII counts as UTF-8.
    pub(super) fn encoding(&self) -> &'static Encoding {
        self.encoding.unwrap_or(UTF_8)
    }

    /// Returns the text that isn't consumed yet; empty at the end of the file.
    #[inline]
    pub(super) fn buffer(&self) -> &[u8] {
        let block = if self.decoder.is_some() {
            &self.text
        } else {
            &self.raw
        };
        &block[self.start..self.end]
    }

    #[inline]
    pub(super) fn consume(&mut self, count: usize) {
        self.start += count;
    }

    /// Returns the number of bytes read from the source.
    pub(super) fn position(&self) -> u64 {
        self.bytes_read
    }

    /// Reads the next block once the last is consumed.
    pub(super) fn fill(&mut self) -> Result<(), FileError> {
        while self.start == self.end && !self.finished {
            let count = self.read_block()?;
            self.start = 0;
            self.decode_block(count)?;
        }
        Ok(())
    }

    fn read_block(&mut self) -> Result<usize, FileError> {
        let mut filled = 0;
        while filled < BLOCK_BYTES {
            match self.source.read(&mut self.raw[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.bytes_read += filled as u64;
        Ok(filled)
    }

    fn decode_block(&mut self, count: usize) -> Result<(), FileError> {
        self.finished = count < BLOCK_BYTES;
        if self.encoding.is_none() && !self.raw[..count].is_ascii() {
            let encoding = detect_by_content(&self.raw[..count]);
            self.encoding = Some(encoding);
            if encoding != UTF_8 {
                self.decoder = Some(encoding.new_decoder_without_bom_handling());
            }
        }
        let Some(decoder) = &mut self.decoder else {
            self.end = count;
            return Ok(());
        };
        let needed = decoder
            .max_utf8_buffer_length(count)
            .ok_or_else(|| FileError::worded("unreadable_file", Text::new("undecodable_file")))?;
        self.text.resize(needed, 0);
        let (_, _, written, _) =
            decoder.decode_to_utf8(&self.raw[..count], &mut self.text, self.finished);
        self.end = written;
        Ok(())
    }
}

/// Returns the encoding by the byte order mark, with the mark's length, or by the zero bytes of
/// UTF-16.
fn detect_by_head(head: &[u8]) -> Result<(Option<&'static Encoding>, usize), FileError> {
    if head.starts_with(b"\xff\xfe\0\0") || head.starts_with(b"\0\0\xfe\xff") {
        return Err(FileError::worded("unknown_encoding", Text::new("utf_32")));
    }
    if let Some((encoding, length)) = Encoding::for_bom(head) {
        return Ok((Some(encoding), length));
    }
    let sample = &head[..head.len().min(4096)];
    let zeros = |offset: usize| {
        sample
            .iter()
            .skip(offset)
            .step_by(2)
            .filter(|b| **b == 0)
            .count()
    };
    let half = sample.len() / 2;
    let (even, odd) = (zeros(0), zeros(1));
    if half > 0 && odd * 10 > half * 7 && even * 10 < half * 2 {
        return Ok((Some(UTF_16LE), 0));
    }
    if half > 0 && even * 10 > half * 7 && odd * 10 < half * 2 {
        return Ok((Some(UTF_16BE), 0));
    }
    reject_other_formats(head)?;
    Ok((None, 0))
}

fn reject_other_formats(head: &[u8]) -> Result<(), FileError> {
    let sample = &head[..head.len().min(8192)];
    let odd = sample
        .iter()
        .filter(|b| **b < 32 && !matches!(**b, b'\t' | b'\n' | b'\r' | 0x0c))
        .count();
    let hint = if head.starts_with(b"\xd0\xcf\x11\xe0") {
        Some(Text::new("looks_like_old_excel"))
    } else if head.starts_with(b"%PDF") {
        Some(Text::new("looks_like_pdf"))
    } else if head.starts_with(b"\x1f\x8b") {
        Some(Text::new("looks_like_gzip"))
    } else if odd * 50 > sample.len() {
        None
    } else {
        return Ok(());
    };
    let reason = Text::new("not_a_table");
    let reason = match hint {
        Some(hint) => reason.and(hint),
        None => reason,
    };
    Err(FileError::worded("not_a_table", reason))
}

/// Returns UTF-8 where most sequences beyond ASCII are valid, so that one torn character doesn't
/// make the file Windows-1252.
fn detect_by_content(bytes: &[u8]) -> &'static Encoding {
    let (mut valid, mut broken) = (0_usize, 0_usize);
    let mut rest = bytes.len();
    for chunk in bytes.utf8_chunks() {
        valid += chunk.valid().bytes().filter(|b| *b >= 0xc0).count();
        rest -= chunk.valid().len() + chunk.invalid().len();
        let cut_by_block = rest == 0 && bytes.len() == BLOCK_BYTES;
        broken += usize::from(!chunk.invalid().is_empty() && !cut_by_block);
    }
    if broken == 0 || valid > 4 * broken {
        UTF_8
    } else {
        WINDOWS_1252
    }
}
