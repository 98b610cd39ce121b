//! Size, opening and name of a file.

use std::path::Path;

use super::Source;

/// Lines above which a file is noted.
const LONG_FILE_LINES: usize = 300;
/// Lines above which a file is rejected.
const MAX_FILE_LINES: usize = 400;

/// Names that do not say what a file holds.
const EMPTY_NAMES: [&str; 8] = [
    "utils", "common", "core", "types", "services", "shared", "helpers", "manager",
];
const MARKERS: [&str; 3] = ["TODO", "FIXME", "#[ignore"];

pub(super) fn check_length(source: Source<'_>) -> Vec<String> {
    let lines = source.text.lines().count();
    if lines > MAX_FILE_LINES {
        return vec![format!(
            "{lines} lines, above {MAX_FILE_LINES}: split it by noun"
        )];
    }
    if lines > LONG_FILE_LINES {
        let path = source.path;
        eprintln!("note: {path} has {lines} lines; above {LONG_FILE_LINES} split a file by noun");
    }
    Vec::new()
}

pub(super) fn check_opening(source: Source<'_>) -> Vec<String> {
    if source.text.starts_with("//! ") {
        return Vec::new();
    }
    vec!["opens without `//!` lines on what is here".to_owned()]
}

pub(super) fn check_file_name(source: Source<'_>) -> Vec<String> {
    Path::new(source.path)
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .filter(|part| EMPTY_NAMES.contains(&part.trim_end_matches(".rs")))
        .map(|part| format!("`{part}` says nothing: name it by what is inside"))
        .collect()
}

pub(super) fn check_markers(source: Source<'_>) -> Vec<String> {
    if source.path.starts_with("xtask/src/rules/") {
        return Vec::new();
    }
    MARKERS
        .iter()
        .filter(|marker| source.text.contains(**marker))
        .map(|marker| format!("holds `{marker}`"))
        .collect()
}
