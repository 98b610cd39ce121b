//! Numeric codes that differ only by leading zeros: `17` in a file whose products are `0017`. A
//! spreadsheet drops such zeros, so the caller decides whether the codes are one. A fraction of
//! zeros, as in `17.0`, is what a program adds to a number: it goes where the code `17` is known.

use std::collections::{HashMap, HashSet};

use super::columns::Columns;
use super::question::{Example, Question, QuestionOption, QuestionReason};
use crate::Text;
use crate::catalog::code_key::write_key;
use crate::catalog::import::cells::{NumericCode, split_fraction};
use crate::catalog::import::field::Field;
use crate::catalog::import::options::LeadingZeros;
use crate::identity::Language;

/// Further codes of a file are compared with the catalog alone, so that memory stays flat.
const MAX_NUMBERS: usize = 1 << 20;
/// Codes that a question shows.
const MAX_EXAMPLES: usize = 3;

/// Numeric codes by their number.
#[derive(Debug, Clone, Default)]
pub struct NumericCodes(HashMap<u64, Spellings>);

impl NumericCodes {
    /// Adds the code with this key, if it is numeric.
    pub(crate) fn insert(&mut self, key: &str) {
        if let Some(code) = NumericCode::parse(key) {
            self.0.entry(code.number).or_default().insert(code);
        }
    }
}

/// The numbers of digits with which one number is written. Bit 4 stands for `0017`.
#[derive(Debug, Clone, Copy, Default)]
struct Spellings(u32);

impl Spellings {
    fn insert(&mut self, code: NumericCode) {
        self.0 |= 1 << code.digits;
    }

    fn contains(self, code: NumericCode) -> bool {
        self.0 & 1 << code.digits != 0
    }

    /// Returns the codes of `number`, the one with the fewest zeros first.
    fn codes_of(self, number: u64) -> impl Iterator<Item = NumericCode> {
        (1..u32::BITS)
            .map(move |digits| NumericCode { number, digits })
            .filter(move |code| self.contains(*code))
    }
}

/// What the rows of a file reveal about leading zeros.
#[derive(Debug, Clone)]
pub(super) struct ZeroEvidence {
    /// Codes of the catalog and of earlier rows.
    known: NumericCodes,
    answer: Option<LeadingZeros>,
    /// Codes whose zeros differ from those of a known one, with that one.
    doubts: Vec<(Example, NumericCode)>,
    aliases: CodeAliases,
    /// Codes that the file writes with a fraction of zeros.
    fractions: HashSet<NumericCode>,
    key: String,
}

impl ZeroEvidence {
    /// `known` holds the codes of the catalog.
    pub(super) fn new(known: NumericCodes, answer: Option<LeadingZeros>) -> Self {
        Self {
            known,
            answer,
            doubts: Vec::new(),
            aliases: CodeAliases::default(),
            fractions: HashSet::new(),
            key: String::new(),
        }
    }

    pub(super) fn observe(&mut self, line: u64, text: &str) {
        if let Some(code) = self.parse_code(text) {
            self.observe_code(line, text, code);
        } else if let Some(code) = split_fraction(text).and_then(NumericCode::parse) {
            if self.fractions.len() < MAX_NUMBERS {
                self.fractions.insert(code);
            }
            if self.known.0.contains_key(&code.number) {
                self.observe_code(line, text, code);
            }
        }
    }

    fn observe_code(&mut self, line: u64, text: &str, code: NumericCode) {
        let is_full = self.known.0.len() >= MAX_NUMBERS;
        let Some(spellings) = self.known.0.get_mut(&code.number) else {
            if !is_full {
                self.known.0.entry(code.number).or_default().insert(code);
            }
            return;
        };
        if spellings.contains(code) {
            return;
        }
        match self.answer {
            Some(LeadingZeros::Same) => {
                self.aliases.zeros.insert(code.number, *spellings);
                return;
            }
            Some(LeadingZeros::Distinct) => {
                spellings.insert(code);
                return;
            }
            None => {}
        }
        let similar = spellings.codes_of(code.number).next();
        // Each code is in doubt once.
        spellings.insert(code);
        if self.doubts.len() < MAX_EXAMPLES {
            let doubt = similar.map(|similar| (Example::new(line, text), similar));
            self.doubts.extend(doubt);
        }
    }

    fn parse_code(&mut self, text: &str) -> Option<NumericCode> {
        if let Some(code) = NumericCode::parse(text) {
            return Some(code);
        }
        if text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        write_key(text, &mut self.key);
        NumericCode::parse(&self.key)
    }

    /// Returns the question that the codes raise.
    pub(super) fn ask(&self, columns: &Columns, language: Language) -> Option<Question> {
        if self.doubts.is_empty() {
            return None;
        }
        let column = columns.title(Field::Sku).unwrap_or_default().to_owned();
        let shown: Vec<String> = self
            .doubts
            .iter()
            .map(|(found, known)| {
                let pair = Text::new("similar_codes").with("value", &found.value);
                pair.with("line", found.line)
                    .with("known", known)
                    .render(language)
            })
            .collect();
        let shown = shown.join(", ");
        Some(Question {
            option: QuestionOption::LeadingZeros,
            reason: QuestionReason::SimilarCodes,
            field: Some(Field::Sku),
            choices: vec!["same".to_owned(), "distinct".to_owned()],
            message: Text::new("ask_leading_zeros")
                .with("column", &column)
                .with("examples", shown)
                .render(language),
            column: Some(column),
            examples: self.doubts.iter().map(|(found, _)| found.clone()).collect(),
        })
    }

