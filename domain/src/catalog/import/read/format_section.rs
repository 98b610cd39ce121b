//! One section of a number format, such as the second of `0;-0;"-"`, and how it is found.

use super::format_part::{Condition, Part, read_parts};
use super::number_format::{Meaning, ShownCode};
use super::typed::write_plain_number;
use crate::catalog::import::written_currency::WrittenCurrency;

/// Numbers from this on have more digits than a spreadsheet keeps.
const MIN_INEXACT: f64 = 1e15;

/// The section of a format that shows a number.
#[derive(Debug)]
pub(super) struct FormatSection {
    parts: Vec<Part>,
    /// Shows negative numbers alone, and writes their sign itself or not at all.
    is_of_negatives: bool,
}

/// Where a section stands in its format.
#[derive(Debug, Clone, Copy)]
pub(super) struct SectionText<'f> {
    text: &'f str,
    is_of_negatives: bool,
}

/// Returns the section of a format that shows `number`; an empty one where none does.
pub(super) fn find_section(code: &str, number: f64) -> SectionText<'_> {
    let sections = split_sections(code);
    let numeric = &sections[..sections.len().min(3)];
    let conditions: Vec<_> = numeric.iter().map(|text| find_condition(text)).collect();
    if conditions.iter().any(Option::is_some) {
        let holds = |condition: &Option<Condition>| condition.is_none_or(|c| c.holds(number));
        let found = conditions.iter().position(holds);
        return SectionText {
            text: found.map_or("", |index| numeric[index]),
            is_of_negatives: false,
        };
    }
    let index = match numeric.len() {
        2 | 3 if number < 0.0 => 1,
        3 if number == 0.0 => 2,
        _ => 0,
    };
    SectionText {
        text: numeric[index],
        is_of_negatives: index == 1,
    }
}

