//! The calls that the client makes.

use crate::provider::Effect;

/// One call of Stripe's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StripeOperation {
    CreateCheckoutSession,
    CreatePortalSession,
    FetchSubscription,
    ListEvents,
}

impl StripeOperation {
    pub(crate) const ALL: [Self; 4] = [
        Self::CreateCheckoutSession,
        Self::CreatePortalSession,
        Self::FetchSubscription,
        Self::ListEvents,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::CreateCheckoutSession => "create_checkout_session",
            Self::CreatePortalSession => "create_portal_session",
            Self::FetchSubscription => "fetch_subscription",
            Self::ListEvents => "list_events",
        }
    }

    pub(crate) fn effect(self) -> Effect {
        match self {
            // Both carry an idempotency key.
            Self::CreateCheckoutSession | Self::CreatePortalSession => Effect::Repeatable,
            Self::FetchSubscription | Self::ListEvents => Effect::Repeatable,
        }
    }
}
