//! Products that a file of counts counts twice: two shelves, or a corrected count. The file doesn't
//! say which, and the levels differ.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::columns::Columns;
use super::question::{Example, Question, QuestionOption, QuestionReason};
use crate::Text;
use crate::catalog::code_key::write_key;
use crate::catalog::import::field::Field;
use crate::identity::Language;

/// Counts that are compared; a company has fewer products than this.
const MAX_KEYS: usize = 1 << 20;
const MAX_EXAMPLES: usize = 3;

/// The counts of a file by product, site and time.
#[derive(Debug, Clone, Default)]
pub(super) struct CountEvidence {
    /// Fingerprint of product, site and time to its first line.
    first_lines: HashMap<u64, u64>,
    /// The first repeated counts: the code, the first line and the repeating one.
    repeated: Vec<(String, [u64; 2])>,
    key: String,
}

impl CountEvidence {
    /// Records a row by the texts of its fields.
    pub(super) fn observe<'r>(&mut self, line: u64, text: impl Fn(Field) -> &'r str) {
        let code = text(Field::Sku);
        if code.is_empty() || self.first_lines.len() >= MAX_KEYS {
            return;
        }
        let mut hasher = DefaultHasher::new();
        for field in [Field::Sku, Field::Site] {
            write_key(text(field), &mut self.key);
            self.key.hash(&mut hasher);
        }
        for field in [Field::Date, Field::Time] {
            text(field).hash(&mut hasher);
        }
        let first = *self.first_lines.entry(hasher.finish()).or_insert(line);
        if first != line && self.repeated.len() < MAX_EXAMPLES {
            self.repeated.push((code.to_owned(), [first, line]));
        }
    }

    /// Returns the question what repeated counts make together.
    pub(super) fn ask(&self, columns: &Columns, language: Language) -> Option<Question> {
        let (code, lines) = self.repeated.first()?;
        let examples = self.repeated.iter();
        let examples = examples
            .flat_map(|(code, lines)| lines.iter().map(move |line| Example::new(*line, code)));
        Some(Question {
            option: QuestionOption::RepeatedCounts,
            reason: QuestionReason::RepeatedProducts,
            field: Some(Field::Sku),
            column: columns.title(Field::Sku).map(str::to_owned),
            choices: vec!["sum".to_owned(), "last".to_owned()],
            message: Text::new("ask_repeated_counts")
                .with("code", code)
                .with("lines", lines.map(|line| line.to_string()).join(", "))
                .render(language),
            examples: examples.collect(),
        })
    }
}
