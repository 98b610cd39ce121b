//! The queues.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

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

/// The stored code of a queue, for views. A code that a newer release added is shown as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct QueueCode(i16);

impl QueueCode {
    pub fn find_queue(self) -> Option<Queue> {
        Queue::ALL.into_iter().find(|queue| queue.code() == self.0)
    }
}

impl fmt::Display for QueueCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.find_queue() {
            Some(queue) => f.write_str(queue.name()),
            None => write!(f, "{}", self.0),
        }
    }
}

impl Serialize for QueueCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
