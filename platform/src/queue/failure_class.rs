//! Why an attempt failed.

/// The class of a failed attempt, as stored in `job_attempts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    Retry,
    RateLimited,
    Timeout,
    Panic,
    Crash,
    Permanent,
}

impl FailureClass {
    pub fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::RateLimited => "rate_limited",
            Self::Timeout => "timeout",
            Self::Panic => "panic",
            Self::Crash => "crash",
            Self::Permanent => "permanent",
        }
    }
}
