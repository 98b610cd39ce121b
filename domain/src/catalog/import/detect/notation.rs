//! How the numbers and dates of a file are written, or what must be asked first.

use super::columns::Columns;
use super::date_order::DateEvidence;
use super::evidence::Doubt;
use super::observation::Observations;
use super::question::{Example, Question, QuestionOption, QuestionReason};
use crate::catalog::import::field::Field;
use crate::catalog::import::options::{DateFormat, DecimalMark, Options};

/// How numbers and dates of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Notation {
    /// By field.
    marks: [DecimalMark; Field::COUNT],
    pub(crate) dates: DateFormat,
}

impl Notation {
    pub(crate) fn mark(&self, field: Field) -> DecimalMark {
        self.marks[field as usize]
    }
}

/// Concludes from the options and, where they decide nothing, from the rows.
pub(super) fn conclude_notation(
    columns: &Columns,
    options: &Options,
    observations: &Observations,
) -> Result<Notation, Vec<Question>> {
    let mut questions = ask_for_columns(columns, options, observations);
    let mut notation = Notation {
        marks: [DecimalMark::Point; Field::COUNT],
        dates: options.date_format.unwrap_or(DateFormat::DayFirst),
    };
    for field in Field::iter_all() {
        if let Some(mark) = options.decimal.as_ref().and_then(|marks| marks.find(field)) {
            notation.marks[field as usize] = mark;
        }
    }
    for (field, evidence) in &observations.marks {
        match evidence.conclude() {
            Ok(mark) => notation.marks[*field as usize] = mark,
            Err(doubt) => questions.push(ask_for_mark(columns, *field, doubt)),
        }
    }
    match observations.dates.as_ref().map(DateEvidence::conclude) {
        None => {}
        Some(Ok(format)) => notation.dates = format,
        Some(Err(doubt)) => questions.push(ask_for_dates(columns, doubt)),
    }
    questions.extend(observations.codes.ask(columns));
    if questions.is_empty() {
        Ok(notation)
    } else {
        Err(questions)
    }
}

fn ask_for_mark(columns: &Columns, field: Field, doubt: Doubt<DecimalMark>) -> Question {
    let column = columns.title(field).unwrap_or_default().to_owned();
    let choices = doubt.choices.iter().map(|mark| mark.as_str().to_owned());
    Question {
        option: QuestionOption::Decimal,
        reason: doubt.reason,
        field,
        choices: choices.collect(),
        message: explain_doubt(&column, "the decimal mark", doubt.reason, &doubt.examples),
        column,
        examples: doubt.examples,
    }
}

fn ask_for_dates(columns: &Columns, doubt: Doubt<DateFormat>) -> Question {
    let column = columns.title(Field::Date).unwrap_or_default().to_owned();
    let choices = doubt
        .choices
        .iter()
        .map(|format| format.as_str().to_owned());
    let subject = "the order of day, month and year";
    Question {
        option: QuestionOption::DateFormat,
        reason: doubt.reason,
        field: Field::Date,
        choices: choices.collect(),
        message: explain_doubt(&column, subject, doubt.reason, &doubt.examples),
        column,
        examples: doubt.examples,
    }
}

/// Returns the questions which column holds a field whose header several columns have.
fn ask_for_columns(
    columns: &Columns,
    options: &Options,
    observations: &Observations,
) -> Vec<Question> {
    let ask = |(field, positions): (Field, Vec<usize>)| {
        let column = columns.title(field).unwrap_or_default().to_owned();
        let value = |position: &usize| observations.first_row.get(*position).cloned();
        Question {
            option: QuestionOption::Mapping,
            reason: QuestionReason::RepeatedHeader,
            field,
            message: format!(
                "{} columns are named \"{column}\"; which one holds the {}?",
                positions.len(),
                field.as_str()
            ),
            choices: (1..=positions.len())
                .map(|nth| format!("{column}#{nth}"))
                .collect(),
            examples: positions.iter().filter_map(value).collect(),
            column,
        }
    };
    columns
        .repeated_headers(options)
        .into_iter()
        .map(ask)
        .collect()
}

fn explain_doubt(
    column: &str,
    subject: &str,
    reason: QuestionReason,
    examples: &[Example],
) -> String {
    let shown: Vec<String> = examples
        .iter()
        .map(|example| format!("\"{}\" (line {})", example.value, example.line))
        .collect();
    let shown = shown.join(", ");
    match reason {
        QuestionReason::Contradiction => format!(
            "the column \"{column}\" contradicts itself about {subject}: {shown}; \
             rows that your answer can't read are rejected"
        ),
        QuestionReason::Undecided
        | QuestionReason::RepeatedHeader
        | QuestionReason::SimilarCodes => {
            format!("the column \"{column}\" doesn't decide {subject}: {shown}")
        }
    }
}
