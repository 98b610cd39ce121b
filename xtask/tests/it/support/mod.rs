//! What the tests of `cargo xtask up` share: a place for it, its runs, its processes, a client, a stranger.

mod client;
mod eventually;
mod family;
mod place;
mod run;
mod stranger;

pub(crate) use client::Client;
pub(crate) use eventually::{HUNG_AFTER, eventually};
pub(crate) use family::Family;
pub(crate) use place::{ADDRESSES, Place};
pub(crate) use run::Run;
pub(crate) use stranger::Stranger;
