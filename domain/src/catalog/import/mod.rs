//! Files of sales, products and stock counts into the catalog.
//!
//! In reading order: `kind`, `field` and [`Options`] are what a file may hold and what the caller
//! may decide, `written_currency` what the signs of money mean. `read` makes records of bytes,
//! `cells` values of text, and `detect` finds out how a file is written. `rows` makes rows of
//! records or rejects them; `stage` encodes them for COPY. `lifecycle` is the state of an import,
//! `revert` what taking it back would do, `error_file` its rejected rows as a file, `same_day` the
//! question about days that other files hold, `quota` how many files a company keeps, `plan_limit`
//! what its plan leaves for a file, and `store` the SQL. Each folder knows only those before it.
//!
//! The job of an import reads its file four times. [`verify_digest`], [`examine_file`] and, for
//! sales, [`UsualQuantities::read_file`] write nothing; [`stage_file`] fills staging. The functions
//! of the store then merge. `jobs` runs the passes. The upload reads the head by [`validate_head`].
//! Whatever reads a file runs through [`run_parser`].

mod cells;
mod context;
mod detect;
mod error_file;
mod field;
mod file_error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod kind;
mod lifecycle;
mod options;
mod parsing;
mod plan_limit;
mod quota;
mod read;
mod revert;
mod rows;
mod same_day;
mod stage;
mod store;
mod written_currency;

pub use context::Context;
pub use detect::{
    Detected, Detection, ExaminedFile, Example, NumericCodes, Plan, Question, QuestionOption,
    QuestionReason, examine_file, validate_head,
};
pub use error_file::{format_error_header, format_row_issues};
pub use file_error::FileError;
pub use kind::Kind;
pub use lifecycle::{
    HAS_ENDED, Import, ImportId, ImportTotals, ImportWork, NewImport, State, StoredRowIssues,
    Warning, WarningCode,
};
pub use options::{
    ImplausibleValues, LeadingZeros, Mode, Options, SameDay, UnknownProducts, UnknownSites,
};
pub use parsing::{ParserLane, run_parser};
pub use plan_limit::Admission;
pub use quota::{FILE_RETENTION, FileQuota, NO_SPACE};
pub use read::{SheetName, verify_digest};
pub use revert::{LaterImport, RevertEffect};
pub use rows::{Issue, RowIssues, RowTotals, Severity, UsualQuantities, validate_rows};
pub use same_day::RecordedDay;
pub use stage::{
    Chunk, CountValues, Creates, DayLines, KnownProducts, Preview, PreviewRow, Rejection,
    RowOutcome, RowValues, SaleValues, StagedFile, StagingPlan, preview_import, preview_questions,
    stage_file,
};
pub use store::{
    FilePlace, MergedRows, Placement, ResumePoint, Settlement, Turn, add_recorded_quantities,
    add_sales_to_levels, admit_rows, answer_questions, assign_job, cancel_import, clear_staging,
    complete_import, complete_repeated_import, count_staged_products, create_import,
    create_missing_customers, create_missing_products, create_missing_references,
    create_missing_sites, discard_staging, fail_import, find_recorded_days_of, find_resume_point,
    find_settlement, fold_counts, foresee_admission, is_another_loading, keep_file,
    list_abandoned_imports, list_files_in_use, list_imports, list_row_issues, load_known_products,
    load_numeric_codes, load_site_keys, load_work, lock_revertible, mark_recorded_rows,
    merge_counts, merge_products, merge_sales, number_rows, place_lines, preview_revert,
    record_line_warnings, record_merge, record_questions, record_settlement, record_totals,
    record_warnings, release_file, release_unused_files, replace_days, require_import,
    require_no_merge, require_no_obstacle, require_no_orphan, reserve_file, revert_facts,
    revert_products, start_checking, start_loading, sweep_staging, take_merge_turn, write_chunk,
};

#[cfg(test)]
mod tests;
