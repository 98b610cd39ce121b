//! Files of every shape from known facts: each fact comes back as it was, or its row is rejected by
//! its line, or the file as a whole is refused. Nothing differs in silence.

use std::collections::BTreeMap;
use std::io::Cursor;

use chrono::NaiveDate;
use proptest::collection::vec;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use super::written_files::{Fact, Layout, any_fact, any_layout};
use super::{context, options};
use crate::catalog::import::detect::{
    Detection, NumericCodes, Plan, QuestionOption, examine_file, open_rows,
};
use crate::catalog::import::rows::{RowKeys, RowReader};
use crate::catalog::import::{Context, FileError, Kind, Options, Question};
use crate::identity::Language;

const FILES: usize = 500;
/// Files that must come back whole. The others hold what nobody can separate.
const READ_WHOLE: usize = 475;

/// Returns the options by which the file's author would reply to the questions.
fn reply(layout: &Layout, questions: &[Question]) -> Options {
    let mut replies = serde_json::Map::new();
    for question in questions {
        let (name, reply) = match question.option {
            QuestionOption::Decimal => ("decimal", if layout.comma { "," } else { "." }),
            QuestionOption::DateFormat => {
                let format = match layout.date {
                    "%m/%d/%Y" => "m/d/Y",
                    "%d/%m/%Y" | "%d.%m.%Y" => "d/m/Y",
                    _ => "Y-m-d",
                };
                ("date_format", format)
            }
            other => panic!("asked for {other:?}: {}", question.message),
        };
        replies.insert(name.to_owned(), reply.into());
    }
    options(&serde_json::Value::Object(replies).to_string())
}

/// What became of the rows of a file.
#[derive(Debug, Default)]
struct ReadFile {
    /// By document: code, name, days since 1970, quantity, unit price in millionths.
    accepted: BTreeMap<String, (String, String, i32, i64, i64)>,
    /// The line and the code of each rejected row.
    rejected: Vec<(u64, &'static str)>,
}

fn read_file(layout: &Layout, file: &[u8]) -> Result<ReadFile, FileError> {
    let examine = |options: &Options| {
        let known = NumericCodes::default();
        examine_file(Cursor::new(file), Kind::Sales, options, known, Language::Fr)
    };
    let mut chosen = Options::default();
    let plan = match examine(&chosen)?.detection {
        Detection::Ready(plan) => *plan,
        Detection::NeedsInput(questions) => {
            chosen = reply(layout, &questions);
            match examine(&chosen)?.detection {
                Detection::Ready(plan) => *plan,
                Detection::NeedsInput(questions) => panic!("asked again: {questions:?}"),
            }
        }
    };
    read_rows(file, &chosen, &plan)
}

fn read_rows(file: &[u8], options: &Options, plan: &Plan) -> Result<ReadFile, FileError> {
    let context = Context { ..context() };
    open_rows(Cursor::new(file), Kind::Sales, options, |table, _| {
        let RowReader::Sales(mut reader) = RowReader::new(Kind::Sales, plan, options, &context)?
        else {
            panic!("reads sales")
        };
        let (mut read, mut keys) = (ReadFile::default(), RowKeys::default());
        while table.advance()? {
            let record = table.record();
            match reader.read_line(record, &mut keys) {
                Ok(Some(line)) => {
                    let values = (
                        line.sku.to_owned(),
                        line.name.to_owned(),
                        line.moment.day,
                        line.quantity,
                        line.money.unit_price,
                    );
                    let known = read.accepted.insert(line.document.to_owned(), values);
                    assert_eq!(known, None, "a line came twice");
                }
                Ok(None) => assert!(!reader.warnings.is_empty(), "left out in silence"),
                Err(error) => read.rejected.push((record.line, error.code)),
            }
        }
        Ok(read)
    })
}

/// Returns why facts didn't come back, by the code that says so. Panics where one differs in
/// silence.
fn check_file(facts: &[Fact], layout: &Layout) -> Result<(), &'static str> {
    let (text, lines) = layout.write(facts);
    let read = read_file(layout, &layout.encode(&text)).map_err(|error| error.code)?;
    let (mut found, mut lost) = (0, None);
    for (fact, line) in facts.iter().zip(lines) {
        let Some(values) = read.accepted.get(&fact.document) else {
            let rejected = read.rejected.iter().find(|(rejected, _)| *rejected == line);
            lost = rejected.map(|(_, code)| *code);
            assert!(lost.is_some(), "line {line} is lost:\n{layout:?}\n{text}");
            continue;
        };
        let since_1970 = fact
            .day
            .signed_duration_since(NaiveDate::default())
            .num_days();
        let written = (
            fact.sku.clone(),
            fact.name.replace('\n', layout.line_end),
            i32::try_from(since_1970).unwrap(),
            fact.quantity,
            fact.price * 10_000,
        );
        assert_eq!(*values, written, "line {line}:\n{layout:?}\n{text}");
        found += 1;
    }
    assert_eq!(
        read.accepted.len(),
        found,
        "rows were made up:\n{layout:?}\n{text}"
    );
    lost.map_or(Ok(()), Err)
}

#[test]
fn the_facts_of_500_random_files_come_back_exactly() {
    let mut runner = TestRunner::deterministic();
    let strategy = (vec(any_fact(), 1..40), any_layout());
    let mut lost = BTreeMap::<&str, usize>::new();
    for _ in 0..FILES {
        let (mut facts, layout) = strategy.new_tree(&mut runner).unwrap().current();
        for (index, fact) in facts.iter_mut().enumerate() {
            fact.document = format!("F-{}", index + 1);
        }
        if let Err(code) = check_file(&facts, &layout) {
            *lost.entry(code).or_default() += 1;
        }
    }
    let whole = FILES - lost.values().sum::<usize>();
    assert!(
        whole >= READ_WHOLE,
        "{whole} of {FILES} files were read whole: {lost:?}"
    );
}
