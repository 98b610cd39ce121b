//! What a failed call means for the caller, whichever service was called.

use std::fmt;
use std::time::Duration;

use crate::provider::Effect;
use crate::redact::redact_text;
use crate::{Operation, Provider};

/// What may be done about a failure. Each provider's error table maps to these classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// A passing failure; repeating the call cannot double its effect.
    Retry,
    /// Rejected for rate or quota, without any effect. Wait `retry_after` before the next call.
    RateLimited,
    /// The call may have taken effect: look the effect up before the next call.
    Unknown,
    /// The request is wrong or rejected for good; repeating it fails the same way.
    Permanent,
    /// Our credentials, a template or a permission is wrong: a person has to act.
    Misconfigured,
    /// The token has ended or was withdrawn: stop the connection until somebody connects again.
    NeedsReauth,
    /// The address doesn't exist, or its holder has opted out: suppress the address.
    Recipient,
    /// The recipient wasn't reached this time. The address stays: a phone may be off, and a
    /// channel may try something out.
    Unreachable,
    /// Free text outside the recipient's 24-hour window: send an approved template instead.
    WindowClosed,
    /// The report is larger than one call may return: split it.
    TooMuchData,
    /// The message waited longer than its validity: do not send it again.
    Expired,
    /// The service has this very request already: the effect exists.
    AlreadyDone,
}

impl Class {
    /// Snake-case name, used as a metric label and in stored outcomes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::RateLimited => "rate_limited",
            Self::Unknown => "unknown",
            Self::Permanent => "permanent",
            Self::Misconfigured => "misconfigured",
            Self::NeedsReauth => "needs_reauth",
            Self::Recipient => "recipient",
            Self::Unreachable => "unreachable",
            Self::WindowClosed => "window_closed",
            Self::TooMuchData => "too_much_data",
            Self::Expired => "expired",
            Self::AlreadyDone => "already_done",
        }
    }

    /// Returns the class of a failure that leaves open what the call did.
    pub(crate) fn of_interrupted(operation: Operation) -> Self {
        match operation.effect() {
            Effect::Repeatable => Self::Retry,
            Effect::Once => Self::Unknown,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A call without success. It may be logged and stored: secrets, phone numbers and e-mail
/// addresses are removed when it is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderError {
    pub operation: Operation,
    pub class: Class,
    /// HTTP status; absent where no response came.
    pub status: Option<u16>,
    /// The provider's own code: `63016`, `invalid_parameter`, `100/1487534`.
    pub code: Option<String>,
    /// The provider's text, redacted, 300 characters at most.
    pub excerpt: String,
    /// How long the provider requires to wait.
    pub retry_after: Option<Duration>,
    /// The provider's id of the failed request (`fbtrace_id`, `Request-Id`), for its support.
    pub trace: Option<String>,
}

impl ProviderError {
    pub(crate) fn new(operation: Operation, class: Class, text: &str) -> Self {
        Self {
            operation,
            class,
            status: None,
            code: None,
            excerpt: redact_text(text),
            retry_after: None,
            trace: None,
        }
    }

    /// A failure that leaves open what the call did.
    pub(crate) fn interrupted(operation: Operation, text: &str) -> Self {
        Self::new(operation, Class::of_interrupted(operation), text)
    }

    #[must_use]
    pub fn provider(&self) -> Provider {
        self.operation.provider()
    }

    /// Whether the provider reports that the requested object doesn't exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status == Some(404)
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.provider(), self.operation, self.class)?;
        if let Some(status) = self.status {
            write!(f, ", status {status}")?;
        }
        if let Some(code) = &self.code {
            write!(f, ", code {code}")?;
        }
        if let Some(trace) = &self.trace {
            write!(f, ", trace {trace}")?;
        }
        write!(f, ": {}", self.excerpt)
    }
}

impl std::error::Error for ProviderError {}
