//! The XML parts of a spreadsheet, packed into a valid zip file. The byte 0xFF, which no UTF-8 has,
//! separates the parts; a part that is absent or empty is a plain one.
#![no_main]

use fuzz::{ImportChoice, read_file};
use libfuzzer_sys::fuzz_target;
use testing::{RELATIONS_PART, SHEET_PART, STYLES_PART, Spreadsheet, TEXTS_PART, WORKBOOK_PART};

const PARTS: [&str; 6] = [
    SHEET_PART,
    TEXTS_PART,
    STYLES_PART,
    WORKBOOK_PART,
    RELATIONS_PART,
    "_rels/.rels",
];

fuzz_target!(|input: &[u8]| {
    let Some((choice, content)) = ImportChoice::split_from(input) else {
        return;
    };
    let mut book = Spreadsheet::of_rows("");
    for (name, part) in PARTS.iter().zip(content.split(|byte| *byte == 0xff)) {
        if !part.is_empty() {
            book.set_part(name, part);
        }
    }
    read_file(&book.build_file(), &choice);
});
