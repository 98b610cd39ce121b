//! How a file is written: which column holds which field, and how numbers and dates are written.
//! In reading order: `header` finds the row of the `columns`, each by its `title` or by the
//! `mapping` of the options; `observation` reads every row for the `evidence` of `decimal_mark` and
//! `date_order`, and for `time_of_day`, `rivals`, `discounts`, `leading_zeros`, `repeated_counts`,
//! `typed_dates` and `row_profile`; `other_kind` rejects sales sent as counts; `notation`
//! concludes; `detection` is the entry. What the file doesn't decide becomes a `question`.

mod columns;
mod date_order;
mod decimal_mark;
mod detection;
mod discounts;
mod evidence;
mod header;
mod leading_zeros;
mod mapping;
mod notation;
mod observation;
mod other_kind;
mod question;
mod repeated_counts;
mod rivals;
mod row_profile;
mod time_of_day;
mod title;
mod typed_dates;

pub(super) use columns::{CODE_COLUMN, Columns, FIRST_ERROR_COLUMN, SEVERITY_COLUMN};
pub(super) use detection::open_rows;
pub use detection::{Detected, Detection, ExaminedFile, Plan, examine_file, validate_head};
pub use leading_zeros::NumericCodes;
pub(super) use leading_zeros::{Alias, CodeAliases};
pub(super) use notation::Notation;
pub use question::{Example, Question, QuestionOption, QuestionReason};
pub(super) use row_profile::RowProfile;
