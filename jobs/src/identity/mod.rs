//! Jobs of the identity area.

mod account_mail;
mod send_invitation;
mod send_password_reset;
mod send_registration_link;
mod sweep;

pub use send_invitation::SendInvitation;
pub use send_password_reset::SendPasswordReset;
pub use send_registration_link::SendRegistrationLink;
pub use sweep::Sweep;

use crate::Registry;

pub(crate) fn register_jobs(registry: Registry) -> Registry {
    registry
        .with::<SendInvitation>()
        .with_platform::<SendPasswordReset>()
        .with_platform::<SendRegistrationLink>()
        .with_platform::<Sweep>()
}
