//! Names of people, companies and products inside the texts that we send. A person who sets a
//! name must not be able to send a stranger another text or a link under our sender.

const MAX_DISPLAY_CHARS: usize = 80;

/// Returns the name cut to 80 characters, on one line, and without anything that a mail program or
/// WhatsApp turns into a link.
pub fn to_display_name(name: &str) -> String {
    let name = name.replace("://", " ");
    let mut shown = String::new();
    let mut characters = name.chars().filter(|c| !is_invisible(*c)).peekable();
    while let Some(c) = characters.next() {
        match c {
            '@' => shown.push(' '),
            c if c.is_whitespace() => shown.push(' '),
            c => shown.push(c),
        }
        // `example.com` becomes `example. com`, which is no link; `1.5 kg` stays.
        if is_dot(c) && characters.peek().is_some_and(|next| next.is_alphabetic()) {
            shown.push(' ');
        }
    }
    let words: Vec<_> = shown.split_whitespace().collect();
    cut_to_length(&words.join(" "))
}

fn cut_to_length(text: &str) -> String {
    if text.chars().count() <= MAX_DISPLAY_CHARS {
        return text.to_owned();
    }
    let kept: String = text.chars().take(MAX_DISPLAY_CHARS - 1).collect();
    format!("{}…", kept.trim_end())
}

/// Dots of other scripts separate the labels of a host name too (IDNA).
fn is_dot(c: char) -> bool {
    matches!(c, '.' | '\u{3002}' | '\u{FF0E}' | '\u{FF61}')
}

/// Control characters except white space, and marks without width, such as those that reverse the
/// direction of the text after them.
fn is_invisible(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
                     | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_carries_neither_links_nor_line_breaks_nor_long_texts() {
        for (name, shown) in [
            ("Boutique Awa", "Boutique Awa"),
            ("Lait 1.5 L", "Lait 1.5 L"),
            ("Awa S.A.R.L.", "Awa S. A. R. L."),
            (
                "Gagnez sur https://evil.example/x",
                "Gagnez sur https evil. example/x",
            ),
            ("www.evil.example", "www. evil. example"),
            ("écris à moi@evil.example", "écris à moi evil. example"),
            ("evil\u{3002}example", "evil\u{3002} example"),
            ("a\r\nb\u{202E}c\tn", "a bc n"),
            ("  ", ""),
        ] {
            assert_eq!(to_display_name(name), shown, "{name:?}");
        }
        let long = to_display_name(&"très ".repeat(40));
        assert_eq!(long.chars().count(), 80);
        assert!(long.ends_with('…'), "{long}");
    }
}
