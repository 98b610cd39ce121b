//! The templates of messages. Their texts are in `templates/`, in French and in English.

use serde::Serialize;

/// The stored name of a template never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Template {
    /// Variables: `alerts::AlertMessage`.
    Alert,
    /// Requests a new sign-in at Meta. E-mail only. Variables: `company`.
    AdsReconnect,
    /// A subscription could not be paid. E-mail only. Variables: `company`, `ends_on`.
    BillingUnpaid,
    /// A second payment was refunded. E-mail only. Variables: `company`.
    BillingDuplicate,
    /// Requests an address's consent to a company's alerts. Variables: `company`, and `code`, which
    /// is never stored with the message.
    RecipientCode,
}

impl Template {
    /// Returns the stored text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::AdsReconnect => "ads_reconnect",
            Self::BillingUnpaid => "billing_unpaid",
            Self::BillingDuplicate => "billing_duplicate",
            Self::RecipientCode => "recipient_code",
        }
    }

    /// Parses the stored text.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [
            Self::Alert,
            Self::AdsReconnect,
            Self::BillingUnpaid,
            Self::BillingDuplicate,
            Self::RecipientCode,
        ];
        all.into_iter().find(|template| template.as_str() == text)
    }

    /// Returns a rendered text as it may be stored: without the digits of a code.
    pub fn hide_code(self, text: &str) -> String {
        match self {
            Self::RecipientCode => text.replace(|c: char| c.is_ascii_digit(), "*"),
            Self::Alert | Self::AdsReconnect | Self::BillingUnpaid | Self::BillingDuplicate => {
                text.to_owned()
            }
        }
    }
}
