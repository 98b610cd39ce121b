//! The providers that the sandbox stands in for.

use serde::{Deserialize, Serialize};

/// Names the first segment of a provider's paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    Twilio,
    Brevo,
    Stripe,
    Meta,
}

impl Provider {
    pub(crate) const ALL: [Self; 4] = [Self::Twilio, Self::Brevo, Self::Stripe, Self::Meta];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::Brevo => "brevo",
            Self::Stripe => "stripe",
            Self::Meta => "meta",
        }
    }
}
