//! What the tests of the whole system share: its processes, a client, a shop, and how to look at what
//! became of it.

mod audit;
mod client;
mod eventually;
mod process;
mod seed;
mod shop;
mod system;
mod upload;

pub(crate) use audit::expect_nothing_lost_or_doubled;
pub(crate) use client::Client;
pub(crate) use eventually::{eventually, guarded};
pub(crate) use process::{Process, Role, command};
pub(crate) use seed::seeded;
pub(crate) use shop::Shop;
pub(crate) use system::System;
pub(crate) use upload::{until_succeeded, upload};
