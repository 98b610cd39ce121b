//! Why a session of the crate ends.

#[derive(Debug, thiserror::Error)]
pub(super) enum ApalisRedisError {
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
    #[error("ids not pushed: {0}")]
    Push(String),
    #[error("apalis worker failed: {0}")]
    Worker(#[from] apalis_core::error::WorkerError),
    #[error("apalis worker ended without an error")]
    Ended,
}
