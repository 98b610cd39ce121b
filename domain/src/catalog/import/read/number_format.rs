//! The number format of a cell (ECMA-376, 18.8.31): what a number means where it is shown by it,
//! and the text that it shows of a code.

use super::format_section::{FormatSection, find_section};

/// Excel allows 255 characters; a longer format isn't taken apart.
const MAX_CODE_CHARS: usize = 1_000;

/// What a number means in its format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    Number,
    /// A day, a time of day or both.
    Date,
    /// A time that may pass a day: `[h]:mm`.
    Duration,
    /// The number is a part of one, 0.1 for 10 %.
    Part,
    /// The number is in hundredths already: 10 for 10 %.
    Percents,
    /// An amount, with the sign of its currency.
    Money(String),
}

/// What a format shows of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ShownCode {
    /// The number, perhaps grouped, rounded or with an exponent.
    Number,
    Text(String),
    /// Something that isn't known here and isn't the number.
    Unclear,
}

/// A format of a workbook.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NumberFormat {
    code: String,
    /// Of positive numbers, where no condition decides.
    positive: Option<Meaning>,
    is_too_long: bool,
}

impl NumberFormat {
    pub(super) fn parse(code: &str) -> Self {
        if code.chars().nth(MAX_CODE_CHARS).is_some() {
            return Self {
                code: String::new(),
                positive: Some(Meaning::Number),
                is_too_long: true,
            };
        }
        let has_condition = ["[<", "[>", "[="].iter().any(|start| code.contains(start));
        Self {
            positive: (!has_condition)
                .then(|| FormatSection::parse(find_section(code, 1.0)).meaning()),
            code: code.to_owned(),
            is_too_long: false,
        }
    }

    /// Returns a format that every spreadsheet has (ECMA-376, 18.8.30). The currency of those that
    /// show one is that of the reader's country.
    pub(super) fn of_id(id: u32) -> Self {
        Self::parse(match id {
            1 => "0",
            2 => "0.00",
            3 => "#,##0",
            4 => "#,##0.00",
            9 => "0%",
            10 => "0.00%",
            11 | 48 => "0.00E+00",
            12 | 13 => "# ?/?",
            14..=22 | 27..=36 | 45 | 47 | 50..=58 => "d",
            46 => "[h]:mm:ss",
            37..=44 => "#,##0.00",
            _ => "General",
        })
    }

    /// Returns what a number means.
    pub(super) fn meaning_of(&self, number: f64) -> Meaning {
        match &self.positive {
            Some(meaning) if number > 0.0 || self.is_too_long => meaning.clone(),
            _ => FormatSection::parse(find_section(&self.code, number)).meaning(),
        }
    }

