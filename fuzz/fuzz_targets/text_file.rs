//! A delimited file of any kind, with options that the first byte chooses.
#![no_main]

use fuzz::{ImportChoice, read_file};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Some((choice, file)) = ImportChoice::split_from(input) {
        read_file(file, &choice);
    }
});
