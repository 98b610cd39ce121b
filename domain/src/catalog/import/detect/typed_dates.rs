//! Dates whose day and month a spreadsheet has swapped. One that is set to another country takes
//! `05/10/2026` for the tenth of May and makes a date of it; `13/10/2026` is no date to it and
//! stays a text. So a column with such texts, and with dates whose days are 12 at most, is asked
//! about.

use super::columns::Columns;
use super::question::{Example, Question, QuestionOption, QuestionReason};
use crate::Text;
use crate::catalog::import::cells::split_date;
use crate::catalog::import::field::Field;
use crate::identity::Language;

/// A larger number is no month.
const MAX_MONTH: i32 = 12;
/// Dates and texts that a question shows of each.
const MAX_EXAMPLES: usize = 2;

/// What the cells of a column reveal about its dates.
#[derive(Debug, Clone, Default)]
pub(super) struct TypedDateEvidence {
    /// Dates that are other days where day and month are swapped.
    swappable: Vec<Example>,
    day_first: Vec<Example>,
    month_first: Vec<Example>,
    /// A date whose day is no month.
    has_late_day: bool,
}

impl TypedDateEvidence {
    /// Observes a cell that the spreadsheet knows as a date.
    pub(super) fn observe_date(&mut self, line: u64, text: &str) {
        let Some((parts, _)) = split_date(text.as_bytes()) else {
            return;
        };
        if parts.c > MAX_MONTH {
            self.has_late_day = true;
        } else if parts.b != parts.c {
            record_example(&mut self.swappable, line, text);
        }
    }

    /// Observes a cell that the spreadsheet knows as a text.
    pub(super) fn observe_text(&mut self, line: u64, text: &str) {
        let Some((parts, _)) = split_date(text.as_bytes()) else {
            return;
        };
        if parts.year_first {
            return;
        }
        match (parts.a > MAX_MONTH, parts.b > MAX_MONTH) {
            (true, false) => record_example(&mut self.day_first, line, text),
            (false, true) => record_example(&mut self.month_first, line, text),
            _ => {}
        }
    }

    /// Returns the question whether the dates are swapped.
    pub(super) fn ask(&self, columns: &Columns, language: Language) -> Option<Question> {
        let texts = match (&self.day_first[..], &self.month_first[..]) {
            ([], []) => return None,
            (texts, []) | ([], texts) => texts,
            _ => return None,
        };
        if self.has_late_day || self.swappable.is_empty() {
            return None;
        }
        let column = columns.title(Field::Date).unwrap_or_default().to_owned();
        Some(Question {
            option: QuestionOption::TypedDates,
            reason: QuestionReason::SwappedDates,
            field: Some(Field::Date),
            choices: vec!["as_shown".to_owned(), "swapped".to_owned()],
            message: Text::new("ask_typed_dates")
                .with("column", &column)
                .with("dates", list_examples(&self.swappable, language))
                .with("texts", list_examples(texts, language))
                .render(language),
            column: Some(column),
            examples: self.swappable.iter().chain(texts).cloned().collect(),
        })
    }
}

fn record_example(examples: &mut Vec<Example>, line: u64, text: &str) {
    if examples.len() < MAX_EXAMPLES {
        examples.push(Example::new(line, text));
    }
}

fn list_examples(examples: &[Example], language: Language) -> String {
    let shown = examples.iter().map(|example| {
        let text = Text::new("example").with("value", &example.value);
        text.with("line", example.line).render(language)
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_days_up_to_twelve_beside_texts_of_later_days_are_in_doubt() {
        for (dates, texts, is_asked) in [
            (&["2026-05-10"][..], &["13/10/2026", "31/10/2026"][..], true),
            (&["2026-05-10 14:30:00"], &["13/10/2026 14:30"], true),
            (&["2026-10-05"], &["10/13/2026"], true),
            (&["2026-05-13"], &["13/10/2026"], false),
            (&["2026-05-10"], &["13/10/2026", "12/10/2026"], true),
            (&["2026-05-10"], &["12/10/2026"], false),
            (&["2026-05-10"], &["13/10/2026", "10/13/2026"], false),
            (&["2026-05-05"], &["13/10/2026"], false),
            (&["2026-05-10"], &["2026-10-13"], false),
            (&["2026-05-10"], &["13 octobre 2026"], false),
            (&["2026-05-10"], &[], false),
            (&[], &["13/10/2026"], false),
        ] {
            let mut evidence = TypedDateEvidence::default();
            dates.iter().for_each(|date| evidence.observe_date(2, date));
            texts.iter().for_each(|text| evidence.observe_text(3, text));
            let columns = Columns::find(
                ["Date", "Code", "Qty", "Price"].map(str::to_owned).to_vec(),
                1,
                crate::catalog::import::Kind::Sales,
                &crate::catalog::import::Options::default(),
            );
            let asked = evidence.ask(&columns.unwrap(), Language::En);
            assert_eq!(asked.is_some(), is_asked, "{dates:?} {texts:?}");
        }
    }
}
