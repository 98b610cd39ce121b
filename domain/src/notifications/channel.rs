//! The channels of messages.

use serde::{Deserialize, Serialize};

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Channel {
    Whatsapp,
    Email,
}

impl Channel {
    /// Returns the stored text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whatsapp => "whatsapp",
            Self::Email => "email",
        }
    }

    /// Returns the stored name of the provider that serves the channel.
    pub(super) fn provider_name(self) -> &'static str {
        match self {
            Self::Whatsapp => "twilio",
            Self::Email => "brevo",
        }
    }
}

/// The form in which a message was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum SentAs {
    /// WhatsApp free text, inside the 24-hour window.
    Text,
    /// An approved WhatsApp template.
    Template,
    Email,
}
