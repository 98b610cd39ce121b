//! Columns that may hold the same field: two headers of one name, or two names of one meaning.
//! Where the rows show that it doesn't matter which one is read, none is asked about.

use super::columns::Columns;
use super::title::Title;
use crate::catalog::import::cells::{LineType, fold_text};
use crate::catalog::import::field::{Content, Field};
use crate::catalog::import::options::Options;
use crate::catalog::import::read::Record;

/// The columns that may hold a field, the best first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rivals {
    pub(super) field: Field,
    pub(super) columns: Vec<usize>,
    /// The headers name the field only where the values do.
    pub(super) need_known_words: bool,
}

/// What the rows say about one field's columns.
#[derive(Debug, Clone)]
struct Contest {
    rivals: Rivals,
    titles: Vec<Title>,
    /// By column: a row has a value in it.
    has_values: Vec<bool>,
    /// By column: a row has a value in another one alone.
    has_gaps: Vec<bool>,
    /// Two columns of a row have different values.
    differ: bool,
}

/// The words by which a column of types is known.
#[derive(Debug, Clone)]
struct TypeWords {
    /// Folded; the options say their meaning.
    mapped: Vec<String>,
    /// Position of the codes of a row's errors, in an error file.
    error_codes: Option<usize>,
}

impl TypeWords {
    fn new(columns: &Columns, options: &Options) -> Self {
        let mapped = options.values.get(&Field::Type).into_iter().flatten();
        Self {
            mapped: mapped.map(|(word, _)| fold_text(word)).collect(),
            error_codes: columns.find_error_codes(),
        }
    }

    /// Whether a text is a type, or was read as one when its row was rejected.
    fn contain(&self, text: &str, record: Record<'_>) -> bool {
        let is_rejected = || {
            let codes = self.error_codes.map(|position| record.field(position));
            !text.is_empty() && codes.is_some_and(|codes| codes.contains("unknown_type"))
        };
        LineType::parse(text).is_some() || self.mapped.contains(&fold_text(text)) || is_rejected()
    }
}

/// What the rows say about all columns of this kind.
#[derive(Debug, Clone)]
pub(super) struct RivalEvidence {
    contests: Vec<Contest>,
    types: TypeWords,
}

impl RivalEvidence {
    pub(super) fn new(columns: &Columns, options: &Options) -> Self {
        let begin = |rivals: &Rivals| Contest {
            titles: rivals
                .columns
                .iter()
                .map(|column| Title::read(&columns.header[*column]))
                .collect(),
            has_values: vec![false; rivals.columns.len()],
            has_gaps: vec![false; rivals.columns.len()],
            differ: false,
            rivals: rivals.clone(),
        };
        Self {
            contests: columns.rivals.iter().map(begin).collect(),
            types: TypeWords::new(columns, options),
        }
    }

    pub(super) fn observe(&mut self, record: Record<'_>, columns: &Columns) {
        for contest in &mut self.contests {
            // A discount isn't read beside an amount.
            let amount = columns.position(Field::Amount);
            let is_unread = contest.rivals.field == Field::Discount
                && amount.is_some_and(|amount| !record.field(amount).is_empty());
            if !is_unread {
                contest.observe(record, &self.types);
            }
        }
    }

    /// Returns the column that holds a row's value of a field: its own, or the first rival with a
    /// value where that one has none.
    pub(super) fn position(
        &self,
        record: Record<'_>,
        columns: &Columns,
        field: Field,
    ) -> Option<usize> {
        let own = columns.position(field)?;
        if self.contests.is_empty() || !record.field(own).is_empty() {
            return Some(own);
        }
        let contest = self.contests.iter().find(|c| c.rivals.field == field);
        let others = contest.into_iter().flat_map(|c| &c.rivals.columns);
        let mut others = others.copied();
        others
            .find(|other| !record.field(*other).is_empty())
            .or(Some(own))
    }

    /// Sets the columns that the rows decide. Returns the fields that they leave open, each with
    /// its possible columns.
    pub(super) fn settle(&self, columns: &mut Columns) -> Vec<(Field, Vec<usize>)> {
        let mut open = Vec::new();
        for contest in &self.contests {
            let field = contest.rivals.field;
            match contest.conclude() {
                Ok(position) => columns.set_position(field, position),
                Err(possible) => open.push((field, possible)),
            }
        }
        open
    }
}

impl Contest {
    fn observe(&mut self, record: Record<'_>, types: &TypeWords) {
        let Rivals {
            field,
            columns,
            need_known_words,
        } = &self.rivals;
        let is_value = |text: &str| match field.content() {
            Content::Text if *need_known_words => types.contain(text, record),
            Content::Text | Content::YesNo => !text.is_empty(),
            Content::Date | Content::Decimal | Content::Integer => {
                text.contains(|c: char| c.is_ascii_digit())
            }
        };
        if columns.len() == 1 && self.has_values[0] {
            return;
        }
        let mut first: Option<(usize, &str)> = None;
        let mut filled = vec![false; columns.len()];
        for (index, column) in columns.iter().enumerate() {
            let text = record.field(*column);
            if !is_value(text) {
                continue;
            }
            filled[index] = true;
            match first {
                None => first = Some((index, text)),
                Some((known, other)) => {
                    let is_zero = !text.contains(|c: char| ('1'..='9').contains(&c));
                    let is_same = self.titles[known].means_as(&self.titles[index]) || is_zero;
                    self.differ |= text != other || !is_same;
                }
            }
        }
        for (index, is_filled) in filled.into_iter().enumerate() {
            self.has_values[index] |= is_filled;
            self.has_gaps[index] |= first.is_some() && !is_filled;
        }
    }

    /// Returns the column to read; `None` where no column has a value that it needs. `Err` holds
    /// the columns that are possible.
    fn conclude(&self) -> Result<Option<usize>, Vec<usize>> {
        let columns = &self.rivals.columns;
        let filled: Vec<usize> = (0..columns.len()).filter(|i| self.has_values[*i]).collect();
        let complete = filled.iter().find(|index| !self.has_gaps[**index]);
        match (&filled[..], complete) {
            ([], _) if self.rivals.need_known_words => Ok(None),
            ([], _) => Ok(columns.first().copied()),
            ([only], _) => Ok(Some(columns[*only])),
            (_, Some(complete)) if !self.differ => Ok(Some(columns[*complete])),
            _ => Err(filled.iter().map(|index| columns[*index]).collect()),
        }
    }
}
