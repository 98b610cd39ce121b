//! Jobs of the billing area. A platform job finds the company of a stored Stripe event. A job of
//! the company reads the subscription at Stripe and stores it.

mod apply_event;
mod apply_subscription;

pub use apply_event::ApplyEvent;
pub use apply_subscription::ApplySubscription;

pub(crate) fn register_jobs(registry: crate::Registry) -> crate::Registry {
    registry
        .with_platform::<ApplyEvent>()
        .with::<ApplySubscription>()
}
