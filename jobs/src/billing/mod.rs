//! Jobs of the billing area. A platform job finds the company of a stored Stripe event. A job of
//! the company reads the subscription at Stripe and stores it, or undoes it where it was paid
//! beside another one. Others notify the company that it is unpaid.

mod apply_event;
mod apply_subscription;
mod duplicate;
mod remind_unpaid;

pub use apply_event::ApplyEvent;
pub use apply_subscription::ApplySubscription;
pub use remind_unpaid::RemindUnpaid;

pub(crate) fn register_jobs(registry: crate::Registry) -> crate::Registry {
    registry
        .with_platform::<ApplyEvent>()
        .with::<ApplySubscription>()
        .with::<RemindUnpaid>()
}
