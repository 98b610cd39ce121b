//! What a workbook says of itself: its sheets with their parts, and the epoch of its dates.

use std::collections::HashMap;
use std::io::{Read, Seek};

use quick_xml::events::{BytesStart, Event};
use serde::{Deserialize, Serialize};

use super::package::{Package, too_complex, unreadable_workbook};
use super::part::{decode_attribute, read_attributes};
use crate::catalog::import::file_error::FileError;

/// Largest part that isn't a sheet and doesn't hold its texts.
pub(super) const MAX_SMALL_PART_BYTES: u64 = 16 << 20;
const MAX_RELATIONS: usize = 10_000;
const MAX_SHEETS: usize = 1_000;
/// Excel allows 31.
const MAX_NAME_CHARS: usize = 100;

/// A sheet as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SheetName {
    pub name: String,
    pub hidden: bool,
}

/// A sheet and the part that holds its cells.
pub(super) struct Sheet {
    pub(super) name: SheetName,
    pub(super) path: String,
}

/// The parts that a table is read from.
#[derive(Default)]
pub(super) struct Book {
    pub(super) sheets: Vec<Sheet>,
    pub(super) texts_path: Option<String>,
    pub(super) styles_path: Option<String>,
    /// Dates count from 1904, as old files of the Macintosh do.
    pub(super) is_1904: bool,
}

/// A part that another one refers to.
struct Relation {
    kind: String,
    path: String,
}

impl Book {
    pub(super) fn read<S: Read + Seek>(package: &mut Package<S>) -> Result<Self, FileError> {
        let root = read_relations(package, "_rels/.rels", "")?;
        let path = find_relation(&root, "officeDocument").unwrap_or("xl/workbook.xml".into());
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let relations = read_relations(
            package,
            &join(folder, &format!("_rels/{name}.rels")),
            folder,
        )?;
        let mut book = Self {
            texts_path: find_relation(&relations, "sharedStrings"),
            styles_path: find_relation(&relations, "styles"),
            ..Self::default()
        };
        let mut part = package
            .open_part(&path, MAX_SMALL_PART_BYTES)?
            .ok_or_else(|| unreadable_workbook(&"it has no workbook"))?;
        loop {
            match part.next_event()? {
                Event::Start(element) => book.read_element(&element, &relations)?,
                Event::Eof => return Ok(book),
                _ => {}
            }
        }
    }

    fn read_element(
        &mut self,
        element: &BytesStart<'_>,
        relations: &HashMap<String, Relation>,
    ) -> Result<(), FileError> {
        match element.local_name().as_ref() {
            "sheet" => self.read_sheet(element, relations),
            "workbookPr" => read_attributes(element, |name, value| {
                if name == "date1904" {
                    self.is_1904 = value == "1" || value == "true";
                }
            }),
            _ => Ok(()),
        }
    }

    fn read_sheet(
        &mut self,
        element: &BytesStart<'_>,
        relations: &HashMap<String, Relation>,
    ) -> Result<(), FileError> {
        let (mut name, mut relation, mut hidden) = (String::new(), String::new(), false);
        read_attributes(element, |key, value| match key {
            "name" => value.clone_into(&mut name),
            "id" => value.clone_into(&mut relation),
            "state" => hidden = value != "visible",
            _ => {}
        })?;
        // A sheet that only holds a chart is no table.
        let Some(target) = relations.get(&relation).filter(|r| r.kind == "worksheet") else {
            return Ok(());
        };
        if self.sheets.len() == MAX_SHEETS {
            return Err(too_complex("sheets"));
        }
        let name = decode_attribute(&name)?;
        self.sheets.push(Sheet {
            name: SheetName {
                name: name
                    .chars()
                    .filter(|c| *c != '\0')
                    .take(MAX_NAME_CHARS)
                    .collect(),
                hidden,
            },
            path: target.path.clone(),
        });
        Ok(())
    }
}

/// Reads the parts that the part in `folder` refers to, by their ids.
fn read_relations<S: Read + Seek>(
    package: &mut Package<S>,
    path: &str,
    folder: &str,
) -> Result<HashMap<String, Relation>, FileError> {
    let mut relations = HashMap::new();
    let Some(mut part) = package.open_part(path, MAX_SMALL_PART_BYTES)? else {
        return Ok(relations);
    };
    loop {
        match part.next_event()? {
            Event::Start(element) if element.local_name().as_ref() == "Relationship" => {
                let (mut id, mut kind, mut target) = Default::default();
                read_attributes(&element, |name, value| match name {
                    "Id" => id = value.to_owned(),
                    "Type" => kind = value.rsplit('/').next().unwrap_or_default().to_owned(),
                    "Target" => target = value.to_owned(),
                    _ => {}
                })?;
                let path = join(folder, &decode_attribute(&target)?);
                relations.insert(id, Relation { kind, path });
                if relations.len() > MAX_RELATIONS {
                    return Err(too_complex("relations"));
                }
            }
            Event::Eof => return Ok(relations),
            _ => {}
        }
    }
}

fn find_relation(relations: &HashMap<String, Relation>, kind: &str) -> Option<String> {
    let found = relations.values().find(|relation| relation.kind == kind)?;
    Some(found.path.clone())
}

/// Resolves a target against the folder of the part that names it.
fn join(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let from_root = target.starts_with('/') || folder.is_empty();
    let mut path: Vec<&str> = if from_root {
        Vec::new()
    } else {
        folder.split('/').collect()
    };
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(path.pop()),
            name => path.push(name),
        }
    }
    path.join("/")
}
