//! What a failed call means for the caller, whichever service it was.

use std::fmt;
use std::time::Duration;

use crate::redact::redact;

/// The service that a call went to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provider {
    Twilio,
    Brevo,
    Stripe,
    Meta,
}

impl Provider {
    /// Lower-case name, used as a metric label and in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::Brevo => "brevo",
            Self::Stripe => "stripe",
            Self::Meta => "meta",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What may be done about a failure. One decision per variant; the provider's tables map to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Passing trouble, and repeating the call can't double its effect.
    Retry,
    /// Refused for pace or quota: surely not done. Wait `retry_after` before any call of the bucket.
    RateLimited,
    /// It is not known whether the call took effect: look it up before repeating it.
    Unknown,
    /// The request is wrong or refused for good; repeating it gives the same answer.
    Permanent,
    /// The credentials, a template or a permission of ours is wrong: a person has to act.
    Misconfigured,
    /// The token ended or was withdrawn: stop the connection until somebody connects again.
    NeedsReauth,
    /// This recipient can't be reached or has opted out: flag the address.
    Recipient,
    /// Free text outside the recipient's 24-hour window: send an approved template instead.
    WindowClosed,
    /// The report asks for more than one call may return: split it.
    TooMuchData,
    /// Waited longer than its validity: out of date, not to be sent again.
    Expired,
    /// The service says that it already has this very request: the effect exists.
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
            Self::WindowClosed => "window_closed",
            Self::TooMuchData => "too_much_data",
            Self::Expired => "expired",
            Self::AlreadyDone => "already_done",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A call that did not succeed. Holds no secret, phone number or e-mail address: they are taken
/// out when it is made, so that it may be logged and stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderError {
    pub provider: Provider,
    /// The client's operation, as in the metrics: `create_message`.
    pub operation: &'static str,
    pub class: Class,
    /// HTTP status, absent where no answer came.
    pub status: Option<u16>,
    /// The provider's own code: `63016`, `invalid_parameter`, `100/1487534`.
    pub code: Option<String>,
    /// What the provider said, redacted, 300 characters at most.
    pub excerpt: String,
    /// How long the provider asks to wait.
    pub retry_after: Option<Duration>,
    /// The provider's id for the failed request (`fbtrace_id`, `Request-Id`), for its support.
    pub trace: Option<String>,
}

impl ProviderError {
    pub(crate) fn new(
        provider: Provider,
        operation: &'static str,
        class: Class,
        text: &str,
    ) -> Self {
        Self {
            provider,
            operation,
            class,
            status: None,
            code: None,
            excerpt: redact(text),
            retry_after: None,
            trace: None,
        }
    }

    /// Whether the provider says that the object asked for doesn't exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status == Some(404)
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.provider, self.operation, self.class)?;
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
