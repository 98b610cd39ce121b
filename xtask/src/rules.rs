//! Rules on the sources that neither the compiler nor clippy knows: ARCHITECTURE.md's invariants that a
//! reader can't see from the absence of code. Each rule is a function from one file to its complaints.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::checkout;

const LONG_FILE: usize = 300;
const TOO_LONG_FILE: usize = 400;

/// Names that say nothing of what is inside.
const EMPTY_NAMES: [&str; 8] = [
    "utils", "common", "core", "types", "services", "shared", "helpers", "manager",
];
const AREAS: [&str; 10] = [
    "identity",
    "catalog",
    "rupture",
    "alerts",
    "notifications",
    "crm",
    "recommendations",
    "ads",
    "billing",
    "ops",
];
const SQL: [&str; 8] = [
    "query!(",
    "query_as!(",
    "query_scalar!(",
    "query_file!(",
    "sqlx::query(",
    "QueryBuilder::",
    "raw_sql(",
    "copy_in_raw(",
];
/// Words of the business or of providers that the spine must not know.
const BUSINESS_WORDS: [&str; 8] = [
    "product", "products", "rupture", "campaign", "stripe", "twilio", "brevo", "whatsapp",
];
/// Crates that a member must not depend on.
const FORBIDDEN_DEPENDENCIES: [(&str, &[&str]); 3] = [
    ("domain", &["axum", "reqwest", "redis", "providers"]),
    ("providers", &["sqlx", "domain", "platform"]),
    ("platform", &["axum", "domain", "providers", "jobs"]),
];

/// Checks every source of the workspace.
pub(crate) fn check() -> Result<()> {
    checkout::say("rules on the sources");
    let complaints = complaints()?;
    if !complaints.is_empty() {
        bail!("the sources break rules:\n  {}", complaints.join("\n  "));
    }
    Ok(())
}

fn complaints() -> Result<Vec<String>> {
    let root = checkout::root();
    let mut complaints = Vec::new();
    for file in checkout::files(&root, "rs")? {
        let path = file.strip_prefix(&root)?.to_string_lossy().into_owned();
        complaints.extend(file_complaints(&path, &fs::read_to_string(&file)?));
    }
    for (member, forbidden) in FORBIDDEN_DEPENDENCIES {
        let manifest = fs::read_to_string(root.join(member).join("Cargo.toml"))?;
        complaints.extend(manifest_complaints(member, &manifest, forbidden));
    }
    Ok(complaints)
}

fn file_complaints(path: &str, text: &str) -> Vec<String> {
    let rules = [
        length,
        header,
        name,
        markers,
        sql_place,
        job_names,
        spine_words,
    ];
    rules
        .iter()
        .filter_map(|rule| rule(path, text))
        .map(|complaint| format!("{path}: {complaint}"))
        .collect()
}

fn manifest_complaints(member: &str, manifest: &str, forbidden: &[&str]) -> Vec<String> {
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    let dependencies = dependencies.split("\n[").next().unwrap_or_default();
    let names = dependencies
        .lines()
        .filter_map(|line| line.split(['.', ' ', '=']).next());
    names
        .filter(|name| forbidden.contains(name))
        .map(|name| format!("{member}/Cargo.toml: {member} must not know {name}"))
        .collect()
}

fn length(path: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    if lines > LONG_FILE && lines <= TOO_LONG_FILE {
        eprintln!("note: {path} has {lines} lines; above {LONG_FILE} a file should split by noun");
    }
    (lines > TOO_LONG_FILE)
        .then(|| format!("{lines} lines, above {TOO_LONG_FILE}: split it by noun"))
}

fn header(_: &str, text: &str) -> Option<String> {
    (!text.starts_with("//! ")).then(|| "opens without `//!` lines on what is here".to_owned())
}

fn name(path: &str, _: &str) -> Option<String> {
    let empty = Path::new(path)
        .components()
        .map(|part| {
            part.as_os_str()
                .to_string_lossy()
                .trim_end_matches(".rs")
                .to_owned()
        })
        .find(|part| EMPTY_NAMES.contains(&part.as_str()))?;
    Some(format!("`{empty}` says nothing: name it by what is inside"))
}

fn markers(path: &str, text: &str) -> Option<String> {
    if path == "xtask/src/rules.rs" {
        return None;
    }
    ["TODO", "FIXME", "#[ignore"]
        .iter()
        .find(|marker| text.contains(*marker))
        .map(|marker| format!("holds `{marker}`"))
}

/// SQL is in `domain/*/store*`, the queue and the database's own files; tests look into tables freely.
fn sql_place(path: &str, text: &str) -> Option<String> {
    let in_store = path.starts_with("domain/src/")
        && path
            .split('/')
            .any(|part| part == "store" || (part.starts_with("store") && part.ends_with(".rs")));
    let in_spine = [
        "platform/src/queue",
        "platform/src/db",
        "platform/src/probes",
        "platform/src/testing",
    ]
    .iter()
    .any(|prefix| path.starts_with(prefix));
    let free = path.contains("/tests/")
        || path.ends_with("/tests.rs")
        || ["bench/", "xtask/"].iter().any(|dir| path.starts_with(dir));
    if in_store || in_spine || free {
        return None;
    }
    let found = SQL.iter().find(|mark| before_tests(text).contains(*mark))?;
    Some(format!(
        "SQL (`{found}`) outside domain/src/<area>/store*.rs and platform's queue"
    ))
}

fn job_names(path: &str, text: &str) -> Option<String> {
    let blind = ["workers/src/", "scheduler/src/"]
        .iter()
        .any(|dir| path.starts_with(dir));
    let area = AREAS
        .iter()
        .find(|area| blind && before_tests(text).contains(&format!("jobs::{area}")))?;
    Some(format!(
        "names jobs of `{area}`: workers and scheduler know jobs only through the registry"
    ))
}

fn spine_words(path: &str, text: &str) -> Option<String> {
    if !path.starts_with("platform/src/") {
        return None;
    }
    let code = before_tests(text)
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let word = code
        .flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric()))
        .map(str::to_ascii_lowercase)
        .find(|word| BUSINESS_WORDS.contains(&word.as_str()))?;
    Some(format!(
        "`{word}` is a word of the business, which platform does not know"
    ))
}

/// The part of a file in front of its unit tests.
fn before_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sources_keep_the_rules() {
        assert_eq!(complaints().unwrap(), Vec::<String>::new());
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
        ] {
            assert_eq!(file_complaints(path, &text).len(), 1, "{path}");
        }
    }

    #[test]
    fn sql_in_a_store_a_test_and_the_queue_is_at_home() {
        let text = "//! A file.\nsqlx::query!(\"select 1\")";
        for path in [
            "domain/src/alerts/store.rs",
            "domain/src/catalog/store/imports.rs",
            "domain/src/catalog/store_sales.rs",
            "platform/src/queue/claim.rs",
            "api/tests/it/catalog.rs",
        ] {
            assert_eq!(file_complaints(path, text), Vec::<String>::new(), "{path}");
        }
        assert!(sql_place("api/src/a.rs", "//! A.\n#[cfg(test)]\nmod t { query!(1) }").is_none());
    }

    #[test]
    fn a_forbidden_dependency_is_seen() {
        let manifest = "[dependencies]\nplatform.workspace = true\naxum = { workspace = true }\n\n[dev-dependencies]\nredis.workspace = true\n";
        assert_eq!(
            manifest_complaints("domain", manifest, &["axum", "redis"]),
            ["domain/Cargo.toml: domain must not know axum"]
        );
    }
}
