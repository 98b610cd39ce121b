//! What the caller must answer before a file can be imported.

use serde::{Deserialize, Serialize};

/// The option that an answer goes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionOption {
    Decimal,
    DateFormat,
}

/// Something that the file alone doesn't decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub option: QuestionOption,
    /// Values that the option may take here.
    pub choices: Vec<String>,
    pub message: String,
    /// A few values that can be read in more than one way.
    pub examples: Vec<String>,
}

/// Characters of an example.
const MAX_EXAMPLE_CHARS: usize = 60;

impl Question {
    pub(super) fn new(
        option: QuestionOption,
        choices: [&str; 2],
        message: &str,
        examples: &[String],
    ) -> Self {
        Self {
            option,
            choices: choices.map(Into::into).into(),
            message: message.into(),
            examples: examples.iter().map(|text| storable_text(text)).collect(),
        }
    }
}

/// Returns an example in a form that Postgres can store, whatever else its cell holds.
fn storable_text(text: &str) -> String {
    let text = text.replace('\0', "\u{fffd}");
    text.chars().take(MAX_EXAMPLE_CHARS).collect()
}
