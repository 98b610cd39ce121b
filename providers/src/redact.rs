//! Takes secrets, e-mail addresses and phone numbers out of text that may be logged or stored.

const EXCERPT_CHARS: usize = 300;

/// A run of this many digits counts as a phone number. Shorter ones are codes or dates worth keeping.
const NATIONAL_DIGITS: usize = 9;
/// The same after a plus sign.
const INTERNATIONAL_DIGITS: usize = 7;
/// What may stand between the digits of a number, one or two at a time.
const SEPARATORS: &str = " .-()";

/// How the keys and tokens of the four services begin.
const SECRET_PREFIXES: [&str; 9] = [
    "sk_",
    "rk_",
    "whsec_",
    "xkeysib-",
    "xsmtpsib-",
    "EAA",
    "Bearer",
    "Basic",
    "access_token",
];

/// The text with every address, number and key replaced by a word in brackets, cut to 300 characters.
pub(crate) fn redact(text: &str) -> String {
    let words = redact_words(text);
    let clean = redact_phones(&words);
    match clean.char_indices().nth(EXCERPT_CHARS) {
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
            let label = SECRET_PREFIXES
                .iter()
                .any(|p| word.trim_end_matches('=') == *p);
            if label {
                out.push_str(word);
            } else if secret_follows || SECRET_PREFIXES.iter().any(|p| word.starts_with(p)) {
                out.push_str("[secret]");
            } else if is_email(word) {
                out.push_str("[email]");
            } else {
                out.push_str(word);
            }
            secret_follows = label;
        }
        let Some(separator) = tail.chars().next() else {
            break;
        };
        out.push(separator);
        rest = &tail[separator.len_utf8()..];
    }
    out
}

fn is_email(word: &str) -> bool {
    word.split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
}

/// Replaces digit runs, which may hold a plus sign, spaces, points, dashes and brackets.
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

/// The end of the phone number that begins at `start`, or `start` where none does. A number glued
/// to letters is an identifier (`act_123`, `SM0123`), and is kept.
fn phone_end(chars: &[char], start: usize) -> usize {
    let glued = start > 0 && (chars[start - 1].is_alphanumeric() || chars[start - 1] == '_');
    let plus = chars[start] == '+';
    if glued || !(plus || chars[start].is_ascii_digit()) {
        return start;
    }
    let (mut digits, mut end) = (0, start);
    for (at, c) in chars.iter().enumerate().skip(start + usize::from(plus)) {
        if c.is_ascii_digit() {
            digits += 1;
            end = at + 1;
        } else if !SEPARATORS.contains(*c) || at > end + 1 {
            break;
        }
    }
    let letter_follows = chars.get(end).is_some_and(|c| c.is_alphabetic());
    let enough = if plus {
        INTERNATIONAL_DIGITS
    } else {
        NATIONAL_DIGITS
    };
    if digits >= enough && !letter_follows {
        end
    } else {
        start
    }
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn phones_addresses_and_keys_are_taken_out() {
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
            // A label directly followed by punctuation keeps the label and hides what comes next.
            assert_eq!(redact(text), clean, "{text}");
        }
    }

    #[test]
    fn codes_and_identifiers_are_kept() {
        for text in [
            "error 63016 at 400",
            "act_123456789012 is unknown",
            "SM00000000000000000000000000000001",
            "2026-08-10 is a day, 10.5 % too",
        ] {
            assert_eq!(redact(text), text);
        }
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        let clean = redact(&"é ".repeat(400));
        assert_eq!(clean.chars().count(), 303);
    }
}
