//! The calls that the client makes.

use crate::provider::Effect;

/// One call of Twilio's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TwilioOperation {
    CreateMessage,
    FetchMessage,
    ListMessages,
}

impl TwilioOperation {
    pub(crate) const ALL: [Self; 3] = [Self::CreateMessage, Self::FetchMessage, Self::ListMessages];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::CreateMessage => "create_message",
            Self::FetchMessage => "fetch_message",
            Self::ListMessages => "list_messages",
        }
    }

    pub(crate) fn effect(self) -> Effect {
        match self {
            // Twilio has no idempotency key.
            Self::CreateMessage => Effect::Once,
            Self::FetchMessage | Self::ListMessages => Effect::Repeatable,
        }
    }
}
