//! The question about days of which other files hold lines. Only their figures distinguish lines
//! without a document and a time: two files of one day can be two halves of it, or the second one a
//! correction of the first.

use chrono::NaiveDate;

use super::detect::{Detected, Example, Question, QuestionOption, QuestionReason};
use super::field::Field;
use crate::Text;
use crate::identity::Language;

const MAX_EXAMPLES: usize = 3;

/// A day of a file of which other files hold lines that it lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedDay {
    pub day: NaiveDate,
    pub site: Option<String>,
    /// Lines that are recorded.
    pub recorded: i64,
    /// Lines of the file that are recorded.
    pub known: i64,
    /// Lines of the file.
    pub lines: i64,
    pub first_line: u64,
}

/// Returns the question what the file is beside the others; `None` where it holds no line that they
/// lack, or they hold none that it lacks.
pub(super) fn ask_about_days(
    days: &[RecordedDay],
    detected: &Detected,
    language: Language,
) -> Option<Question> {
    let days: Vec<_> = days.iter().filter(|day| day.known < day.lines).collect();
    let first = days.first()?;
    let example = |day: &&RecordedDay| Example::new(day.first_line, &day.name());
    Some(Question {
        option: QuestionOption::SameDay,
        reason: QuestionReason::RecordedDays,
        field: Some(Field::Date),
        column: detected.columns.get(&Field::Date).cloned(),
        choices: ["union", "add", "replace"].map(str::to_owned).to_vec(),
        message: Text::new("ask_same_day")
            .with_number("days", days.len() as u64)
            .with("day", first.name())
            .with_number("recorded", first.recorded.unsigned_abs())
            .with_number("lines", first.lines.unsigned_abs())
            .with_number("known", first.known.unsigned_abs())
            .render(language),
        examples: days.iter().take(MAX_EXAMPLES).map(example).collect(),
    })
}

impl RecordedDay {
    fn name(&self) -> String {
        match &self.site {
            Some(site) => format!("{}, {site}", self.day),
            None => self.day.to_string(),
        }
    }
}
