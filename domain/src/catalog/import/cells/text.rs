//! Texts in the forms in which they are compared or stored.

/// In English, French, Portuguese and Spanish, without their `#`.
const FORMULA_ERRORS: [&str; 22] = [
    "N/A",
    "N/D",
    "N/DISP",
    "REF!",
    "VALUE!",
    "VALEUR!",
    "VALOR!",
    "NAME?",
    "NOM?",
    "NOME?",
    "NOMBRE?",
    "DIV/0!",
    "NULL!",
    "NUL!",
    "NULO!",
    "NUM!",
    "NOMBRE!",
    "NÚM!",
    "SPILL!",
    "PROPAGATION!",
    "CALC!",
    "EPARS!",
];
const PLACEHOLDERS: [&str; 17] = [
    "NULL",
    "Null",
    "null",
    "(null)",
    "<null>",
    "nan",
    "NaN",
    "NAN",
    "<NA>",
    "NaT",
    "None",
    "none",
    "N/A",
    "n/a",
    "N/a",
    "undefined",
    "(none)",
];
const MAX_PLACEHOLDER_BYTES: usize = 9;

/// Folds to lower case without accents, blanks and signs: `N° de Facture ` becomes `ndefacture`.
pub(crate) fn fold_text(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .filter_map(|c| match c {
            'à' | 'â' | 'ä' | 'á' | 'ã' => Some('a'),
            'é' | 'è' | 'ê' | 'ë' => Some('e'),
            'î' | 'ï' | 'í' => Some('i'),
            'ô' | 'ö' | 'ó' => Some('o'),
            'ù' | 'û' | 'ü' | 'ú' => Some('u'),
            'ç' => Some('c'),
            c if c.is_alphanumeric() => Some(c),
            _ => None,
        })
        .collect()
}

/// Removes the `.0` that spreadsheets and data frames append to the number 17850.
pub(crate) fn trim_fraction(text: &str) -> &str {
    split_fraction(text).unwrap_or(text)
}

/// Returns the digits before a fraction of zeros: `17850` of `17850.0` and of `17850,00`.
#[inline]
pub(crate) fn split_fraction(text: &str) -> Option<&str> {
    let whole = text.trim_end_matches('0').strip_suffix(['.', ','])?;
    let is_number = !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !text.ends_with(['.', ','])).then_some(whole)
}

/// Whether a text is the error of a formula, as spreadsheets write it into a text file.
pub(crate) fn is_formula_error(text: &str) -> bool {
    if let Some(number) = text.strip_prefix("Err:") {
        return number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit());
    }
    let Some(name) = text.strip_prefix('#') else {
        return false;
    };
    let name = name.trim_start_matches(['¡', '¿']).to_uppercase();
    // A cell of this kind is narrower than its number.
    let is_too_narrow = name.len() > 1 && name.bytes().all(|byte| byte == b'#');
    is_too_narrow || FORMULA_ERRORS.contains(&&*name)
}

/// Whether a text says that there is none, as programs write it.
#[inline]
pub(crate) fn is_placeholder(text: &str) -> bool {
    if text.len() > MAX_PLACEHOLDER_BYTES {
        return false;
    }
    match text.as_bytes() {
        [
            b'-' | b'?' | b'.' | b'N' | b'n' | b'u' | b'<' | b'(' | 0xe2,
            ..,
        ] => {
            let is_mark = |mark| text.chars().all(|c| c == mark);
            let marks = ['-', '?', '.', '\u{2013}', '\u{2014}'];
            PLACEHOLDERS.contains(&text) || marks.into_iter().any(is_mark)
        }
        _ => false,
    }
}

/// Cuts a text for people, such as a name, to `max_chars`.
pub(crate) fn cut_text(text: &str, max_chars: usize) -> &str {
    if text.len() <= max_chars {
        return text;
    }
    text.char_indices()
        .nth(max_chars)
        .map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_formulas_are_known_in_text() {
        for text in [
            "#N/A", "#REF!", "#VALEUR!", "#VALUE!", "#NOM?", "#NAME?", "#DIV/0!", "#NULL!",
            "#NUL!", "#NUM!", "#NOMBRE!", "########", "###", "Err:502", "#n/a", "#¡REF!",
        ] {
            assert!(is_formula_error(text), "{text}");
        }
        for text in [
            "#1", "#", "##", "#N/A-5", "Err:5", "Err:50x", "N/A", "REF!", "#12345", "",
        ] {
            assert!(!is_formula_error(text), "{text}");
        }
    }

    #[test]
    fn words_for_nothing_are_known() {
        for text in [
            "NULL", "nan", "NaN", "None", "N/A", "n/a", "-", "--", "?", ".", "—",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["NA", "Nan 1", "0", "-1", "N", "Null et fils", "A", "", "’s"] {
            assert!(!is_placeholder(text) || text.is_empty(), "{text}");
        }
    }

    #[test]
    fn a_fraction_of_zeros_is_split_from_its_digits() {
        for (text, whole) in [
            ("17850.0", Some("17850")),
            ("6191234500013,00", Some("6191234500013")),
            ("10.0", Some("10")),
            ("100.0", Some("100")),
            ("12.10", None),
            ("12.01", None),
            ("100", None),
            ("100.", None),
            (".0", None),
            ("A1.0", None),
            ("1.0.0", None),
        ] {
            assert_eq!(split_fraction(text), whole, "{text}");
        }
    }
}
