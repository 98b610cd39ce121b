//! Why a transition of an alert notifies its recipients, or doesn't.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum NotificationCause {
    Opened,
    ProductAdded,
    Escalated,
}

impl NotificationCause {
    /// Returns the stored text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::ProductAdded => "product_added",
            Self::Escalated => "escalated",
        }
    }
}

/// Why a transition notified nobody; a detail of the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotNotifiedReason {
    /// The alert is snoozed.
    Snoozed,
    /// No recipient has an address on the rule's channels.
    NoAddress,
}
