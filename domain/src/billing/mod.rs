//! Plans and the subscriptions that entitle to them. Stripe's record is authoritative: an event
//! only causes another reading, so that events may come twice, late or in any order.

mod entitlement;
mod plan;
mod status;
mod store;
mod subject;

pub use entitlement::{Entitlement as Held, compute_entitlement};
pub use plan::{Limits, Plan};
pub use status::SubscriptionStatus;
pub use subject::{Notice, Subject};

pub use store::checkouts::{
    Checkout, create_checkout, discard_key as burn_key, record_session as open_checkout,
    require_checkout as find_checkout,
};
pub use store::events::{
    EventState, NewEvent, Received, find_event_company as find_company,
    load_event_body as load_event, record_event_state as settle_event,
    store_event as receive_event,
};
pub use store::subscriptions::{
    SubscriptionRecord as Record, SubscriptionView, apply_record, list_plans,
    list_running_subscriptions as running_subscriptions, load_subscription as find_subscription,
    lock_entitlement as find_held,
};

platform::id_type!(CheckoutId, "A company's checkout of a plan.");
