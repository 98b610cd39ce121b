//! Text from outside. Postgres rejects NUL, and other control characters only disturb readers.

/// Removes control characters except line breaks and tabs, and cuts to `max_chars`.
pub fn clean_text(text: &str, max_chars: usize) -> String {
    text.chars()
        .filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t'))
        .take(max_chars)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::clean_text;

    #[test]
    fn control_characters_are_removed_before_the_text_is_cut() {
        assert_eq!(clean_text("a\0\u{7}b\nç", 4), "ab\nç");
        assert_eq!(clean_text("a\0bcd", 3), "abc");
    }
}
