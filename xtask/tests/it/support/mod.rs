//! Helpers of the tests of `cargo xtask up`.

mod client;
mod foreign_server;
mod instance;
mod process_tree;
mod run;
mod wait;

pub(crate) use client::Client;
pub(crate) use foreign_server::ForeignServer;
pub(crate) use instance::{ADDRESSES, Instance};
pub(crate) use process_tree::ProcessTree;
pub(crate) use run::Run;
pub(crate) use wait::{WAIT_LIMIT, wait_for};