    /// Returns what the format shows of a number that is a code.
    pub(super) fn show_code(&self, number: f64) -> ShownCode {
        if self.is_too_long {
            return ShownCode::Unclear;
        }
        FormatSection::parse(find_section(&self.code, number)).show_code(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_says_what_its_number_means() {
        let money = |sign: &str| Meaning::Money(sign.to_owned());
        for (code, expected) in [
            ("dd/mm/yyyy", Meaning::Date),
            ("d-mmm", Meaning::Date),
            ("[$-40C]d mmmm yyyy;@", Meaning::Date),
            ("h:mm AM/PM", Meaning::Date),
            ("[h]:mm", Meaning::Duration),
            ("[mm]:ss.0", Meaning::Duration),
            ("General", Meaning::Number),
            ("Standard", Meaning::Number),
            ("0.00E+00", Meaning::Number),
            ("#,##0.00\\ \"days\"", Meaning::Number),
            ("[Magenta]0.00", Meaning::Number),
            ("0;dd", Meaning::Number),
            ("@", Meaning::Number),
            ("_d0*m", Meaning::Number),
            ("\"never closed d", Meaning::Number),
            ("[", Meaning::Number),
            ("", Meaning::Number),
            ("0 \"kg\"", Meaning::Number),
            ("0%", Meaning::Part),
            ("[Red]0.00\\%;-0%", Meaning::Percents),
            ("0.00 %", Meaning::Part),
            ("0\"%\"", Meaning::Percents),
            ("#,##0.00 \"€\"", money("€")),
            ("[$$-409]#,##0.00", money("$")),
            ("$#,##0", money("$")),
            ("[$€-40C]0.00", money("€")),
            ("#,##0\\ [$F CFA-x]", money("F CFA")),
            ("0 [$XOF]", money("XOF")),
            ("#,##0 FCFA", money("FCFA")),
            ("0.00 USD", money("USD")),
            ("_-* #,##0.00\\ \"€\"_-;\\-* #,##0.00\\ \"€\"_-", money("€")),
            ("0.00 \"€ HT\"", money("€")),
            ("0.00 \"€/kg\"", money("€")),
            ("0 [$kwacha-x]", money("kwacha")),
        ] {
            assert_eq!(
                NumberFormat::parse(code).meaning_of(5.0),
                expected,
                "{code}"
            );
        }
    }

    #[test]
    fn the_number_chooses_the_section() {
        let format = NumberFormat::parse("[<1]0%;[>=100]0 \"€\";0");
        assert_eq!(format.meaning_of(0.5), Meaning::Part);
        assert_eq!(format.meaning_of(100.0), Meaning::Money("€".into()));
        assert_eq!(format.meaning_of(5.0), Meaning::Number);
        let format = NumberFormat::parse("0;0%;\"€\" 0");
        assert_eq!(format.meaning_of(-1.0), Meaning::Part);
        assert_eq!(format.meaning_of(0.0), Meaning::Money("€".into()));
    }

    #[test]
    fn a_code_is_what_its_format_shows() {
        let text = |text: &str| ShownCode::Text(text.to_owned());
        for (code, number, expected) in [
            ("0000", 17.0, text("0017")),
            ("0000", 12_345.0, text("12345")),
            ("0000", -17.0, text("-0017")),
            ("0", 12.0, text("12")),
            ("0", 2.5, text("3")),
            ("\"ART-\"000", 17.0, text("ART-017")),
            ("\\A000", 17.0, text("A017")),
            ("0.00", 12.1, text("12.10")),
            ("0.00", 0.3, text("0.30")),
            ("00-000", 1_234.0, text("01-234")),
            (
                "0#\" \"##\" \"##\" \"##\" \"##",
                612_345_678.0,
                text("06 12 34 56 78"),
            ),
            ("\"ART-\"#", 17.0, text("ART-17")),
            ("\"ART-\"General", 17.5, text("ART-17.5")),
            ("000;(000)", -17.0, text("(017)")),
            ("000_);000", 17.0, text("017")),
            ("General", 17.0, ShownCode::Number),
            ("@", 17.0, ShownCode::Number),
            ("#,##0", 1_234.0, ShownCode::Number),
            ("#", 17.0, ShownCode::Number),
            ("0.00E+00", 17.0, ShownCode::Number),
            ("# ?/?", 0.75, ShownCode::Unclear),
            ("0%", 0.05, ShownCode::Unclear),
            ("\"N° \"#,##0", 1_234.0, ShownCode::Unclear),
            (";;;", 17.0, ShownCode::Unclear),
            ("\"vendu\"", 17.0, ShownCode::Unclear),
            ("[DBNum1]0", 17.0, ShownCode::Unclear),
            ("0000", 1e15, ShownCode::Number),
        ] {
            assert_eq!(
                NumberFormat::parse(code).show_code(number),
                expected,
                "{code}"
            );
        }
    }

    #[test]
    fn a_format_of_any_length_is_read() {
        let long = NumberFormat::parse(&"0".repeat(MAX_CODE_CHARS + 1));
        assert_eq!(long.meaning_of(-1.0), Meaning::Number);
        assert_eq!(long.show_code(1.0), ShownCode::Unclear);
    }
}
