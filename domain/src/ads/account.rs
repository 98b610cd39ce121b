//! Connections and ad accounts.

use chrono::NaiveDate;
use platform::id_type;
use platform::ids::UserId;
use serde::Serialize;

id_type!(
    ConnectionId,
    "Somebody's grant to read a company's ad accounts."
);
id_type!(AccountId, "One ad account of a company.");

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum ConnectionStatus {
    Ok,
    /// The token ended or was withdrawn: nothing runs until somebody connects again.
    NeedsReauth,
    Disconnected,
}

/// A connection as a job needs it.
#[derive(Debug, Clone)]
pub struct Connection {
    pub id: ConnectionId,
    pub status: ConnectionStatus,
    pub connected_by: UserId,
    /// Opens with [`connection_context`](super::connection_context); absent once disconnected.
    pub sealed_token: Option<Vec<u8>>,
}

/// An ad account as a refresh needs it.
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

/// An ad account as Meta lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundAccount {
    /// `act_<digits>`.
    pub external_id: String,
    pub name: String,
    pub timezone: String,
    pub currency: String,
}
