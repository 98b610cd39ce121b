//! Imports from an uploaded file to the company's books, through the real job and a real Postgres.

mod codes;
mod corrections;
mod counts;
mod crash;
mod endings;
mod files;
mod kept_files;
mod meanings;
mod netting;
mod outcomes;
mod plan_limits;
mod retail;
mod revert;
mod revert_references;
mod same_day;
mod shop;
mod unnumbered_rows;
