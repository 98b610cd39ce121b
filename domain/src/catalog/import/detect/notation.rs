//! How the numbers and dates of a file are written, or what must be asked first.

use super::columns::Columns;
use super::date_order::DateEvidence;
use super::evidence::Doubt;
use super::observation::Observations;
use super::question::{Example, Question, QuestionOption, QuestionReason};
use crate::Text;
use crate::catalog::import::field::Field;
use crate::catalog::import::options::{DateFormat, DecimalMark, Options, TypedDates};
use crate::catalog::import::read::{CellReadings, EncodingDoubt, FilledSheet};
use crate::identity::Language;

/// How numbers and dates of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Notation {
    /// By field.
    marks: [DecimalMark; Field::COUNT],
    pub(crate) dates: DateFormat,
    /// Each time in the column of dates is the midnight that stands for no time.
    pub(crate) has_days_only: bool,
    /// Whether day and month of the cells that hold dates are swapped.
    pub(crate) typed_dates: TypedDates,
}

impl Notation {
    pub(crate) fn mark(&self, field: Field) -> DecimalMark {
        self.marks[field as usize]
    }
}

/// Concludes from the options and, where they decide nothing, from the rows.
pub(super) fn conclude_notation(
    columns: &Columns,
    open_columns: &[(Field, Vec<usize>)],
    options: &Options,
    observations: &Observations,
    language: Language,
) -> Result<Notation, Vec<Question>> {
    let mut questions = ask_for_columns(columns, open_columns, observations, language);
    let mut notation = Notation {
        marks: [DecimalMark::Point; Field::COUNT],
        dates: options.date_format.unwrap_or(DateFormat::DayFirst),
        has_days_only: observations.times.are_midnights(),
        typed_dates: options.typed_dates.unwrap_or(TypedDates::AsShown),
    };
    for field in Field::iter_all() {
        if let Some(mark) = options.decimal.as_ref().and_then(|marks| marks.find(field)) {
            notation.marks[field as usize] = mark;
        }
    }
    for (field, evidence) in &observations.marks {
        match evidence.conclude() {
            Ok(mark) => notation.marks[*field as usize] = mark,
            Err(doubt) => questions.push(ask_for_mark(columns, *field, doubt, language)),
        }
    }
    match observations.dates.as_ref().map(DateEvidence::conclude) {
        None => {}
        Some(Ok(format)) => notation.dates = format,
        Some(Err(doubt)) => questions.push(ask_for_dates(columns, doubt, language)),
    }
    let typed_dates = observations.typed_dates.as_ref();
    questions.extend(typed_dates.and_then(|dates| dates.ask(columns, language)));
    let counts = observations.counts.as_ref();
    questions.extend(counts.and_then(|counts| counts.ask(columns, language)));
    let discounts = observations.discounts.as_ref();
    questions.extend(discounts.and_then(|discounts| discounts.ask(columns, language)));
    questions.extend(observations.codes.ask(columns, language));
    if questions.is_empty() {
        Ok(notation)
    } else {
        Err(questions)
    }
}

fn ask_for_mark(
    columns: &Columns,
    field: Field,
    doubt: Doubt<DecimalMark>,
    language: Language,
) -> Question {
    let column = columns.title(field).unwrap_or_default().to_owned();
    let choices = doubt.choices.iter().map(|mark| mark.as_str().to_owned());
    let message = match doubt.reason {
        QuestionReason::Contradiction => Text::new("ask_decimal_contradiction"),
        _ => Text::new("ask_decimal_undecided"),
    };
    Question {
        option: QuestionOption::Decimal,
        reason: doubt.reason,
        field: Some(field),
        choices: choices.collect(),
        message: explain_doubt(message, &column, &doubt.examples, language),
        column: Some(column),
        examples: doubt.examples,
    }
}

