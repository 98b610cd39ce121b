//! Imports from an uploaded file to the company's books, through the real job and a real Postgres.

mod codes;
mod corrections;
mod counts;
mod crash;
mod endings;
mod files;
mod meanings;
mod netting;
mod retail;
mod revert;
mod shop;