    pub(super) fn into_aliases(mut self) -> CodeAliases {
        let (known, zeros) = (&self.known.0, &self.aliases.zeros);
        self.fractions.retain(|code| {
            let spellings = known.get(&code.number);
            let is_known = spellings.is_some_and(|spellings| spellings.contains(*code));
            is_known || zeros.contains_key(&code.number)
        });
        CodeAliases {
            fractions: self.fractions,
            ..self.aliases
        }
    }
}

/// The codes that stand for another one.
#[derive(Debug, Clone, Default)]
pub(crate) struct CodeAliases {
    /// Where the answer is [`LeadingZeros::Same`]: the codes of the catalog, else the first ones of
    /// the file, by number.
    zeros: HashMap<u64, Spellings>,
    /// Known codes that the file writes with a fraction of zeros too.
    fractions: HashSet<NumericCode>,
}

/// What a code stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Alias {
    Itself,
    Of(NumericCode),
    /// The catalog has several codes of this number.
    OneOf(Vec<NumericCode>),
}

impl CodeAliases {
    #[inline]
    pub(crate) fn find(&self, key: &str) -> Alias {
        if self.zeros.is_empty() && self.fractions.is_empty() {
            return Alias::Itself;
        }
        if let Some(code) = NumericCode::parse(key) {
            return self.find_spelling(code);
        }
        let whole = split_fraction(key).and_then(NumericCode::parse);
        match whole.filter(|code| self.fractions.contains(code)) {
            None => Alias::Itself,
            Some(code) => match self.find_spelling(code) {
                Alias::Itself => Alias::Of(code),
                alias => alias,
            },
        }
    }

    fn find_spelling(&self, code: NumericCode) -> Alias {
        let spellings = self.zeros.get(&code.number).copied();
        let Some(spellings) = spellings.filter(|spellings| !spellings.contains(code)) else {
            return Alias::Itself;
        };
        let known: Vec<_> = spellings.codes_of(code.number).collect();
        match known[..] {
            [known] => Alias::Of(known),
            _ => Alias::OneOf(known),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observe(catalog: &[&str], answer: Option<LeadingZeros>, codes: &[&str]) -> ZeroEvidence {
        let mut known = NumericCodes::default();
        catalog.iter().for_each(|key| known.insert(key));
        let mut evidence = ZeroEvidence::new(known, answer);
        for (line, code) in (2..).zip(codes) {
            evidence.observe(line, code);
        }
        evidence
    }

    fn doubts(catalog: &[&str], codes: &[&str]) -> Vec<String> {
        let found = observe(catalog, None, codes).doubts;
        let shown = found
            .iter()
            .map(|(e, known)| format!("{} {} {known}", e.line, e.value));
        shown.collect()
    }

    #[test]
    fn codes_that_differ_by_leading_zeros_are_in_doubt_once() {
        assert_eq!(doubts(&["0017"], &["17", "42", "17"]), ["2 17 0017"]);
        assert_eq!(doubts(&["17"], &["17", "0017"]), ["3 0017 17"]);
        assert_eq!(doubts(&[], &["42", " 0042"]), ["3  0042 42"]);
        assert_eq!(doubts(&["0"], &["000"]), ["2 000 0"]);
        for codes in [
            &["17", "18"][..],
            &["A17", "A0017"],
            &["17a", "017a"],
            &["-17"],
        ] {
            assert_eq!(doubts(&["17", "0017"], codes), [""; 0], "{codes:?}");
        }
        assert!(
            observe(&["0017"], Some(LeadingZeros::Distinct), &["17"])
                .doubts
                .is_empty()
        );
    }

    #[test]
    fn a_fraction_of_zeros_goes_where_the_whole_code_is_known() {
        let same = Some(LeadingZeros::Same);
        let whole = |text| Alias::Of(NumericCode::parse(text).unwrap());
        for (catalog, answer, codes, key, expected) in [
            (&["17"][..], None, &["17.0"][..], "17.0", whole("17")),
            (&[], None, &["17.0", "17"], "17.0", whole("17")),
            (&[], None, &["17", "17,00"], "17,00", whole("17")),
            (
                &["17"],
                Some(LeadingZeros::Distinct),
                &["17.0"],
                "17.0",
                whole("17"),
            ),
            (&["0017"], same, &["17.0"], "17.0", whole("0017")),
            (&["12"], None, &["12.10"], "12.10", Alias::Itself),
            (&[], None, &["17.0", "18.0"], "17.0", Alias::Itself),
        ] {
            let aliases = observe(catalog, answer, codes).into_aliases();
            assert_eq!(aliases.find(key), expected, "{catalog:?} {codes:?}");
        }
        assert_eq!(doubts(&["0017"], &["17.0"]), ["2 17.0 0017"]);
    }

    #[test]
    fn a_code_stands_for_the_one_of_the_catalog_or_the_first_of_the_file() {
        let same = Some(LeadingZeros::Same);
        let catalog = ["0017", "5", "05", "900"];
        let aliases = observe(&catalog, same, &["17", "042", "42", "00042", "005", "900"]);
        let aliases = aliases.into_aliases();
        let code = |text| NumericCode::parse(text).unwrap();
        for (key, expected) in [
            ("17", Alias::Of(code("0017"))),
            ("0017", Alias::Itself),
            ("042", Alias::Itself),
            ("42", Alias::Of(code("042"))),
            ("00042", Alias::Of(code("042"))),
            ("005", Alias::OneOf(vec![code("5"), code("05")])),
            ("05", Alias::Itself),
            ("900", Alias::Itself),
            ("a", Alias::Itself),
        ] {
            assert_eq!(aliases.find(key), expected, "{key}");
        }
    }
}
