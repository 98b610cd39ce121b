//! Whether the numbers of a discount's column may be fractions: 0.1 for ten percent.

use super::columns::Columns;
use super::question::{Example, Question, QuestionOption, QuestionReason};
use crate::Text;
use crate::catalog::import::cells::{parse_number, strip_percent};
use crate::catalog::import::field::Field;
use crate::catalog::import::options::{DecimalMark, DiscountUnit};
use crate::identity::Language;

const MAX_EXAMPLES: usize = 3;
/// One, in millionths.
const ONE: i64 = 1_000_000;

/// What the discounts of a file have in common.
#[derive(Debug, Clone, Default)]
pub(super) struct DiscountEvidence {
    has_more_than_one: bool,
    /// Values up to 1.
    examples: Vec<Example>,
}

impl DiscountEvidence {
    pub(super) fn observe(&mut self, line: u64, text: &str) {
        if text.is_empty() || strip_percent(text).is_some() {
            return;
        }
        let marks = [DecimalMark::Point, DecimalMark::Comma];
        let read = marks.map(|mark| parse_number(text, mark, 6).ok());
        let Some(least) = read.iter().flatten().map(|n| n.scaled.abs()).min() else {
            return;
        };
        self.has_more_than_one |= least > ONE;
        if (1..=ONE).contains(&least) && self.examples.len() < MAX_EXAMPLES {
            self.examples.push(Example::new(line, text));
        }
    }

    /// Returns the question what the numbers are, where each of them may be a fraction.
    pub(super) fn ask(&self, columns: &Columns, language: Language) -> Option<Question> {
        if self.has_more_than_one || self.examples.is_empty() {
            return None;
        }
        let column = columns.title(Field::Discount)?.to_owned();
        let by_header = DiscountUnit::of_header(columns.is_percent(Field::Discount));
        let choices = [by_header, DiscountUnit::Fraction];
        let shown: Vec<String> = self
            .examples
            .iter()
            .map(|example| {
                let text = Text::new("example").with("value", &example.value);
                text.with("line", example.line).render(language)
            })
            .collect();
        Some(Question {
            option: QuestionOption::Discounts,
            reason: QuestionReason::Undecided,
            field: Some(Field::Discount),
            choices: choices.map(|unit| unit.as_str().to_owned()).to_vec(),
            message: Text::new("ask_discounts")
                .with("column", &column)
                .with("examples", shown.join(", "))
                .render(language),
            column: Some(column),
            examples: self.examples.clone(),
        })
    }
}
