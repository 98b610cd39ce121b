//! The languages of messages and pages.

use serde::{Deserialize, Serialize};

/// The language of the texts that a person receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Language {
    #[default]
    Fr,
    En,
}
