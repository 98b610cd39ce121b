//! The bytes of a spreadsheet's file, which is a zip file.
#![no_main]

use fuzz::{ImportChoice, read_file};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Some((choice, file)) = ImportChoice::split_from(input) {
        // Without it, the file is one of text.
        read_file(&[b"PK\x03\x04", file].concat(), &choice);
    }
});
