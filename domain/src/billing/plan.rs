//! The three plans.

use serde::{Deserialize, Serialize};

/// A company's plan; later ones include more.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Plan {
    Free,
    Pro,
    Enterprise,
}

impl Plan {
    /// As stored and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Pro => "pro",
            Self::Enterprise => "enterprise",
        }
    }
}

/// A plan's limits; `None` is without limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Limits {
    pub plan: Plan,
    pub ad_accounts: Option<i32>,
    /// Per ad account.
    pub ad_refreshes_per_day: Option<i32>,
    pub products: Option<i32>,
    pub messages_per_month: Option<i32>,
    pub seats: Option<i32>,
    pub import_rows_per_month: Option<i64>,
}
