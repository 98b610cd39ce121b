//! Removes secrets, e-mail addresses and phone numbers from text that may be logged or stored.

use crate::Provider;
use crate::clean::clean_text;

const MAX_EXCERPT_CHARS: usize = 300;

/// Digits in a row that make a phone number; fewer are a code or a date, which stays.
const MIN_NATIONAL_DIGITS: usize = 9;
/// The same after a plus sign.
const MIN_INTERNATIONAL_DIGITS: usize = 7;
/// Characters between the digits of a number, one or two at a time.
const PHONE_SEPARATORS: &str = " .-()";

/// Words that precede a secret, whichever service sent them.
const SECRET_LABELS: [&str; 3] = ["Bearer", "Basic", "access_token"];

/// Cleans the text, replaces every address, number and key by a word in brackets, and cuts to 300
/// characters.
pub(crate) fn redact_text(text: &str) -> String {
    let words = redact_words(&clean_text(text));
    let clean = redact_phones(&words);
    match clean.char_indices().nth(MAX_EXCERPT_CHARS) {
        Some((end, _)) => format!("{}...", &clean[..end]),
        None => clean,
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || "@._%+-=".contains(c)
}

fn redact_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut secret_follows = false;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        if !word.is_empty() {
            // A label directly before punctuation stays and hides the word behind it.
            let is_label = is_secret_label(word);
            out.push_str(match word {
                _ if is_label => word,
                _ if secret_follows || is_secret(word) => "[secret]",
                _ if is_email(word) => "[email]",
                _ => word,
            });
            secret_follows = is_label;
        }
        let Some(separator) = tail.chars().next() else {
            break;
        };
        out.push(separator);
        rest = &tail[separator.len_utf8()..];
    }
    out
}

fn secret_prefixes() -> impl Iterator<Item = &'static str> {
    let of_providers = Provider::ALL.map(Provider::secret_prefixes);
    let of_providers = of_providers.into_iter().flatten().copied();
    of_providers.chain(SECRET_LABELS)
}

fn is_secret_label(word: &str) -> bool {
    secret_prefixes().any(|prefix| word.trim_end_matches('=') == prefix)
}

fn is_secret(word: &str) -> bool {
    secret_prefixes().any(|prefix| word.starts_with(prefix))
}

fn is_email(word: &str) -> bool {
    word.split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
}

/// Replaces runs of digits with a plus sign, spaces, points, dashes and brackets between them.
fn redact_phones(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = phone_end(&chars, at);
        if end > at {
            out.push_str("[phone]");
            at = end;
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    out
}

/// Returns the end of the phone number at `start`, or `start` where none begins. A number attached
/// to letters is an identifier (`act_123`, `SM0123`) and stays.
fn phone_end(chars: &[char], start: usize) -> usize {
    let is_attached = start > 0 && (chars[start - 1].is_alphanumeric() || chars[start - 1] == '_');
    let plus = chars[start] == '+';
    if is_attached || !(plus || chars[start].is_ascii_digit()) {
        return start;
    }
    let (mut digits, mut end) = (0, start);
    for (at, c) in chars.iter().enumerate().skip(start + usize::from(plus)) {
        if c.is_ascii_digit() {
            digits += 1;
            end = at + 1;
        } else if !PHONE_SEPARATORS.contains(*c) || at > end + 1 {
            break;
        }
    }
    let letter_follows = chars.get(end).is_some_and(|c| c.is_alphabetic());
    let min_digits = if plus {
        MIN_INTERNATIONAL_DIGITS
    } else {
        MIN_NATIONAL_DIGITS
    };
    if digits >= min_digits && !letter_follows {
        end
    } else {
        start
    }
}

#[cfg(test)]
mod tests {
    use super::redact_text;

    #[test]
    fn phones_addresses_and_keys_are_removed() {
        let cases = [
            (
                "The 'To' number whatsapp:+221770000000 is not valid",
                "The 'To' number whatsapp:[phone] is not valid",
            ),
            ("call +221 77 000 00 00, please", "call [phone], please"),
            (
                "email is not valid: awa.diop+shop@example.sn",
                "email is not valid: [email]",
            ),
            ("No such key: sk_live_51abcDEF", "No such key: [secret]"),
            (
                "https://graph/x?access_token=EAABsbCS1&limit=2",
                "https://graph/x?[secret]&limit=2",
            ),
            (
                "Authorization: Bearer abc.def",
                "Authorization: Bearer [secret]",
            ),
            (
                r#"{"access_token":"abc123"}"#,
                r#"{"access_token":"[secret]"}"#,
            ),
        ];
        for (text, clean) in cases {
            assert_eq!(redact_text(text), clean, "{text}");
        }
    }

    #[test]
    fn codes_and_identifiers_stay() {
        for text in [
            "error 63016 at 400",
            "act_123456789012 is unknown",
            "SM00000000000000000000000000000001",
            "2026-08-10 is a day, 10.5 % too",
        ] {
            assert_eq!(redact_text(text), text);
        }
    }

    #[test]
    fn control_characters_hide_no_secret_and_are_removed() {
        assert_eq!(redact_text("no\0 +22177\u{0}1234567"), "no [phone]");
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        let clean = redact_text(&"é ".repeat(400));
        assert_eq!(clean.chars().count(), 303);
    }
}