fn ask_for_dates(columns: &Columns, doubt: Doubt<DateFormat>, language: Language) -> Question {
    let column = columns.title(Field::Date).unwrap_or_default().to_owned();
    let choices = doubt
        .choices
        .iter()
        .map(|format| format.as_str().to_owned());
    let message = match doubt.reason {
        QuestionReason::Contradiction => Text::new("ask_date_format_contradiction"),
        _ => Text::new("ask_date_format_undecided"),
    };
    Question {
        option: QuestionOption::DateFormat,
        reason: doubt.reason,
        field: Some(Field::Date),
        choices: choices.collect(),
        message: explain_doubt(message, &column, &doubt.examples, language),
        column: Some(column),
        examples: doubt.examples,
    }
}

/// Returns the question which of its possible encodings a file is written in. The examples are a
/// few cells in each of the encodings, in the order of the choices.
pub(super) fn ask_for_encoding(doubt: &EncodingDoubt, language: Language) -> Question {
    let names = doubt.names();
    let cells = doubt.list_readings();
    let examples = cells.iter().flat_map(|cell| {
        let texts = cell.texts.iter();
        texts.map(|text| Example::new(cell.line, text))
    });
    let describe = |cell: &CellReadings| {
        let readings = cell.texts.iter().zip(&names);
        let shown: Vec<String> = readings
            .map(|(text, name)| format!("\"{}\" ({name})", Example::new(cell.line, text).value))
            .collect();
        let reading = Text::new("reading_of_line").with("line", cell.line);
        reading.with("readings", shown.join(", ")).render(language)
    };
    let shown: Vec<String> = cells.iter().map(describe).collect();
    let (reason, message) = if doubt.is_contradiction() {
        let message = Text::new("ask_encoding_contradiction");
        (QuestionReason::Contradiction, message)
    } else {
        let message = Text::new("ask_encoding_undecided");
        (QuestionReason::Undecided, message)
    };
    Question {
        option: QuestionOption::Encoding,
        reason,
        field: None,
        column: None,
        choices: names.iter().map(|name| (*name).to_owned()).collect(),
        message: message.with("readings", shown.join("; ")).render(language),
        examples: examples.collect(),
    }
}

/// Returns the question which of several sheets is to be read. The examples are their names, each
/// with the line of its first row.
pub(super) fn ask_for_sheet(rivals: &[FilledSheet], language: Language) -> Option<Question> {
    if rivals.is_empty() {
        return None;
    }
    let names: Vec<String> = rivals.iter().map(|sheet| sheet.name.clone()).collect();
    let example = |sheet: &FilledSheet| Example::new(sheet.first_row, &sheet.name);
    Some(Question {
        option: QuestionOption::Sheet,
        reason: QuestionReason::SeveralSheets,
        field: None,
        column: None,
        message: Text::new("ask_sheet")
            .with("names", names.join("\", \""))
            .render(language),
        choices: names,
        examples: rivals.iter().map(example).collect(),
    })
}

/// Returns the questions which column holds a field that several columns may hold.
fn ask_for_columns(
    columns: &Columns,
    open: &[(Field, Vec<usize>)],
    observations: &Observations,
    language: Language,
) -> Vec<Question> {
    let ask = |(field, positions): &(Field, Vec<usize>)| {
        let column = columns.title(*field).unwrap_or_default().to_owned();
        let value = |position: &usize| observations.first_row.get(*position).cloned();
        let choices: Vec<String> = positions
            .iter()
            .map(|position| columns.describe_column(*position))
            .collect();
        let listed: Vec<String> = choices.iter().map(|title| format!("\"{title}\"")).collect();
        Question {
            option: QuestionOption::Mapping,
            reason: QuestionReason::RepeatedHeader,
            field: Some(*field),
            message: Text::new("ask_mapping")
                .with("columns", listed.join(", "))
                .with("field", field.as_str())
                .render(language),
            choices,
            examples: positions.iter().filter_map(value).collect(),
            column: Some(column),
        }
    };
    open.iter().map(ask).collect()
}

fn explain_doubt(message: Text, column: &str, examples: &[Example], language: Language) -> String {
    let shown: Vec<String> = examples
        .iter()
        .map(|example| {
            let text = Text::new("example").with("value", &example.value);
            text.with("line", example.line).render(language)
        })
        .collect();
    let message = message.with("column", column);
    message.with("examples", shown.join(", ")).render(language)
}
