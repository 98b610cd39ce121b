//! One XML part of a spreadsheet, read event by event. An event, the part, all parts together and
//! the depth of elements are limited, so that memory doesn't depend on the file.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};

use super::package::{too_complex, unpacks_too_large, unreadable_workbook};
use crate::catalog::import::file_error::FileError;

/// Largest tag or text between two tags. A cell holds up to 32,767 characters.
const MAX_EVENT_BYTES: u64 = 1 << 20;
/// Elements of a sheet are 7 deep at most.
const MAX_DEPTH: u32 = 64;

/// A part, positioned between two events.
pub(super) struct XmlPart<'a, R> {
    xml: Reader<LimitedReader<'a, R>>,
    buffer: Vec<u8>,
    depth: u32,
}

impl<'a, R: Read> XmlPart<'a, R> {
    pub(super) fn new(source: R, max_bytes: u64, bytes_left: &'a Cell<u64>) -> Self {
        let mut xml = Reader::from_reader(LimitedReader {
            source: BufReader::new(source),
            event_left: 0,
            part_left: max_bytes,
            all_left: bytes_left,
            is_exceeded: false,
        });
        let config = xml.config_mut();
        config.expand_empty_elements = true;
        // The reader would keep the name of every open element.
        config.check_end_names = false;
        Self {
            xml,
            buffer: Vec::new(),
            depth: 0,
        }
    }

    pub(super) fn next_event(&mut self) -> Result<Event<'_>, FileError> {
        self.buffer.clear();
        self.xml.get_mut().event_left = MAX_EVENT_BYTES;
        let event = match self.xml.read_event_into(&mut self.buffer) {
            Ok(event) => event,
            Err(_) if self.xml.get_ref().is_exceeded => return Err(unpacks_too_large()),
            Err(error) => return Err(unreadable_workbook(&error)),
        };
        match &event {
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        if self.depth > MAX_DEPTH {
            return Err(too_complex("depth"));
        }
        Ok(event)
    }
}

/// Passes each attribute to `read`, by its name without prefix.
pub(super) fn read_attributes(
    element: &BytesStart<'_>,
    mut read: impl FnMut(&str, &str),
) -> Result<(), FileError> {
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(|e| unreadable_workbook(&e))?;
        read(attribute.key.local_name().as_ref(), &attribute.value);
    }
    Ok(())
}

/// Replaces the entities of an attribute's value.
pub(super) fn decode_attribute(value: &str) -> Result<Cow<'_, str>, FileError> {
    quick_xml::escape::unescape(value).map_err(|e| unreadable_workbook(&e))
}

/// Appends the text of an event; other events have none.
pub(super) fn push_text(event: &Event<'_>, text: &mut String) -> Result<(), FileError> {
    match event {
        Event::Text(part) => text.push_str(&part.xml10_content()),
        Event::CData(part) => text.push_str(&part.xml10_content()),
        Event::GeneralRef(name) => {
            if let Some(known) = resolve_xml_entity(name) {
                text.push_str(known);
            } else {
                let found = name.resolve_char_ref();
                let character = found.map_err(|e| unreadable_workbook(&e))?;
                text.push(character.ok_or_else(|| unreadable_workbook(&"an unknown entity"))?);
            }
        }
        _ => {}
    }
    Ok(())
}

/// A reader that fails at its limits.
struct LimitedReader<'a, R> {
    source: BufReader<R>,
    event_left: u64,
    part_left: u64,
    all_left: &'a Cell<u64>,
    is_exceeded: bool,
}

impl<R: Read> LimitedReader<'_, R> {
    fn bytes_left(&self) -> u64 {
        self.event_left.min(self.part_left).min(self.all_left.get())
    }
}

impl<R: Read> Read for LimitedReader<'_, R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(target)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> BufRead for LimitedReader<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let left = self.bytes_left();
        if left == 0 {
            self.is_exceeded = true;
            return Err(io::Error::other("more than is allowed"));
        }
        let block = self.source.fill_buf()?;
        Ok(&block[..block.len().min(usize::try_from(left).unwrap_or(usize::MAX))])
    }

    fn consume(&mut self, count: usize) {
        self.source.consume(count);
        let count = count as u64;
        self.event_left = self.event_left.saturating_sub(count);
        self.part_left = self.part_left.saturating_sub(count);
        self.all_left.set(self.all_left.get().saturating_sub(count));
    }
}
