//! The key by which codes and names are compared. The program alone computes it; the database
//! stores it and compares its bytes.
//!
//! Two texts have one key if a person reads them as one code: blanks, control characters and
//! invisible marks are left out, upper and lower case are one, and so are composed and decomposed
//! accents. Full-width, mathematical and Arabic presentation forms and ligatures count as the
//! characters that they show, as NFKC maps them, because only a font or a keyboard chooses them.
//! What else NFKC maps stays: `2,5²` isn't `2,52`, and `①` isn't `1`.

use caseless::Caseless as _;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_normalization::UnicodeNormalization as _;

/// Returns the key of a code or a name; "" where no character of `text` is visible.
pub fn compute_key(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    write_key(text, &mut key);
    key
}

/// Replaces `key` by the key of `text`. Texts in Latin letters need no other memory.
#[inline]
pub(crate) fn write_key(text: &str, key: &mut String) {
    key.clear();
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        key.push_str(text);
        key.make_ascii_lowercase();
    } else if !write_latin_key(text, key) {
        key.clear();
        write_any_key(text, key);
    }
}

/// Writes the key of a text in composed Latin letters. Returns `false` where another character
/// occurs.
fn write_latin_key(text: &str, key: &mut String) -> bool {
    for c in text.chars() {
        match c {
            '!'..='~' => key.push(c.to_ascii_lowercase()),
            '\0'..=' ' | '\u{7f}'..='\u{a0}' | '\u{ad}' => {}
            'ß' => key.push_str("ss"),
            'µ' => key.push('μ'),
            'ŉ' => return false,
            '¡'..='ž' => key.extend(c.to_lowercase()),
            _ => return false,
        }
    }
    true
}

/// Writes the key of any text: its canonical caseless form (Unicode 3.13, D145), composed.
fn write_any_key(text: &str, key: &mut String) {
    let visible = text.chars().flat_map(unify_form).filter(|c| !is_blank(*c));
    key.extend(visible.nfd().default_case_fold().nfc());
}

/// Returns the characters that a presentation form shows, and other characters as they are.
fn unify_form(c: char) -> impl Iterator<Item = char> {
    let (form, other) = match c {
        '\u{2010}' | '\u{2011}' => (None, Some('-')),
        _ if is_presentation_form(c) => (Some(std::iter::once(c).nfkd()), None),
        _ => (None, Some(c)),
    };
    form.into_iter().flatten().chain(other)
}

/// Whether only a font, a width or a place in the word distinguishes the character from others.
/// The ligatures of whole Arabic phrases aren't: they would be as long as a name.
fn is_presentation_form(c: char) -> bool {
    matches!(
        c,
        '\u{fb00}'..='\u{fdcf}'
            | '\u{fe50}'..='\u{fefc}'
            | '\u{ff01}'..='\u{ffee}'
            | '\u{1d400}'..='\u{1d7ff}'
            | '\u{1fbf0}'..='\u{1fbf9}'
    )
}

