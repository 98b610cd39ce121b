//! Delimited files. In reading order: `head` is what the first bytes reveal, and `decoder` makes
//! UTF-8 of an encoding, with `code_page` and `twice`. Where no mark names the encoding,
//! `recognition` collects `words` beyond ASCII, and `guess` compares by `plausibility` how each
//! encoding reads them. What they don't decide is an `encoding_doubt`. `encoding` is the file as
//! UTF-8. Then `sep_hint` and `delimiter` find what separates its fields, `split` divides it into
//! rows, `open_quote` judges a row of several lines, and `csv` is the table. `garbled` finds text
//! that was damaged before.

mod code_page;
mod csv;
mod decoder;
mod delimiter;
mod encoding;
mod encoding_doubt;
mod garbled;
mod guess;
mod head;
mod open_quote;
mod plausibility;
mod recognition;
mod sep_hint;
mod split;
mod twice;
mod words;

pub(super) use csv::CsvTable;
pub(in crate::catalog::import) use encoding_doubt::{CellReadings, EncodingDoubt};
pub(in crate::catalog::import) use garbled::looks_garbled;

#[cfg(test)]
mod csv_tests;
#[cfg(any(test, fuzzing))]
mod encoder;
#[cfg(test)]
mod encoding_tests;

#[cfg(any(test, fuzzing))]
pub(in crate::catalog::import) use encoder::encode_text;
