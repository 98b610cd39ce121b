//! Cleans what the services send, before anything of it is parsed. Postgres rejects NUL in text and
//! in JSON, serde rejects half a surrogate pair, and control characters only disturb readers. Every
//! response, webhook and excerpt passes through here, so that callers may store what they get.

use std::borrow::Cow;

/// Removes control characters except line breaks and tabs.
pub(crate) fn clean_text(text: &str) -> Cow<'_, str> {
    if text.contains(is_forbidden) {
        Cow::Owned(text.replace(is_forbidden, ""))
    } else {
        Cow::Borrowed(text)
    }
}

/// Makes a JSON body parseable without forbidden characters: invalid UTF-8 and half a surrogate
/// pair become replacement characters, control characters are removed, escaped ones too.
pub(crate) fn clean_json(body: &[u8]) -> Cow<'_, str> {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    let text = String::from_utf8_lossy(body);
    if text.contains("\\u") || text.contains(is_forbidden) {
        Cow::Owned(clean_escapes(&clean_text(&text)))
    } else {
        text
    }
}

fn is_forbidden(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')
}

fn clean_escapes(json: &str) -> String {
    let mut clean = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        clean.push_str(before);
        let (kept, end) = clean_escape(escape);
        clean.push_str(kept);
        rest = &escape[end..];
    }
    clean.push_str(rest);
    clean
}

/// Returns what stays of the escape at the start of a text, and where the escape ends.
fn clean_escape(text: &str) -> (&str, usize) {
    let Some(unit) = parse_unit(text) else {
        // Another escape, such as `\\`, keeps its second character.
        let end = text.chars().take(2).map(char::len_utf8).sum();
        return (&text[..end], end);
    };
    match unit {
        0xd800..=0xdbff => match text.get(6..).and_then(parse_unit) {
            Some(0xdc00..=0xdfff) => (&text[..12], 12),
            _ => ("\u{fffd}", 6),
        },
        0xdc00..=0xdfff => ("\u{fffd}", 6),
        unit if char::from_u32(unit).is_some_and(is_forbidden) => ("", 6),
        _ => (&text[..6], 6),
    }
}

/// Parses `\uXXXX` at the start of a text.
fn parse_unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{clean_json, clean_text};

    fn parse(body: &[u8]) -> Value {
        serde_json::from_str(&clean_json(body)).unwrap()
    }

    #[test]
    fn every_body_is_parsed_without_forbidden_characters() {
        let cases: [(&[u8], Value); 9] = [
            (br#"{"a": "plain"}"#, json!({"a": "plain"})),
            (br#"{"a": "x\u0000y\u0007"}"#, json!({"a": "xy"})),
            (br#"{"a\u0000": 1}"#, json!({"a": 1})),
            (br#"{"a": "\\u0000"}"#, json!({"a": "\\u0000"})),
            (br#"{"a": "\\\u0000b"}"#, json!({"a": "\\b"})),
            (br#"{"a": "\ud83d\ude4f \u00e9\n"}"#, json!({"a": "🙏 é\n"})),
            (
                br#"{"a": "\ud83d!\ude4f"}"#,
                json!({"a": "\u{fffd}!\u{fffd}"}),
            ),
            (b"{\"a\": \"\xff\x01\"}", json!({"a": "\u{fffd}"})),
            (b"\xef\xbb\xbf{}", json!({})),
        ];
        for (body, expected) in cases {
            assert_eq!(parse(body), expected, "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn what_is_no_json_stays_no_json() {
        for body in [
            &b"<html>"[..],
            b"",
            b"\\",
            br"\u12",
            br#""\u00"#,
            "\\é".as_bytes(),
        ] {
            assert!(serde_json::from_str::<Value>(&clean_json(body)).is_err());
        }
    }

    #[test]
    fn text_keeps_its_lines() {
        assert_eq!(clean_text("a\0b\n\u{1b}[1mc\u{85}"), "ab\n[1mc");
    }
}