/// Whether the character shows nothing: a blank, a control character or an invisible mark.
fn is_blank(c: char) -> bool {
    const BRAILLE_BLANK: char = '\u{2800}';
    if c.is_ascii_graphic() {
        return false;
    }
    c.is_whitespace()
        || c == BRAILLE_BLANK
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || matches!(
            CodePointMapData::<GeneralCategory>::new().get(c),
            GeneralCategory::Control | GeneralCategory::Format
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_one_code_have_one_key() {
        for (spellings, key) in [
            (
                &[
                    "RIZ-5",
                    "riz-5",
                    " RIZ-5\t",
                    "RIZ-5\u{a0}",
                    "\u{202f}RIZ-5",
                    "R I Z-5",
                    "RIZ-5\u{200b}",
                    "\u{feff}RIZ-5",
                    "\u{200e}RIZ-5",
                    "RIZ\u{2011}5",
                    "RIZ\u{2010}5",
                    "RIZ-５",
                    "ＲＩＺ－５",
                    "RI\u{ad}Z-5",
                    "RIZ-𝟓",
                    "R\0IZ-5",
                    "RIZ\u{fe63}5",
                    "RIZ-\u{1fbf5}",
                    "RIZ-5\u{fe0f}",
                    "R\u{3164}IZ-5",
                ][..],
                "riz-5",
            ),
            (&["CAFÉ-1", "CAFE\u{301}-1", "café-1"], "café-1"),
            (&["straße", "STRASSE", "STRAẞE", "stra\u{df}e"], "strasse"),
            (&["Œuf", "œUF"], "œuf"),
            (&["ΣΊΣΥΦΟΣ", "Σίσυφος"], "σίσυφοσ"),
            (&["oﬃce", "OFFICE"], "office"),
            (&["ｶﾞ", "ガ"], "ガ"),
            (&["\u{fe91}\u{fe92}", "\u{628}\u{628}"], "\u{628}\u{628}"),
            (&["", " ", "\u{200b}\u{2800}", "\r\n\u{e0001}"], ""),
        ] {
            for spelling in spellings {
                assert_eq!(compute_key(spelling), key, "{spelling:?}");
            }
        }
    }

    #[test]
    fn characters_with_a_meaning_of_their_own_stay() {
        for (one, other) in [
            ("2,5²", "2,52"),
            ("A①", "A1"),
            ("1½", "11/2"),
            ("RIZ–5", "RIZ-5"),
            ("А1", "A1"),
            ("Thies", "Thiès"),
            ("ı", "i"),
        ] {
            assert_ne!(compute_key(one), compute_key(other), "{one} {other}");
        }
    }

    #[test]
    fn every_character_has_a_short_and_final_key_in_each_path() {
        for c in '\0'..=char::MAX {
            let text = c.to_string();
            let (mut latin, mut any) = (String::new(), String::new());
            write_any_key(&text, &mut any);
            if write_latin_key(&text, &mut latin) {
                assert_eq!(latin, any, "{c:?}");
            }
            assert_eq!(compute_key(&text), any, "{c:?}");
            assert_eq!(compute_key(&any), any, "{c:?}");
            // A name of 200 characters fits into an index, whose entries have up to 2,704 bytes.
            assert!(any.len() <= 12, "{c:?}: {any:?}");
        }
    }

    /// Texts of letters of several alphabets, accents, digits, blanks and marks.
    const ANY_CODE: &str = "[A-Za-z0-9 ßŒœÉé\u{300}-\u{345}\u{370}-\u{3ff}\u{400}-\u{52f}\
        \u{531}-\u{556}\u{1e00}-\u{1fff}\u{200b}-\u{2011}０-９Ａ-ｚﬀ-ﬆ]{0,12}";

    proptest! {
        #[test]
        fn a_key_is_the_same_for_every_form_of_a_text(
            text in prop_oneof![any::<String>(), ANY_CODE],
        ) {
            let key = compute_key(&text);
            prop_assert_eq!(&compute_key(&key), &key);
            prop_assert_eq!(&compute_key(&text.nfd().collect::<String>()), &key);
            prop_assert_eq!(&compute_key(&text.nfc().collect::<String>()), &key);
        }

        #[test]
        fn a_key_is_the_same_in_capitals_and_in_small_letters(code in ANY_CODE) {
            let key = compute_key(&code);
            prop_assert_eq!(&compute_key(&code.to_lowercase()), &key);
            // The capital of a Greek letter with a mark below it is two letters: a mark that stands
            // behind both would move to the second.
            let decomposed: String = code.nfd().collect();
            prop_assert_eq!(&compute_key(&decomposed.to_uppercase()), &key);
        }

        #[test]
        fn a_full_width_code_has_the_key_of_its_ascii_form(code in "[!-~]{0,20}") {
            let wide = code.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap());
            prop_assert_eq!(compute_key(&wide.collect::<String>()), compute_key(&code));
        }

        #[test]
        fn blanks_and_marks_change_no_key(
            parts in proptest::collection::vec("[a-zA-Zé0-9-]{0,4}", 1..5),
            mark in proptest::sample::select(vec![
                " ", "\u{a0}", "\u{200b}", "\u{2060}", "\u{feff}", "\t", "\u{200f}", "\u{ad}",
            ]),
        ) {
            prop_assert_eq!(compute_key(&parts.join(mark)), compute_key(&parts.concat()));
        }
    }
}
