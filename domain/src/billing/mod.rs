//! Plans and the subscriptions that give them. Stripe's record is the truth: an event only says that
//! it is time to read it again, so that events may come twice, late or in any order.

mod plan;
mod standing;
mod store;
mod subject;

pub use plan::{Limits, Plan};
pub use standing::{GRACE_DAYS, Held, Seen, hold};
pub use subject::{Notice, Subject};

pub use store::checkouts::{Checkout, burn_key, create_checkout, find_checkout, open_checkout};
pub use store::events::{
    EventState, NewEvent, Received, find_company, load_event, receive_event, settle_event,
};
pub use store::subscriptions::{
    Record, SubscriptionView, apply_record, find_held, find_subscription, list_plans,
    running_subscriptions,
};

platform::id_type!(CheckoutId, "The wish of a company to pay for a plan.");
