//! The number formats of the cells of a workbook.

use std::collections::HashMap;
use std::io::{Read, Seek};
use std::sync::{Arc, LazyLock};

use quick_xml::events::{BytesStart, Event};

use super::book::{Book, MAX_SMALL_PART_BYTES};
use super::number_format::NumberFormat;
use super::package::{Package, too_complex};
use super::part::{decode_attribute, read_attributes};
use crate::catalog::import::file_error::FileError;

/// Formats that a workbook of Excel may have.
const MAX_STYLES: usize = 65_490;

static GENERAL: LazyLock<NumberFormat> = LazyLock::new(|| NumberFormat::parse("General"));

/// The formats of cells by the number of their style.
#[derive(Default)]
pub(super) struct Styles {
    formats: Vec<Arc<NumberFormat>>,
}

impl Styles {
    pub(super) fn read<S: Read + Seek>(
        package: &mut Package<S>,
        book: &Book,
    ) -> Result<Self, FileError> {
        let mut styles = Self::default();
        let Some(path) = &book.styles_path else {
            return Ok(styles);
        };
        let Some(mut part) = package.open_part(path, MAX_SMALL_PART_BYTES)? else {
            return Ok(styles);
        };
        let mut known = HashMap::new();
        let mut is_inside = false;
        loop {
            match part.next_event()? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "cellXfs" => is_inside = true,
                    "numFmt" => known.extend(read_number_format(&element)?),
                    "xf" if is_inside => {
                        let id = read_format_id(&element)?;
                        let format = known.entry(id);
                        let format = format.or_insert_with(|| Arc::new(NumberFormat::of_id(id)));
                        styles.formats.push(Arc::clone(format));
                    }
                    _ => {}
                },
                Event::End(element) if element.local_name().as_ref() == "cellXfs" => {
                    is_inside = false;
                }
                Event::Eof => return Ok(styles),
                _ => {}
            }
            if styles.formats.len() > MAX_STYLES || known.len() > MAX_STYLES {
                return Err(too_complex("formats"));
            }
        }
    }

    /// Returns the format of a cell's number.
    pub(super) fn format_of(&self, style: usize) -> &NumberFormat {
        self.formats.get(style).map_or(&GENERAL, AsRef::as_ref)
    }
}

/// Returns a format of the workbook's own with its number.
fn read_number_format(
    element: &BytesStart<'_>,
) -> Result<Option<(u32, Arc<NumberFormat>)>, FileError> {
    let (mut id, mut code) = (None, String::new());
    read_attributes(element, |name, value| match name {
        "numFmtId" => id = value.parse().ok(),
        "formatCode" => value.clone_into(&mut code),
        _ => {}
    })?;
    let format = NumberFormat::parse(&decode_attribute(&code)?);
    Ok(id.map(|id| (id, Arc::new(format))))
}

/// Returns the number of the format that cells of a style have.
fn read_format_id(element: &BytesStart<'_>) -> Result<u32, FileError> {
    let mut id = 0;
    read_attributes(element, |name, value| {
        if name == "numFmtId" {
            id = value.parse().unwrap_or(0);
        }
    })?;
    Ok(id)
}
