//! Rules on the sources that neither the compiler nor clippy knows: the invariants of
//! ARCHITECTURE.md that a reader cannot see from the absence of code, and the words and names of
//! the house.
//!
//! Each rule is a function from one file to its complaints: `layers` (who may know whom), `layout`
//! (size, opening and name of a file), `language` (words and width), `names` (functions that cross
//! a module).

mod language;
mod layers;
mod layout;
mod names;

use std::fs;

use anyhow::{Result, bail};

use crate::checkout;

/// One source file: its path from the workspace's root, and its text.
#[derive(Clone, Copy)]
struct Source<'a> {
    path: &'a str,
    text: &'a str,
}

impl<'a> Source<'a> {
    /// The part in front of the unit tests.
    fn production_text(self) -> &'a str {
        self.text
            .split_once("#[cfg(test)]")
            .map_or(self.text, |(production, _)| production)
    }

    /// Whether the whole file is a test, or helps tests and benchmarks.
    fn is_for_tests(self) -> bool {
        self.path.contains("/tests/")
            || self.path.contains("/testing/")
            || self.path.ends_with("/tests.rs")
            || self.path.starts_with("bench/")
    }
}

/// A rule returns what is wrong with a file, a line per complaint.
type Rule = fn(Source<'_>) -> Vec<String>;

const RUST_RULES: [Rule; 10] = [
    layout::check_length,
    layout::check_opening,
    layout::check_file_name,
    layout::check_markers,
    layers::check_sql_place,
    layers::check_job_names,
    layers::check_spine_words,
    language::check_width,
    language::check_words,
    names::check_exported_functions,
];
const SQL_RULES: [Rule; 2] = [language::check_width, language::check_words];

/// Checks every source of the workspace.
pub(crate) fn check_sources() -> Result<()> {
    checkout::report_progress("rules on the sources");
    let complaints = find_complaints()?;
    if !complaints.is_empty() {
        bail!("the sources break rules:\n  {}", complaints.join("\n  "));
    }
    Ok(())
}

fn find_complaints() -> Result<Vec<String>> {
    let root = checkout::workspace_root();
    let mut complaints = layers::check_manifests(&root)?;
    for (extension, rules) in [("rs", &RUST_RULES[..]), ("sql", &SQL_RULES[..])] {
        for file in checkout::list_files(&root, extension)? {
            let path = file.strip_prefix(&root)?.to_string_lossy().into_owned();
            let text = fs::read_to_string(&file)?;
            complaints.extend(apply_rules(rules, &path, &text));
        }
    }
    Ok(complaints)
}

fn apply_rules(rules: &[Rule], path: &str, text: &str) -> Vec<String> {
    let source = Source { path, text };
    rules
        .iter()
        .flat_map(|rule| rule(source))
        .map(|complaint| format!("{path}: {complaint}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sources_keep_the_rules() {
        assert_eq!(find_complaints().unwrap(), Vec::<String>::new());
    }

    #[test]
    fn each_rule_finds_its_offender() {
        let header = "//! A file.\n";
        for (path, text) in [
            ("api/src/long.rs", format!("{header}{}", "x\n".repeat(400))),
            ("api/src/bare.rs", "fn bare() {}".to_owned()),
            ("api/src/utils.rs", header.to_owned()),
            ("api/src/later.rs", format!("{header}// TODO")),
            (
                "api/src/alerts.rs",
                format!("{header}sqlx::query!(\"select 1\")"),
            ),
            (
                "domain/src/alerts/rule.rs",
                format!("{header}query_as!(Rule, \"select 1\")"),
            ),
            (
                "workers/src/run.rs",
                format!("{header}use jobs::alerts::EvaluateAlerts;"),
            ),
            (
                "platform/src/db/mod.rs",
                format!("{header}struct Twilio;\nlet twilio = 1;"),
            ),
            (
                "api/src/wide.rs",
                format!("{header}// {}", "wide ".repeat(25)),
            ),
            (
                "api/src/odd.rs",
                format!("{header}/// Gives the rows.\nfn list_rows() {{}}"),
            ),
            ("api/src/short.rs", format!("{header}pub fn list() {{}}")),
        ] {
            assert_eq!(apply_rules(&RUST_RULES, path, &text).len(), 1, "{path}");
        }
    }
}
