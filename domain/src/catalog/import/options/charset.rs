//! The encodings of text files, by their names.

use encoding_rs::{Encoding, MACINTOSH, UTF_8};

/// How the bytes of a text file stand for characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalog::import) enum Charset {
    /// An encoding of the WHATWG standard.
    Standard(&'static Encoding),
    Page(CodePage),
    /// UTF-8 that a program took for another encoding and saved as UTF-8 again.
    Twice(Misreading),
}

/// A code page of DOS, which tills and older accounting programs still write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalog::import) enum CodePage {
    Cp437,
    Cp850,
    /// 850 with the euro sign.
    Cp858,
    /// Portuguese.
    Cp860,
}

/// The encoding that UTF-8 was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalog::import) enum Misreading {
    /// Latin-1 counts as Windows-1252.
    Windows1252,
    MacRoman,
    Cp850,
    Cp437,
}

/// The encodings that the WHATWG standard doesn't name.
const NAMED: [(&str, Charset); 8] = [
    ("cp437", Charset::Page(CodePage::Cp437)),
    ("cp850", Charset::Page(CodePage::Cp850)),
    ("cp858", Charset::Page(CodePage::Cp858)),
    ("cp860", Charset::Page(CodePage::Cp860)),
    ("utf-8-twice", Charset::Twice(Misreading::Windows1252)),
    ("utf-8-twice-macroman", Charset::Twice(Misreading::MacRoman)),
    ("utf-8-twice-cp850", Charset::Twice(Misreading::Cp850)),
    ("utf-8-twice-cp437", Charset::Twice(Misreading::Cp437)),
];

impl Charset {
    pub(in crate::catalog::import) const UTF_8: Self = Self::Standard(UTF_8);

    /// Whether the bytes are UTF-8, encoded once or twice.
    pub(in crate::catalog::import) fn is_form_of_utf8(self) -> bool {
        self == Self::UTF_8 || matches!(self, Self::Twice(_))
    }

    /// Finds an encoding by a label of the WHATWG standard, or by a name that is shown here.
    pub(in crate::catalog::import) fn find_label(label: &str) -> Option<Self> {
        if let Some(encoding) = Encoding::for_label_no_replacement(label.as_bytes()) {
            return Some(Self::Standard(encoding));
        }
        let label = fold_label(label);
        if matches!(&*label, "macroman" | "xmacroman" | "macosroman") {
            return Some(Self::Standard(MACINTOSH));
        }
        let page = ["ibm", "oem", "dos", "pc"]
            .iter()
            .find_map(|prefix| label.strip_prefix(prefix))
            .unwrap_or(&label);
        NAMED
            .iter()
            .map(|(name, charset)| (fold_label(name), *charset))
            .find(|(name, _)| *name == label || name.strip_prefix("cp") == Some(page))
            .map(|(_, charset)| charset)
    }

    /// Returns the name that is shown, which `options.encoding` takes.
    pub(in crate::catalog::import) fn name(self) -> &'static str {
        match self {
            Self::Standard(encoding) => encoding.name(),
            named => NAMED
                .iter()
                .find(|(_, charset)| *charset == named)
                .map_or("", |(name, _)| name),
        }
    }
}

fn fold_label(label: &str) -> String {
    let is_kept = |c: &char| c.is_ascii_alphanumeric();
    let kept = label.chars().filter(is_kept);
    kept.map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_is_shown_is_taken() {
        for (name, charset) in NAMED {
            assert_eq!(Charset::find_label(name), Some(charset), "{name}");
            assert_eq!(charset.name(), name);
        }
        for (label, name) in [
            ("CP-850", "cp850"),
            ("ibm437", "cp437"),
            ("858", "cp858"),
            ("MacRoman", "macintosh"),
            ("x-mac-roman", "macintosh"),
            ("mac_roman", "macintosh"),
            ("latin1", "windows-1252"),
            ("UTF-8 twice", "utf-8-twice"),
            ("iso-8859-15", "ISO-8859-15"),
        ] {
            let found = Charset::find_label(label).map(Charset::name);
            assert_eq!(found, Some(name), "{label}");
        }
        for unknown in ["", "utf-9", "cp", "850 or 437", "replacement"] {
            assert_eq!(Charset::find_label(unknown), None, "{unknown}");
        }
    }
}
