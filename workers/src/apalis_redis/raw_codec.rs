//! What a task of the crate holds: a job's id as JSON, which the crate doesn't decode.

use std::convert::Infallible;

use apalis_core::backend::codec::Codec;
use platform::ids::Uuid;
use serde::{Deserialize, Serialize};

/// The payload of a task.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct JobRef {
    pub(super) id: Uuid,
}

/// Leaves payloads as bytes. A payload that can't be decoded is then dropped by the handler; the
/// crate's own codec would end the worker.
#[derive(Debug, Clone, Copy)]
pub(super) struct RawCodec;

impl Codec<Vec<u8>> for RawCodec {
    type Error = Infallible;
    type Compact = Vec<u8>;

    fn encode(&self, payload: &Vec<u8>) -> Result<Vec<u8>, Infallible> {
        Ok(payload.clone())
    }

    fn decode(&self, payload: &Vec<u8>) -> Result<Vec<u8>, Infallible> {
        Ok(payload.clone())
    }
}
