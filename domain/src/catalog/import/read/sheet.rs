//! The cells of one sheet that hold something, in their order.

use std::io::Read;

use quick_xml::events::{BytesStart, Event};

use super::cell_text::CellText;
use super::merged::MergedCells;
use super::number_format::ShownCode;
use super::package::unreadable_workbook;
use super::part::{XmlPart, read_attributes};
use super::reference::{MAX_ROW, is_range, parse_reference, parse_row};
use super::styles::Styles;
use super::texts::SharedTexts;
use super::typed::{CellKind, write_iso_date, write_number};
use crate::catalog::import::file_error::FileError;

/// What cells refer to.
#[derive(Clone, Copy)]
pub(super) struct CellContext<'a> {
    pub(super) texts: &'a SharedTexts,
    pub(super) styles: &'a Styles,
    pub(super) is_1904: bool,
}

/// How the value of a cell is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ValueType {
    Number,
    SharedText,
    InlineText,
    FormulaText,
    Bool,
    Date,
    Error,
}

/// A sheet, positioned on one of its cells.
pub(super) struct SheetCells<'a, R> {
    part: XmlPart<'a, R>,
    context: CellContext<'a>,
    collected: CellText,
    value_type: ValueType,
    style: usize,
    has_formula: bool,
    /// The current row.
    row: SheetRow,
    /// The column after the last cell, from 0.
    next_column: u32,
    pub(super) cell: SheetCell,
    /// Complete once there is no further cell.
    pub(super) merged: MergedCells,
}

/// A row of the sheet.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SheetRow {
    /// From 1; 0 before the first row.
    pub(super) number: u32,
    /// Hidden by hand, by a filter or in a closed group.
    pub(super) is_hidden: bool,
}

/// The current cell.
#[derive(Default)]
pub(super) struct SheetCell {
    pub(super) row: SheetRow,
    /// From 0.
    pub(super) column: u32,
    pub(super) kind: CellKind,
    pub(super) text: String,
    /// What a cell of the kind number holds.
    number: f64,
}

impl<'a, R: Read> SheetCells<'a, R> {
    pub(super) fn new(part: XmlPart<'a, R>, context: CellContext<'a>) -> Self {
        Self {
            part,
            context,
            collected: CellText::of_element("v"),
            value_type: ValueType::Number,
            style: 0,
            has_formula: false,
            row: SheetRow::default(),
            next_column: 0,
            cell: SheetCell::default(),
            merged: MergedCells::default(),
        }
    }

    /// Moves to the next cell that isn't blank; returns `false` at the end of the sheet.
    pub(super) fn advance(&mut self) -> Result<bool, FileError> {
        loop {
            let event = self.part.next_event()?;
            match &event {
                Event::Start(element) => match element.local_name().as_ref() {
                    "row" => start_row(element, &mut self.row, &mut self.next_column)?,
                    "c" => {
                        let opened = OpenedCell::read(element, self.row.number, self.next_column)?;
                        self.next_column = opened.column + 1;
                        (self.cell.row, self.cell.column) = (self.row, opened.column);
                        (self.value_type, self.style) = (opened.value_type, opened.style);
                        self.has_formula = false;
                        self.collected.restart(element_of(opened.value_type));
                    }
                    "f" => {
                        self.has_formula = true;
                        self.collected.read_event(&event)?;
                    }
                    "dimension" => validate_dimension(element)?,
                    _ => self.collected.read_event(&event)?,
                },
                Event::End(element) => match element.local_name().as_ref() {
                    "c" => {
                        self.finish_cell()?;
                        if !self.cell.text.trim().is_empty() {
                            return Ok(true);
                        }
                    }
                    "sheetData" => return self.read_merged_cells(),
                    _ => self.collected.read_event(&event)?,
                },
                Event::Eof => return Ok(false),
                _ => self.collected.read_event(&event)?,
            }
        }
    }

    /// Reads what stands behind the cells; returns `false`, as there is no further one.
    fn read_merged_cells(&mut self) -> Result<bool, FileError> {
        loop {
            match self.part.next_event()? {
                Event::Start(element) if element.local_name().as_ref() == "mergeCell" => {
                    let merged = &mut self.merged;
                    let mut inserted = Ok(());
                    read_attributes(&element, |name, value| {
                        if name == "ref" {
                            inserted = merged.insert(value);
                        }
                    })?;
                    inserted?;
                }
                Event::Eof => return Ok(false),
                _ => {}
            }
        }
    }

