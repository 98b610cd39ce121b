//! Shared by the tests of the whole system: its processes, a client, a shop, and assertions on
//! tables and messages.

mod audit;
mod client;
mod eventually;
mod halt;
mod lost_redis;
mod process;
mod seed;
mod select_texts;
mod shop;
mod stripe;
mod system;
mod upload;

pub(crate) use audit::{expect_nothing_lost_or_doubled, expect_notified};
pub(crate) use client::{Client, build_http_client};
pub(crate) use eventually::{eventually, run_alone, run_alone_for};
pub(crate) use halt::Halt;

pub(crate) use process::{Process, Role, command};
pub(crate) use seed::seed_rng;
pub(crate) use select_texts::select_texts;
pub(crate) use shop::Shop;
pub(crate) use stripe::{act_on_stripe, pay, subscribe};
pub(crate) use system::System;
pub(crate) use upload::{FORM, form, until_succeeded, upload, upload_request};
