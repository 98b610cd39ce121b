//! The SQL of imports. COPY can't write under row-level security, so it writes into partitions of
//! the staging tables that have none (see migrations/0025_imports.sql). In reading order: `imports`
//! and `transitions` of their state; `lookups`, `staging`, `numbering` and `fold_counts`;
//! `placement` with `same_day`, `plan_limits`; `missing_references`, `missing_products`, then one
//! file per kind of merge, and `replaced_days`; `settlement` (with `id_range`), `line_warnings`
//! with `changed_lines`, and `issues`; `revert` with `revert_preview` and `revert_references`;
//! `quota`. Functions return `Error::Database` when a statement fails.

mod changed_lines;
mod fold_counts;
mod id_range;
mod imports;
mod issues;
mod line_warnings;
mod lookups;
mod merge;
mod merge_counts;
mod merge_products;
mod merge_sales;
mod missing_products;
mod missing_references;
mod numbering;
mod placement;
mod plan_limits;
mod quota;
mod replaced_days;
mod revert;
mod revert_preview;
mod revert_references;
mod same_day;
mod settlement;
mod staging;
mod transitions;

pub use fold_counts::fold_counts;
pub use imports::{
    answer_questions, assign_job, cancel_import, create_import, list_abandoned_imports,
    list_files_in_use, list_imports, load_work, require_import,
};
pub use issues::list_row_issues;
pub use line_warnings::record_line_warnings;
pub use lookups::{
    add_recorded_quantities, load_known_products, load_numeric_codes, load_site_keys,
};
pub use merge::{MergedRows, Turn, require_no_merge, take_merge_turn};
pub use merge_counts::merge_counts;
pub use merge_products::merge_products;
pub use merge_sales::{add_sales_to_levels, merge_sales};
pub use missing_products::{create_missing_customers, create_missing_products};
pub use missing_references::{create_missing_references, create_missing_sites};
pub use numbering::number_rows;
pub use placement::{Placement, place_lines};
pub use plan_limits::{admit_rows, foresee_admission};
pub use quota::{FilePlace, keep_file, release_file, release_unused_files, reserve_file};
pub use replaced_days::replace_days;
pub use revert::{
    is_another_loading, lock_revertible, require_no_obstacle, require_no_orphan, revert_facts,
    revert_products,
};
pub use revert_preview::preview_revert;
pub use same_day::{find_recorded_days_of, mark_recorded_rows};
pub use settlement::{Settlement, count_staged_products, find_settlement};
pub use staging::{
    ResumePoint, clear_staging, discard_staging, find_resume_point, sweep_staging, write_chunk,
};
pub use transitions::{
    complete_import, complete_repeated_import, fail_import, record_merge, record_questions,
    record_settlement, record_totals, record_warnings, start_checking, start_loading,
};
