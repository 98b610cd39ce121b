//! How a file is written: which column holds which field, and how numbers and dates are written.
//! In reading order: `columns`, then the evidence of `decimal_mark` and `date_order`, then
//! `detection`, which reads rows until the evidence decides. What it can't decide becomes a
//! `question`.

mod columns;
mod date_order;
mod decimal_mark;
mod detection;
mod question;

pub(super) use columns::{Columns, FIRST_ERROR_COLUMN};
pub(super) use detection::Notation;
pub(super) use detection::open_rows;
pub use detection::{Detected, Detection, ExaminedFile, Plan, examine_file, validate_head};
pub use question::{Question, QuestionOption};
