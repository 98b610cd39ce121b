//! The calls that the client makes.

use crate::provider::Effect;

/// One call of Meta's Graph API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MetaOperation {
    ExchangeToken,
    ListAdAccounts,
    StartReport,
    PollReport,
    ReadReport,
}

impl MetaOperation {
    pub(crate) const ALL: [Self; 5] = [
        Self::ExchangeToken,
        Self::ListAdAccounts,
        Self::StartReport,
        Self::PollReport,
        Self::ReadReport,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ExchangeToken => "exchange_token",
            Self::ListAdAccounts => "list_ad_accounts",
            Self::StartReport => "start_report",
            Self::PollReport => "poll_report",
            Self::ReadReport => "read_report",
        }
    }

    pub(crate) fn effect(self) -> Effect {
        match self {
            Self::ExchangeToken | Self::ListAdAccounts => Effect::Repeatable,
            // A second report only costs quota.
            Self::StartReport => Effect::Repeatable,
            Self::PollReport | Self::ReadReport => Effect::Repeatable,
        }
    }
}
