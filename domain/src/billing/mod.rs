//! Plans and the subscriptions that entitle to them. Stripe's record is authoritative: an event
//! only causes another reading, so that events may come twice, late or in any order.

mod entitlement;
mod plan;
mod status;
mod store;
mod subject;

pub use entitlement::{Entitlement, compute_entitlement};
pub use plan::{Limits, Plan};
pub use status::SubscriptionStatus;
pub use subject::{Notice, Subject};

pub use store::checkouts::{
    Checkout, create_checkout, discard_key, record_session, require_checkout,
};
pub use store::events::{
    EventState, NewEvent, Received, find_event_company, load_event_body, record_event_state,
    store_event,
};
pub use store::subscriptions::{
    SubscriptionRecord, SubscriptionView, apply_record, list_plans, list_running_subscriptions,
    load_subscription, lock_entitlement,
};

platform::id_type!(CheckoutId, "A company's checkout of a plan.");
