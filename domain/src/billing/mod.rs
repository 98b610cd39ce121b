//! Plans and the subscriptions that entitle to them. Stripe's record is authoritative: an event
//! only causes another reading, so that events may come twice, late or in any order.

mod entitlement;
mod plan;
mod status;
mod store;
mod subject;

pub use entitlement::{Entitlement, UNPAID_NOTICE_DAYS, compute_entitlement};
pub use plan::{Limits, Plan};
pub use status::SubscriptionStatus;
pub use subject::{Notice, Subject};

pub use store::checkouts::{
    Checkout, create_checkout, discard_key, find_present_checkout, list_payable_checkouts,
    record_session, require_checkout, settle_checkout,
};
pub use store::customers::{
    BillingCustomer, discard_customer_key, prepare_customer, record_customer,
};
pub use store::duplicates::{
    DuplicateSubscription, Precedence, discard_duplicate, record_precedence, settle_duplicate,
};
pub use store::events::{
    EventState, NewEvent, Received, find_event_company, load_event_body, record_event_state,
    store_event,
};
pub use store::subscriptions::{
    SubscriptionRecord, SubscriptionView, apply_record, is_known_subscription, list_plans,
    list_running_subscriptions, load_limits, load_subscription, lock_entitlement,
};

platform::id_type!(CheckoutId, "A company's checkout of a plan.");