/// Splits a format at the semicolons outside quotes, escapes and brackets.
fn split_sections(code: &str) -> Vec<&str> {
    let (mut sections, mut start) = (Vec::new(), 0);
    let mut characters = code.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' | '_' | '*' => drop(characters.next()),
            '"' => drop(characters.find(|(_, c)| *c == '"')),
            '[' => drop(characters.find(|(_, c)| *c == ']')),
            ';' => {
                sections.push(&code[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    sections.push(&code[start..]);
    sections
}

fn find_condition(section: &str) -> Option<Condition> {
    let mut rest = section;
    while let Some((_, behind)) = rest.split_once('[') {
        let (inner, next) = behind.split_once(']')?;
        if let Some(condition) = Condition::parse(inner) {
            return Some(condition);
        }
        rest = next;
    }
    None
}

impl FormatSection {
    pub(super) fn parse(section: SectionText<'_>) -> Self {
        Self {
            parts: read_parts(section.text),
            is_of_negatives: section.is_of_negatives,
        }
    }

    pub(super) fn meaning(&self) -> Meaning {
        let has = |part: &Part| self.parts.contains(part);
        if has(&Part::Elapsed) {
            return Meaning::Duration;
        }
        if has(&Part::DateLetter) {
            return Meaning::Date;
        }
        if has(&Part::Percent) {
            return Meaning::Part;
        }
        if has(&Part::Literal('%')) {
            return Meaning::Percents;
        }
        self.find_currency().map_or(Meaning::Number, Meaning::Money)
    }

    /// Returns the sign of a currency that stands beside the number. What stands in brackets is
    /// one, whether it is known or not; other texts may be units.
    fn find_currency(&self) -> Option<String> {
        let in_brackets = self.parts.iter().find_map(|part| match part {
            Part::Currency(sign) => Some(sign.clone()),
            _ => None,
        });
        if in_brackets.is_some() {
            return in_brackets;
        }
        let mut beside = String::new();
        for part in &self.parts {
            match part {
                Part::Literal('(' | ')' | '-' | '+') => {}
                Part::Literal(character) => beside.push(*character),
                _ if beside.ends_with(' ') => {}
                _ => beside.push(' '),
            }
        }
        let words = beside.split([' ', '/', '\u{a0}', '\u{202f}']);
        let is_currency = |text: &&str| WrittenCurrency::parse(text).is_some();
        let found = Some(beside.trim()).filter(is_currency);
        found
            .or_else(|| words.into_iter().find(is_currency))
            .map(str::to_owned)
    }

    pub(super) fn show_code(&self, number: f64) -> ShownCode {
        let has = |wanted: &[Part]| self.parts.iter().any(|part| wanted.contains(part));
        let is_visible = |part: &Part| match part {
            Part::Literal(character) => !character.is_whitespace(),
            Part::Currency(_) => true,
            _ => false,
        };
        let has_literal = self.parts.iter().any(is_visible);
        let has_number =
            has(&[Part::General]) || self.parts.iter().any(|part| matches!(part, Part::Digit(_)));
        if !has_number || has(&[Part::Percent, Part::Slash, Part::Unknown]) {
            return ShownCode::Unclear;
        }
        let is_grouped = has(&[Part::Comma, Part::Exponent]);
        let is_optional = has(&[Part::Digit('#'), Part::Digit('?'), Part::General]);
        if number.abs() >= MIN_INEXACT {
            return ShownCode::Number;
        }
        match (has_literal, is_grouped) {
            (true, true) => ShownCode::Unclear,
            (false, true) => ShownCode::Number,
            (false, false) if is_optional && !self.has_inner_blank() => ShownCode::Number,
            (_, false) => ShownCode::Text(self.render(number)),
        }
    }

    /// Whether blanks stand between the digits.
    fn has_inner_blank(&self) -> bool {
        let is_digit = |part: &Part| matches!(part, Part::Digit(_));
        let first = self.parts.iter().position(is_digit);
        let last = self.parts.iter().rposition(is_digit);
        let inner = first
            .zip(last)
            .map(|(first, last)| &self.parts[first..=last]);
        let is_literal = |part: &Part| matches!(part, Part::Literal(_));
        inner.is_some_and(|inner| inner.iter().any(is_literal))
    }

    /// Writes a number of up to fifteen digits in digits and literals.
    fn render(&self, number: f64) -> String {
        let is_point = |part: &Part| *part == Part::Point;
        let point = self.parts.iter().position(is_point);
        let (whole_parts, rest) = self.parts.split_at(point.unwrap_or(self.parts.len()));
        let is_digit = |part: &&Part| matches!(part, Part::Digit(_));
        let decimals = rest.iter().filter(is_digit).count().min(30);
        // A half is rounded away from zero.
        let rounded = number.abs() * (1.0 + f64::EPSILON);
        let digits = format!("{rounded:.decimals$}");
        let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
        let mut shown = render_whole(whole_parts, whole.trim_start_matches('0'), number.abs());
        render_fraction(rest, fraction, &mut shown);
        let is_zero = digits.bytes().all(|byte| matches!(byte, b'0' | b'.'));
        if number < 0.0 && !self.is_of_negatives && !is_zero {
            shown.insert(0, '-');
        }
        shown.trim().to_owned()
    }
}

/// Writes the digits of a whole number into their places. The first place takes all digits that are
/// left.
fn render_whole(parts: &[Part], digits: &str, number: f64) -> String {
    let mut places = parts.iter().filter(|p| matches!(p, Part::Digit(_))).count();
    let mut digits = digits.chars().rev();
    let mut shown = Vec::new();
    for part in parts.iter().rev() {
        match part {
            Part::Literal(character) => shown.push(*character),
            Part::Currency(sign) => shown.extend(sign.chars().rev()),
            Part::General => {
                let mut text = String::new();
                write_plain_number(number, &mut text);
                shown.extend(text.chars().rev());
            }
            Part::Digit(place) => {
                places -= 1;
                shown.extend(digits.next().or((*place == '0').then_some('0')));
                if places == 0 {
                    shown.extend(digits.by_ref());
                }
            }
            _ => {}
        }
    }
    shown.iter().rev().collect()
}

/// Appends the digits behind the point; `#` shows no zero at the end.
fn render_fraction(parts: &[Part], fraction: &str, shown: &mut String) {
    let mut digits = fraction;
    for part in parts {
        match part {
            Part::Point => shown.push('.'),
            Part::Literal(character) => shown.push(*character),
            Part::Currency(sign) => shown.push_str(sign),
            Part::Digit(place) => {
                let (digit, rest) = digits.split_at(digits.len().min(1));
                if *place == '0' || digits.bytes().any(|byte| byte != b'0') {
                    shown.push_str(digit);
                }
                digits = rest;
            }
            _ => {}
        }
    }
}
