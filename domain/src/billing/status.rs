//! The statuses of a subscription at Stripe.

use serde::{Serialize, Serializer};
use sqlx::Postgres;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgTypeInfo, PgValueRef};

/// A subscription's status. Stripe may add statuses, so that an unknown one is kept as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubscriptionStatus {
    Active,
    Trialing,
    PastDue,
    Unpaid,
    Canceled,
    Incomplete,
    IncompleteExpired,
    Paused,
    Unknown(String),
}

impl SubscriptionStatus {
    /// Whether the subscription bills its customer, now or once its invoice is paid.
    pub fn is_running(&self) -> bool {
        match self {
            Self::Active | Self::Trialing | Self::PastDue | Self::Unpaid => true,
            Self::Canceled
            | Self::Incomplete
            | Self::IncompleteExpired
            | Self::Paused
            | Self::Unknown(_) => false,
        }
    }

    /// Whether the subscription is paid for now.
    pub fn is_paid(&self) -> bool {
        matches!(self, Self::Active | Self::Trialing)
    }

    /// Stripe's word, as stored and in JSON.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Active => "active",
            Self::Trialing => "trialing",
            Self::PastDue => "past_due",
            Self::Unpaid => "unpaid",
            Self::Canceled => "canceled",
            Self::Incomplete => "incomplete",
            Self::IncompleteExpired => "incomplete_expired",
            Self::Paused => "paused",
            Self::Unknown(word) => word,
        }
    }
}

impl From<&str> for SubscriptionStatus {
    fn from(word: &str) -> Self {
        match word {
            "active" => Self::Active,
            "trialing" => Self::Trialing,
            "past_due" => Self::PastDue,
            "unpaid" => Self::Unpaid,
            "canceled" => Self::Canceled,
            "incomplete" => Self::Incomplete,
            "incomplete_expired" => Self::IncompleteExpired,
            "paused" => Self::Paused,
            unknown => Self::Unknown(unknown.to_owned()),
        }
    }
}

impl Serialize for SubscriptionStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl sqlx::Type<Postgres> for SubscriptionStatus {
    fn type_info() -> PgTypeInfo {
        <str as sqlx::Type<Postgres>>::type_info()
    }
}

impl<'r> sqlx::Decode<'r, Postgres> for SubscriptionStatus {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        <&str as sqlx::Decode<Postgres>>::decode(value).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::SubscriptionStatus;

    #[test]
    fn every_status_is_read_back_as_it_was_stored() {
        for word in [
            "active",
            "trialing",
            "past_due",
            "unpaid",
            "canceled",
            "incomplete",
            "incomplete_expired",
            "paused",
            "delighted",
        ] {
            let status = SubscriptionStatus::from(word);
            assert_eq!(status.as_str(), word);
            let is_unknown = matches!(status, SubscriptionStatus::Unknown(_));
            assert_eq!(is_unknown, word == "delighted", "{word}");
        }
    }
}
