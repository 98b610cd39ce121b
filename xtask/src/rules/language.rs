//! Words and width: comments speak plain technical English, and every line fits 100 columns.

use super::Source;

const MAX_COLUMNS: usize = 100;

/// Words that a comment does not use, each with the standard word.
const BANNED_WORDS: [(&str, &str); 16] = [
    ("gives", "returns"),
    ("gave", "returned"),
    ("tells", "reports, notifies"),
    ("told", "reported, notified"),
    ("asks", "requests, checks"),
    ("answers", "returns, responds; responses"),
    ("answered", "returned, responded"),
    ("tries", "attempts"),
    ("time-out", "timeout"),
    ("setback", "failure"),
    ("verdict", "outcome"),
    ("pulse", "heartbeat, maintenance"),
    ("doubtful", "unconfirmed"),
    ("flaw", "row error"),
    ("wish", "request, opt-out"),
    (
        "the database's.",
        "say which variant a caller matches on, or nothing",
    ),
];
/// Words that open no doc comment: their noun stands elsewhere.
const BANNED_OPENINGS: [&str; 10] = [
    "It ", "They ", "That ", "Those ", "These ", "This ", "Them ", "He ", "Whose ", "Who ",
];

/// Checks comments and SQL files. rustfmt keeps the code within the width, except for string
/// literals.
pub(super) fn check_width(source: Source<'_>) -> Vec<String> {
    let is_sql = source.path.ends_with(".sql");
    numbered_lines(source)
        .filter(|(_, line)| is_sql || comment_of(line).is_some())
        .map(|(number, line)| (number, line.chars().count()))
        .filter(|(_, columns)| *columns > MAX_COLUMNS)
        .map(|(number, columns)| {
            format!("line {number} has {columns} columns, above {MAX_COLUMNS}")
        })
        .collect()
}

pub(super) fn check_words(source: Source<'_>) -> Vec<String> {
    if source.path == "xtask/src/rules/language.rs" {
        return Vec::new();
    }
    let comments = numbered_lines(source).filter_map(|(n, line)| Some((n, comment_of(line)?)));
    comments
        .flat_map(|(number, comment)| {
            check_comment(comment)
                .into_iter()
                .map(move |complaint| format!("line {number}: {complaint}"))
        })
        .collect()
}

fn check_comment(comment: &str) -> Vec<String> {
    let lower = comment.to_lowercase();
    let mut complaints: Vec<String> = BANNED_WORDS
        .iter()
        .filter(|(word, _)| holds_word(&lower, word))
        .map(|(word, instead)| format!("`{word}`: {instead}"))
        .collect();
    if let Some(text) = comment.strip_prefix("/// ")
        && let Some(opening) = BANNED_OPENINGS.iter().find(|word| text.starts_with(**word))
    {
        complaints.push(format!("a doc comment opens with `{}`", opening.trim()));
    }
    complaints
}

fn holds_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + word.len()..].chars().next();
        let joins =
            |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '`');
        !joins(before) && !joins(after)
    })
}

fn numbered_lines(source: Source<'_>) -> impl Iterator<Item = (usize, &str)> {
    source
        .text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
}

/// The comment that a line consists of, in Rust or SQL.
fn comment_of(line: &str) -> Option<&str> {
    let line = line.trim_start();
    (line.starts_with("//") || line.starts_with("-- ")).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints_of(text: &str) -> Vec<String> {
        let source = Source {
            path: "api/src/a.rs",
            text,
        };
        [check_width(source), check_words(source)].concat()
    }

    #[test]
    fn words_are_found_in_comments_alone_and_whole() {
        assert_eq!(complaints_of("// tells the relay").len(), 1);
        assert_eq!(complaints_of("  -- gives the rows").len(), 1);
        assert_eq!(complaints_of("/// The database's.").len(), 1);
        assert_eq!(
            complaints_of("let told = 1;\n// `told`, entries, retries"),
            [""; 0]
        );
    }

    #[test]
    fn a_doc_comment_that_opens_with_a_pronoun_is_found() {
        assert_eq!(complaints_of("/// Those of one queue.").len(), 1);
        assert_eq!(complaints_of("/// Thisbe"), [""; 0]);
    }

    #[test]
    fn a_wide_comment_is_found_and_a_wide_string_is_not() {
        assert_eq!(complaints_of(&format!("// {}", "a".repeat(98))).len(), 1);
        assert_eq!(
            complaints_of(&format!("let a = \"{}\";", "a".repeat(98))),
            [""; 0]
        );
    }
}
