//! The queues.

use serde::{Deserialize, Serialize};

/// A queue. Each has slots of its own, so that long jobs never starve short ones.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type,
)]
#[serde(rename_all = "lowercase")]
#[repr(i16)]
pub enum Queue {
    /// Jobs of milliseconds to a second.
    Fast,
    Default,
    /// Jobs of seconds to minutes.
    Heavy,
}

impl Queue {
    pub const ALL: [Self; 3] = [Self::Fast, Self::Default, Self::Heavy];

    pub fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Default => "default",
            Self::Heavy => "heavy",
        }
    }

    pub fn code(self) -> i16 {
        self as i16
    }
}
