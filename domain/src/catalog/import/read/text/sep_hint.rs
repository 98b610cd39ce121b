//! The line `sep=;` with which spreadsheets name the delimiter of a file.

/// A longer line is no hint.
const MAX_LINE_BYTES: usize = 64;

/// The delimiter that a file's first line names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SepHint {
    pub(super) delimiter: u8,
    /// Length of the line with its end.
    pub(super) length: usize,
}

/// Finds the hint, which may stand in quotes and before delimiters that another program added.
pub(super) fn find_sep_hint(head: &[u8]) -> Option<SepHint> {
    let end = head
        .iter()
        .take(MAX_LINE_BYTES)
        .position(|byte| matches!(byte, b'\r' | b'\n'))
        .or((head.len() <= MAX_LINE_BYTES).then_some(head.len()))?;
    let (line, behind) = head.split_at(end);
    let line_end = match behind {
        [b'\r', b'\n', ..] => 2,
        [] => 0,
        _ => 1,
    };
    Some(SepHint {
        delimiter: parse_hint(line)?,
        length: end + line_end,
    })
}

fn parse_hint(line: &[u8]) -> Option<u8> {
    let is_wrapping = |byte: &u8| matches!(byte, b' ' | b'"' | b'\'');
    let start = line.iter().position(|byte| !is_wrapping(byte))?;
    let (name, rest) = line[start..].split_at_checked(4)?;
    if !name.eq_ignore_ascii_case(b"sep=") {
        return None;
    }
    let mut signs = rest.iter().copied().filter(|byte| !is_wrapping(byte));
    let delimiter = signs.next()?;
    let may_separate = |byte: u8| byte == b'\t' || byte.is_ascii_punctuation();
    (may_separate(delimiter) && signs.all(may_separate)).then_some(delimiter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_found_in_every_form() {
        for (line, delimiter) in [
            ("sep=;\n", b';'),
            ("SEP=;\r\n", b';'),
            ("Sep=,\r", b','),
            ("\"sep=;\"\r\n", b';'),
            ("\"sep=;\";;;\n", b';'),
            ("sep=;,,,\n", b';'),
            ("sep=\";\"\n", b';'),
            ("sep=\t\n", b'\t'),
            ("sep=\t\t\t\n", b'\t'),
            (" sep=| \n", b'|'),
            ("sep=^\n", b'^'),
            ("sep=;", b';'),
        ] {
            let hint = find_sep_hint(format!("{line}a").as_bytes());
            let hint = hint.or_else(|| find_sep_hint(line.as_bytes())).unwrap();
            assert_eq!(hint.delimiter, delimiter, "{line:?}");
            assert_eq!(hint.length, line.len(), "{line:?}");
        }
        for no_hint in [
            "sep\n",
            "sep=\n",
            "sep=Code;Nom\n",
            "separator=;\n",
            "Code;sep=;\n",
            "",
        ] {
            assert_eq!(find_sep_hint(no_hint.as_bytes()), None, "{no_hint:?}");
        }
    }
}
