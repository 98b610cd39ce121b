//! From a stored event of Stripe's to the company's plan: a platform job finds whose it is, the
//! company's own job reads Stripe's record and writes it.

mod apply_event;
mod apply_subscription;

pub use apply_event::ApplyEvent;
pub use apply_subscription::ApplySubscription;

pub(crate) fn register(registry: crate::Registry) -> crate::Registry {
    registry
        .with_platform::<ApplyEvent>()
        .with::<ApplySubscription>()
}
