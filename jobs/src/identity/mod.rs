//! Jobs of the identity area.

mod account_mail;
mod send_account_link;
mod send_invitation;
mod sweep;

pub use send_account_link::SendAccountLink;
pub use send_invitation::SendInvitation;
pub use sweep::Sweep;

use crate::Registry;

pub(crate) fn register_jobs(registry: Registry) -> Registry {
    registry
        .with_platform::<SendAccountLink>()
        .with::<SendInvitation>()
        .with_platform::<Sweep>()
}
