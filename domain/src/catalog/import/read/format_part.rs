//! The parts of a section of a number format, read one by one.

use crate::catalog::import::written_currency::WrittenCurrency;

const COLOURS: [&str; 8] = [
    "black", "blue", "cyan", "green", "magenta", "red", "white", "yellow",
];

/// A part of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// `0`, `#` or `?`.
    Digit(char),
    Point,
    /// A separator of thousands, or a division by them.
    Comma,
    Percent,
    Exponent,
    Slash,
    /// The number as it is.
    General,
    Literal(char),
    /// The sign of a currency in brackets.
    Currency(String),
    DateLetter,
    Elapsed,
    Unknown,
}

/// A condition in brackets: `[>=100]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Condition {
    operator: &'static str,
    limit: f64,
}

impl Condition {
    pub(super) fn parse(inner: &str) -> Option<Self> {
        let operators = ["<=", ">=", "<>", "<", ">", "="];
        let operator = operators.into_iter().find(|o| inner.starts_with(o))?;
        let limit = inner[operator.len()..].trim().parse().ok()?;
        Some(Self { operator, limit })
    }

    #[expect(clippy::float_cmp, reason = "a spreadsheet compares like this")]
    pub(super) fn holds(self, number: f64) -> bool {
        match self.operator {
            "<=" => number <= self.limit,
            ">=" => number >= self.limit,
            "<>" => number != self.limit,
            "<" => number < self.limit,
            ">" => number > self.limit,
            _ => number == self.limit,
        }
    }
}

/// Returns the parts of a section in their order.
pub(super) fn read_parts(section: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = section;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        rest = read_part(character, rest, &mut parts);
    }
    parts
}

/// Reads the part that begins with `character`; returns what stands behind it.
fn read_part<'f>(character: char, rest: &'f str, parts: &mut Vec<Part>) -> &'f str {
    let skip_one = |text: &'f str| {
        let mut characters = text.chars();
        characters.next();
        characters.as_str()
    };
    let part = match character {
        '\\' => {
            parts.extend(rest.chars().next().map(Part::Literal));
            return skip_one(rest);
        }
        '_' => {
            parts.push(Part::Literal(' '));
            return skip_one(rest);
        }
        '*' => return skip_one(rest),
        '"' => {
            let (quoted, behind) = rest.split_once('"').unwrap_or((rest, ""));
            parts.extend(quoted.chars().map(Part::Literal));
            return behind;
        }
        '[' => {
            let (inner, behind) = rest.split_once(']').unwrap_or((rest, ""));
            parts.extend(read_brackets(inner));
            return behind;
        }
        '0' | '#' | '?' => Part::Digit(character),
        '.' => Part::Point,
        ',' => Part::Comma,
        '%' => Part::Percent,
        '/' => Part::Slash,
        '@' => Part::General,
        'E' | 'e' if rest.starts_with(['+', '-']) => {
            parts.push(Part::Exponent);
            return &rest[1..];
        }
        'G' | 'g' if starts_with_word(rest, "eneral") => {
            parts.push(Part::General);
            return &rest["eneral".len()..];
        }
        'S' | 's' if starts_with_word(rest, "tandard") => {
            parts.push(Part::General);
            return &rest["tandard".len()..];
        }
        letter if letter.is_ascii_uppercase() && is_iso_code(letter, rest) => {
            parts.extend(
                [letter]
                    .into_iter()
                    .chain(rest[..2].chars())
                    .map(Part::Literal),
            );
            return &rest[2..];
        }
        letter if "dmyhsDMYHS".contains(letter) => Part::DateLetter,
        other => Part::Literal(other),
    };
    parts.push(part);
    rest
}

/// Whether a currency's code stands without the quotes that it needs, as programs write it.
fn is_iso_code(first: char, rest: &str) -> bool {
    let word: String = rest.chars().take_while(char::is_ascii_alphabetic).collect();
    word.len() == 2 && WrittenCurrency::parse(&format!("{first}{word}")).is_some()
}

fn starts_with_word(text: &str, word: &str) -> bool {
    (text.get(..word.len())).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// Brackets hold a currency, a time that may pass a day, a colour, a condition or the digits of
/// another script.
fn read_brackets(inner: &str) -> Option<Part> {
    if let Some(currency) = inner.strip_prefix('$') {
        let sign = currency.rsplit_once('-').map_or(currency, |(sign, _)| sign);
        return (!sign.trim().is_empty()).then(|| Part::Currency(sign.trim().to_owned()));
    }
    let folded = inner.to_ascii_lowercase();
    let is_elapsed = |letter: char| !folded.is_empty() && folded.chars().all(|c| c == letter);
    if ['h', 'm', 's'].into_iter().any(is_elapsed) {
        return Some(Part::Elapsed);
    }
    let is_colour = COLOURS.contains(&&*folded) || folded.starts_with("color");
    if is_colour || Condition::parse(inner).is_some() {
        return None;
    }
    Some(Part::Unknown)
}
