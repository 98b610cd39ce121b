//! The calls that the client makes.

use crate::provider::Effect;

/// One call of Stripe's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StripeOperation {
    CreateCustomer,
    CreateCheckoutSession,
    FetchCheckoutSession,
    ExpireCheckoutSession,
    CreatePortalSession,
    FetchSubscription,
    CancelSubscription,
    FetchInvoice,
    CreateRefund,
    ListEvents,
}

impl StripeOperation {
    pub(crate) const ALL: [Self; 10] = [
        Self::CreateCustomer,
        Self::CreateCheckoutSession,
        Self::FetchCheckoutSession,
        Self::ExpireCheckoutSession,
        Self::CreatePortalSession,
        Self::FetchSubscription,
        Self::CancelSubscription,
        Self::FetchInvoice,
        Self::CreateRefund,
        Self::ListEvents,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::CreateCustomer => "create_customer",
            Self::CreateCheckoutSession => "create_checkout_session",
            Self::FetchCheckoutSession => "fetch_checkout_session",
            Self::ExpireCheckoutSession => "expire_checkout_session",
            Self::CreatePortalSession => "create_portal_session",
            Self::FetchSubscription => "fetch_subscription",
            Self::CancelSubscription => "cancel_subscription",
            Self::FetchInvoice => "fetch_invoice",
            Self::CreateRefund => "create_refund",
            Self::ListEvents => "list_events",
        }
    }

    pub(crate) fn effect(self) -> Effect {
        match self {
            // Each carries an idempotency key.
            Self::CreateCustomer
            | Self::CreateCheckoutSession
            | Self::CreatePortalSession
            | Self::CreateRefund => Effect::Repeatable,
            // The second call finds the object ended.
            Self::ExpireCheckoutSession | Self::CancelSubscription => Effect::Repeatable,
            Self::FetchCheckoutSession
            | Self::FetchSubscription
            | Self::FetchInvoice
            | Self::ListEvents => Effect::Repeatable,
        }
    }
}
