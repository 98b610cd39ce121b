//! Texts for people, in their language: `fr/` and `en/` hold the same messages in the format of
//! Project Fluent.

use std::fmt::Display;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use platform::text::clean_text;
use unic_langid::langid;

use crate::identity::Language;

/// More than the longest list of headers that a text shows.
const MAX_VALUE_CHARS: usize = 2_000;

type Bundle = FluentBundle<FluentResource>;

static ENGLISH: LazyLock<Bundle> =
    LazyLock::new(|| build_bundle(Language::En, include_str!("en/imports.ftl")));
static FRENCH: LazyLock<Bundle> =
    LazyLock::new(|| build_bundle(Language::Fr, include_str!("fr/imports.ftl")));

/// A text that isn't written out yet: a message with the values of its variables, and what is said
/// after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    message: &'static str,
    values: Vec<(&'static str, Value)>,
    next: Option<Box<Text>>,
}

/// The value of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Number(u64),
    Text(String),
}

impl Text {
    /// The message of this name, as `zero_quantity`.
    pub const fn new(message: &'static str) -> Self {
        Self {
            message,
            values: Vec::new(),
            next: None,
        }
    }

    /// Sets a variable. Its value may come from outside: it is cleaned and cut, so that the text
    /// can be stored.
    #[must_use]
    pub fn with(mut self, variable: &'static str, value: impl Display) -> Self {
        let value = clean_text(&value.to_string(), MAX_VALUE_CHARS);
        self.values.push((variable, Value::Text(value)));
        self
    }

    /// Sets a variable that decides between singular and plural.
    #[must_use]
    pub fn with_number(mut self, variable: &'static str, value: u64) -> Self {
        self.values.push((variable, Value::Number(value)));
        self
    }

    /// Says `other` after this, behind a semicolon.
    #[must_use]
    pub fn and(mut self, other: Text) -> Self {
        self.next = Some(match self.next.take() {
            Some(next) => Box::new(next.and(other)),
            None => Box::new(other),
        });
        self
    }

    /// Writes the text out.
    pub fn render(&self, language: Language) -> String {
        let mut written = self.render_message(language);
        if let Some(next) = &self.next {
            written.push_str("; ");
            written.push_str(&next.render(language));
        }
        written
    }

    fn render_message(&self, language: Language) -> String {
        let bundle: &Bundle = match language {
            Language::En => &ENGLISH,
            Language::Fr => &FRENCH,
        };
        let found = bundle.get_message(self.message);
        let Some(pattern) = found.as_ref().and_then(|message| message.value()) else {
            // A test requires that every message exists in both languages.
            return self.message.to_owned();
        };
        let values = self.values.iter().map(|(variable, value)| match value {
            Value::Number(number) => (*variable, FluentValue::from(*number)),
            Value::Text(text) => (*variable, FluentValue::from(text.as_str())),
        });
        let values: FluentArgs<'_> = values.collect();
        bundle
            .format_pattern(pattern, Some(&values), &mut Vec::new())
            .into_owned()
    }
}

/// Panics when the messages can't be parsed, which a test shows.
#[expect(clippy::expect_used, reason = "the messages are part of the program")]
fn build_bundle(language: Language, messages: &str) -> Bundle {
    let language = match language {
        Language::En => langid!("en"),
        Language::Fr => langid!("fr"),
    };
    let mut bundle = Bundle::new_concurrent(vec![language]);
    // Values stand in one direction of writing with their text.
    bundle.set_use_isolating(false);
    let messages = FluentResource::try_new(messages.to_owned()).expect("messages that parse");
    bundle
        .add_resource(messages)
        .expect("each message stands once");
    bundle
}

#[cfg(test)]
mod tests;