    /// Makes a text of the current cell, whose column holds texts: a number is what its format
    /// shows, such as `0017`.
    pub(super) fn read_as_text(&mut self) {
        if self.cell.kind != CellKind::Number {
            return;
        }
        let format = self.context.styles.format_of(self.style);
        match format.show_code(self.cell.number) {
            ShownCode::Number => {}
            ShownCode::Text(text) => (self.cell.text, self.cell.kind) = (text, CellKind::Text),
            ShownCode::Unclear => self.cell.kind = CellKind::Unclear,
        }
    }

    /// Writes the value of the cell that has ended.
    fn finish_cell(&mut self) -> Result<(), FileError> {
        let written = self.collected.as_str();
        let cell = &mut self.cell;
        cell.text.clear();
        cell.kind = match self.value_type {
            // A formula without a result was never computed; the empty text is a text.
            ValueType::Number if self.has_formula && written.trim().is_empty() => {
                cell.text.push('=');
                CellKind::Uncomputed
            }
            _ if written.trim().is_empty() => CellKind::Text,
            ValueType::SharedText => {
                let number = written.trim().parse().ok();
                let text = number.and_then(|number| self.context.texts.find(number));
                cell.text.push_str(text.ok_or_else(|| {
                    unreadable_workbook(&"a cell refers to a text that doesn't exist")
                })?);
                CellKind::Text
            }
            ValueType::InlineText | ValueType::FormulaText => {
                cell.text.push_str(&self.collected.unescape());
                CellKind::Text
            }
            ValueType::Bool => {
                let is_true = matches!(written.trim(), "1" | "true" | "TRUE");
                cell.text.push_str(if is_true { "true" } else { "false" });
                CellKind::Bool
            }
            ValueType::Date => {
                write_iso_date(written, &mut cell.text);
                CellKind::Date
            }
            ValueType::Error => {
                cell.text.push_str(written.trim());
                CellKind::Error
            }
            ValueType::Number => match written.trim().parse::<f64>() {
                Ok(number) if number.is_finite() => {
                    let meaning = self.context.styles.format_of(self.style).meaning_of(number);
                    cell.number = number;
                    write_number(number, &meaning, self.context.is_1904, &mut cell.text)
                }
                _ => {
                    cell.text.push_str(written);
                    CellKind::Text
                }
            },
        };
        Ok(())
    }
}

/// The column and type of a cell that begins.
struct OpenedCell {
    column: u32,
    value_type: ValueType,
    style: usize,
}

impl OpenedCell {
    /// A cell without a reference stands after the one before.
    fn read(element: &BytesStart<'_>, row: u32, next_column: u32) -> Result<Self, FileError> {
        let mut opened = Self {
            column: next_column,
            value_type: ValueType::Number,
            style: 0,
        };
        let mut is_valid = true;
        read_attributes(element, |name, value| match name {
            "r" => match parse_reference(value) {
                Some((own_row, column)) => {
                    opened.column = column;
                    is_valid &= own_row == row;
                }
                None => is_valid = false,
            },
            "s" => opened.style = value.parse().unwrap_or(0),
            "t" => opened.value_type = parse_type(value),
            _ => {}
        })?;
        if !is_valid || opened.column < next_column {
            return Err(misplaced());
        }
        Ok(opened)
    }
}

fn parse_type(name: &str) -> ValueType {
    match name {
        "s" => ValueType::SharedText,
        "inlineStr" => ValueType::InlineText,
        "b" => ValueType::Bool,
        "d" => ValueType::Date,
        "e" => ValueType::Error,
        "n" => ValueType::Number,
        _ => ValueType::FormulaText,
    }
}

fn element_of(value_type: ValueType) -> &'static str {
    if value_type == ValueType::InlineText {
        "t"
    } else {
        "v"
    }
}

fn start_row(
    element: &BytesStart<'_>,
    row: &mut SheetRow,
    next_column: &mut u32,
) -> Result<(), FileError> {
    let mut found = Some(row.number + 1).filter(|row| *row <= MAX_ROW);
    let mut is_hidden = false;
    read_attributes(element, |name, value| match name {
        "r" => found = parse_row(value),
        "hidden" => is_hidden = matches!(value, "1" | "true"),
        _ => {}
    })?;
    // Staging resumes behind a line, so lines must never go back.
    let number = found
        .filter(|number| *number > row.number)
        .ok_or_else(misplaced)?;
    (*row, *next_column) = (SheetRow { number, is_hidden }, 0);
    Ok(())
}

/// The size that a sheet claims decides nothing, but one beyond the largest sheet is a lie.
fn validate_dimension(element: &BytesStart<'_>) -> Result<(), FileError> {
    let mut is_valid = true;
    read_attributes(element, |name, value| {
        is_valid &= name != "ref" || is_range(value);
    })?;
    if is_valid { Ok(()) } else { Err(misplaced()) }
}

fn misplaced() -> FileError {
    unreadable_workbook(&"a row or a cell stands outside the sheet or out of order")
}
