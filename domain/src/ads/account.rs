//! Connections and ad accounts.

use chrono::NaiveDate;
use platform::id_type;
use platform::ids::UserId;
use serde::Serialize;

id_type!(
    ConnectionId,
    "A person's grant to read a company's ad accounts."
);
id_type!(AccountId, "One ad account of a company.");

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum ConnectionStatus {
    Ok,
    /// The token has ended or was withdrawn: no refresh runs until somebody connects again.
    NeedsReauth,
    Disconnected,
}

/// A connection, as a refresh uses it.
#[derive(Debug, Clone)]
pub struct Connection {
    pub id: ConnectionId,
    pub status: ConnectionStatus,
    pub connected_by: UserId,
    /// Sealed with [`connection_context`](super::connection_context); absent once disconnected.
    pub sealed_token: Option<Vec<u8>>,
}

/// An ad account, as a refresh uses it.
#[derive(Debug, Clone)]
pub struct Account {
    pub id: AccountId,
    pub connection: Connection,
    /// `act_<digits>`.
    pub external_id: String,
    pub timezone: String,
    pub last_good_day: Option<NaiveDate>,
    pub disabled_reason: Option<String>,
}

/// An ad account in Meta's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundAccount {
    /// `act_<digits>`.
    pub external_id: String,
    pub name: String,
    pub timezone: String,
    pub currency: String,
}
