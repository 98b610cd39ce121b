//! Companies, people and their roles, and every way in: registrations, passwords, sessions, API
//! keys, resets and invitations. Tokens are stored and compared as digests only. Signing access
//! tokens, and hashing off the async threads, belong to the API.
//!
//! One module per noun holds its types and its store functions. Every noun uses `Role` and
//! `Language`.

mod account;
mod company;
mod display_name;
mod language;
mod name;
mod renumbering;
mod role;
mod scope;
mod store;

pub mod contact;
pub mod password;
pub mod second_factor;

pub use display_name::to_display_name;
pub use language::Language;
pub use renumbering::list_number_forms;
pub use role::Role;
pub use scope::{Access, KeyScope, ScopeArea};
pub use store::{
    access, accounts, api_keys, attempts, audit, companies, idempotency, invitations, members,
    operators, registrations, resets, sessions, sweep,
};
