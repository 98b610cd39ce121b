//! How a file is written: which column holds which field, and how numbers and dates are written.
//! In reading order: `header` finds the row of the `columns`; `observation` reads every row for the
//! `evidence` of `decimal_mark` and `date_order`, and for `leading_zeros` and `repeated_counts`;
//! `notation` concludes; `detection` is the entry. What the file doesn't decide becomes a
//! `question`.

mod columns;
mod date_order;
mod decimal_mark;
mod detection;
mod evidence;
mod header;
mod leading_zeros;
mod notation;
mod observation;
mod question;
mod repeated_counts;

pub(super) use columns::{Columns, FIRST_ERROR_COLUMN, SEVERITY_COLUMN};
pub(super) use detection::open_rows;
pub use detection::{Detected, Detection, ExaminedFile, Plan, examine_file, validate_head};
pub use leading_zeros::NumericCodes;
pub(super) use leading_zeros::{Alias, CodeAliases};
pub(super) use notation::Notation;
pub use question::{Example, Question, QuestionOption, QuestionReason};
