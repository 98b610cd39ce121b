//! The providers that the sandbox stands in for.

use serde::{Deserialize, Serialize};

/// A provider. Its name is the first segment of its paths.
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
