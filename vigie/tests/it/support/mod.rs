//! What the tests of the whole system share: its processes, a client, a shop, and how to look at what
//! became of it.

mod audit;
mod client;
mod eventually;
mod halt;
mod look;
mod lost_redis;
mod process;
mod seed;
mod shop;
mod system;
mod upload;

pub(crate) use audit::{expect_nothing_lost_or_doubled, expect_told};
pub(crate) use client::{Client, plain_http};
pub(crate) use eventually::{eventually, guarded, guarded_for};
pub(crate) use halt::Halt;
pub(crate) use look::look;
pub(crate) use process::{Process, Role, command};
pub(crate) use seed::seeded;
pub(crate) use shop::Shop;
pub(crate) use system::System;
pub(crate) use upload::{FORM, form, until_succeeded, upload, upload_of};
