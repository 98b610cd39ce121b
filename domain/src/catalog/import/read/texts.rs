//! The texts that cells share, in one buffer.

use std::io::{Read, Seek};

use quick_xml::events::Event;

use super::book::Book;
use super::cell_text::CellText;
use super::package::{Package, too_complex};
use super::part::read_attributes;
use crate::catalog::import::file_error::FileError;

/// Largest part of shared texts.
const MAX_PART_BYTES: u64 = 256 << 20;
/// Most texts that are held, and their bytes together.
const MAX_TEXTS: usize = 2_000_000;
const MAX_TEXT_BYTES: usize = 32 << 20;
const MIN_CAPACITY_BYTES: usize = 64 << 10;

/// The shared texts by their number.
#[derive(Default)]
pub(super) struct SharedTexts {
    text: String,
    ends: Vec<u32>,
}

impl SharedTexts {
    pub(super) fn read<S: Read + Seek>(
        package: &mut Package<S>,
        book: &Book,
    ) -> Result<Self, FileError> {
        let mut texts = Self::default();
        let Some(path) = &book.texts_path else {
            return Ok(texts);
        };
        let Some(mut part) = package.open_part(path, MAX_PART_BYTES)? else {
            return Ok(texts);
        };
        let mut item = CellText::of_element("t");
        loop {
            let event = part.next_event()?;
            match &event {
                Event::Start(element) if element.local_name().as_ref() == "sst" => {
                    let mut announced = Ok(());
                    read_attributes(element, |name, value| {
                        if name == "uniqueCount" {
                            announced = validate_announced(value);
                        }
                    })?;
                    announced?;
                }
                Event::Start(element) if element.local_name().as_ref() == "si" => item.clear(),
                Event::End(element) if element.local_name().as_ref() == "si" => {
                    texts.push(&item.unescape())?;
                }
                Event::Eof => return Ok(texts),
                _ => item.read_event(&event)?,
            }
        }
    }

    pub(super) fn find(&self, number: usize) -> Option<&str> {
        let end = *self.ends.get(number)? as usize;
        let start = number
            .checked_sub(1)
            .map_or(0, |last| self.ends[last] as usize);
        self.text.get(start..end)
    }

    fn push(&mut self, text: &str) -> Result<(), FileError> {
        let length = self.text.len() + text.len();
        if self.ends.len() == MAX_TEXTS || length > MAX_TEXT_BYTES {
            return Err(too_many_texts());
        }
        if length > self.text.capacity() {
            // Doubles like any buffer, but never beyond the limit.
            let wanted = (2 * length).clamp(MIN_CAPACITY_BYTES, MAX_TEXT_BYTES);
            self.text.reserve_exact(wanted - self.text.len());
        }
        self.text.push_str(text);
        // At most `MAX_TEXT_BYTES`.
        self.ends.push(u32::try_from(length).unwrap_or(u32::MAX));
        Ok(())
    }
}

/// Rejects a number of texts beyond the limit before they are read. The number decides nothing
/// else.
fn validate_announced(count: &str) -> Result<(), FileError> {
    match count.trim().parse::<usize>() {
        Ok(count) if count <= MAX_TEXTS => Ok(()),
        _ => Err(too_many_texts()),
    }
}

fn too_many_texts() -> FileError {
    too_complex("texts")
}
