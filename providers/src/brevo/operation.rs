//! The calls that the client makes.

use crate::provider::Effect;

/// One call of Brevo's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BrevoOperation {
    SendEmail,
}

impl BrevoOperation {
    pub(crate) const ALL: [Self; 1] = [Self::SendEmail];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::SendEmail => "send_email",
        }
    }

    pub(crate) fn effect(self) -> Effect {
        match self {
            Self::SendEmail => Effect::Once,
        }
    }
}
