//! Bytes of a file as UTF-8, in blocks of constant size.
//!
//! UTF-8 isn't converted at all: a row that isn't valid is rejected later, alone. A file without a
//! byte order mark counts as ASCII until the first other byte. Then its words decide: those near
//! that byte where they are plainly UTF-8, else those of the rest of the file. A first accent on
//! line 400,000 is therefore still decoded correctly.

use std::io::{Read, Seek};

use super::decoder::Decoder;
use super::encoding_doubt::EncodingDoubt;
use super::head::{FileHead, UTF_8_MARK, inspect_head};
use super::recognition::{Recognition, Unread, recognise_charset};
use crate::Text;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::options::Charset;

pub(super) const BLOCK_BYTES: usize = 256 * 1024;

/// A file as UTF-8, with a window on the text that isn't consumed yet.
pub(super) struct DecodedFile<S> {
    source: S,
    /// A block before it is decoded.
    raw: Vec<u8>,
    text: Vec<u8>,
    start: usize,
    bytes_read: u64,
    finished: bool,
    is_marked: bool,
    charset: Option<Charset>,
    doubt: Option<EncodingDoubt>,
    decoder: Option<Decoder>,
}

impl<S: Read + Seek> DecodedFile<S> {
    /// Reads the first block; `charset` overrides the detection.
    pub(super) fn open(source: S, charset: Option<Charset>) -> Result<Self, FileError> {
        let mut file = Self {
            source,
            raw: Vec::new(),
            text: Vec::new(),
            start: 0,
            bytes_read: 0,
            finished: false,
            is_marked: false,
            charset,
            doubt: None,
            decoder: None,
        };
        file.finished = file.read_block()?;
        if file.raw.is_empty() {
            return Err(FileError::worded("empty_file", Text::new("file_is_empty")));
        }
        match (inspect_head(&file.raw, charset)?, charset) {
            // Text that was encoded twice may have the mark of UTF-8 too.
            (FileHead::Marked(mark), None | Some(Charset::Twice(_))) if mark == Charset::UTF_8 => {
                file.is_marked = true;
            }
            // A mark is certain, whatever the caller expects: our error files begin with one.
            (FileHead::Marked(mark), _) => file.charset = Some(mark),
            (FileHead::Wide(wide), None) => file.charset = Some(wide),
            (FileHead::Wide(_) | FileHead::Unmarked, _) => {}
        }
        file.decoder = file.charset.and_then(Decoder::new);
        if file.decoder.is_some() {
            file.decode_block();
        } else {
            std::mem::swap(&mut file.raw, &mut file.text);
            file.recognise_block(0)?;
        }
        while file.buffer().starts_with(UTF_8_MARK) {
            file.consume(UTF_8_MARK.len());
        }
        Ok(file)
    }

    /// Returns the encoding detected so far; ASCII counts as UTF-8.
    pub(super) fn charset(&self) -> Charset {
        self.charset.unwrap_or(Charset::UTF_8)
    }

    /// Returns why the file doesn't decide its encoding.
    pub(super) fn doubt(&self) -> Option<&EncodingDoubt> {
        self.doubt.as_ref()
    }

    /// Returns the text that isn't consumed yet.
    #[inline]
    pub(super) fn buffer(&self) -> &[u8] {
        &self.text[self.start..]
    }

    #[inline]
    pub(super) fn consume(&mut self, count: usize) {
        self.start += count;
    }

    /// Whether the buffer holds the last of the text.
    pub(super) fn is_last(&self) -> bool {
        self.finished
    }

    /// Returns the number of bytes read from the source.
    pub(super) fn position(&self) -> u64 {
        self.bytes_read
    }

    /// Appends the text of the next block to the buffer.
    pub(super) fn fill(&mut self) -> Result<(), FileError> {
        if self.finished {
            return Ok(());
        }
        self.text.drain(..self.start);
        self.start = 0;
        if self.decoder.is_some() {
            self.finished = self.read_block()?;
            self.decode_block();
            return Ok(());
        }
        let end = self.text.len();
        let read = read_into(&mut self.source, &mut self.text)?;
        self.bytes_read += read as u64;
        self.finished = read < BLOCK_BYTES;
        self.recognise_block(end)
    }

    /// Reads the next block into `raw`; returns whether it is the last.
    fn read_block(&mut self) -> Result<bool, FileError> {
        self.raw.clear();
        let read = read_into(&mut self.source, &mut self.raw)?;
        self.bytes_read += read as u64;
        Ok(read < BLOCK_BYTES)
    }

    fn decode_block(&mut self) {
        if let Some(decoder) = &mut self.decoder {
            decoder.decode(&self.raw, self.finished, &mut self.text);
        }
    }

    /// Recognises the encoding where the text from `start` on is the first beyond ASCII.
    fn recognise_block(&mut self, start: usize) -> Result<(), FileError> {
        let block = &self.text[start..];
        if self.charset.is_some() || block.is_ascii() {
            return Ok(());
        }
        let unread = Unread {
            source: &mut self.source,
            block,
            offset: self.bytes_read - block.len() as u64,
            is_last: self.finished,
            is_marked: self.is_marked,
        };
        let Recognition { charset, doubt } = recognise_charset(unread)?;
        self.decoder = Decoder::new(charset);
        (self.charset, self.doubt) = (Some(charset), doubt);
        if self.decoder.is_some() {
            self.raw = self.text.split_off(start);
            self.decode_block();
        }
        Ok(())
    }
}

/// Appends up to a block; returns its length, which is less than a block only at the end.
pub(super) fn read_into(source: &mut impl Read, bytes: &mut Vec<u8>) -> Result<usize, FileError> {
    bytes.reserve(BLOCK_BYTES);
    Ok(source.take(BLOCK_BYTES as u64).read_to_end(bytes)?)
}
