//! Who may know whom: SQL, jobs, words of the business, and the members' dependencies.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::Source;

/// The areas of the product, with one name in `domain`, `jobs` and `api`; ARCHITECTURE.md lists the
/// same.
pub(super) const AREAS: [&str; 10] = [
    "identity",
    "catalog",
    "rupture",
    "alerts",
    "notifications",
    "ads",
    "billing",
    "ops",
    "crm",
    "recommendations",
];
const SQL_CALLS: [&str; 9] = [
    "query!(",
    "query_as!(",
    "query_scalar!(",
    "query_file!(",
    "query_file_as!(",
    "sqlx::query(",
    "QueryBuilder::",
    "raw_sql(",
    "copy_in_raw(",
];
/// Places of SQL beside `domain/src/<area>/store`.
const SQL_PLACES: [&str; 4] = [
    "platform/src/queue",
    "platform/src/db",
    "platform/src/probes",
    "platform/testing",
];
/// Words of the business or of providers that the spine must not know.
const BUSINESS_WORDS: [&str; 8] = [
    "product", "products", "rupture", "campaign", "stripe", "twilio", "brevo", "whatsapp",
];
/// Crates that a member must not depend on.
const FORBIDDEN_DEPENDENCIES: [(&str, &[&str]); 5] = [
    ("domain", &["axum", "reqwest", "redis", "providers", "jobs"]),
    ("providers", &["sqlx", "domain", "platform"]),
    ("platform", &["axum", "domain", "providers", "jobs"]),
    ("workers", &["jobs", "domain", "providers"]),
    ("scheduler", &["jobs", "domain", "providers"]),
];

/// SQL stands in `domain/*/store*` and in the queue's and the database's own files. Tests look into
/// tables freely.
pub(super) fn check_sql_place(source: Source<'_>) -> Vec<String> {
    let path = source.path;
    let in_store = path.starts_with("domain/src/")
        && path
            .split('/')
            .any(|part| part == "store" || part == "store.rs");
    let in_spine = SQL_PLACES.iter().any(|place| path.starts_with(place));
    if in_store || in_spine || source.is_for_tests() || path.starts_with("xtask/") {
        return Vec::new();
    }
    SQL_CALLS
        .iter()
        .filter(|call| source.production_text().contains(**call))
        .take(1)
        .map(|call| format!("SQL (`{call}`) outside domain/src/<area>/store and platform's queue"))
        .collect()
}

pub(super) fn check_job_names(source: Source<'_>) -> Vec<String> {
    let is_blind = ["workers/src/", "scheduler/src/"]
        .iter()
        .any(|dir| source.path.starts_with(dir));
    if !is_blind {
        return Vec::new();
    }
    AREAS
        .iter()
        .filter(|area| source.production_text().contains(&format!("jobs::{area}")))
        .map(|area| {
            format!("names jobs of `{area}`: workers and scheduler know jobs only by the registry")
        })
        .collect()
}

pub(super) fn check_spine_words(source: Source<'_>) -> Vec<String> {
    if !source.path.starts_with("platform/src/") {
        return Vec::new();
    }
    let code = source
        .production_text()
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric()))
        .map(str::to_ascii_lowercase)
        .find(|word| BUSINESS_WORDS.contains(&word.as_str()))
        .map(|word| format!("`{word}` is a word of the business, which platform does not know"))
        .into_iter()
        .collect()
}

pub(super) fn check_manifests(root: &Path) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for (member, forbidden) in FORBIDDEN_DEPENDENCIES {
        let manifest = fs::read_to_string(root.join(member).join("Cargo.toml"))?;
        complaints.extend(check_manifest(member, &manifest, forbidden));
    }
    Ok(complaints)
}

fn check_manifest(member: &str, manifest: &str, forbidden: &[&str]) -> Vec<String> {
    let dependencies = manifest
        .split("[dependencies]")
        .nth(1)
        .and_then(|rest| rest.split("\n[").next())
        .unwrap_or_default();
    dependencies
        .lines()
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| forbidden.contains(name))
        .map(|name| format!("{member}/Cargo.toml: {member} must not know {name}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkout;

    #[test]
    fn sql_in_a_store_a_test_and_the_queue_is_at_home() {
        let text = "//! A file.\nsqlx::query!(\"select 1\")";
        for path in [
            "domain/src/alerts/store.rs",
            "domain/src/catalog/store/imports.rs",
            "domain/src/catalog/import/store/merge/sales.rs",
            "platform/src/queue/claim.rs",
            "api/tests/it/catalog.rs",
        ] {
            assert_eq!(check_sql_place(Source { path, text }), [""; 0], "{path}");
        }
        let text = "//! A.\n#[cfg(test)]\nmod t { query!(1) }";
        let source = Source {
            path: "api/src/a.rs",
            text,
        };
        assert_eq!(check_sql_place(source), [""; 0]);
    }

    #[test]
    fn a_forbidden_dependency_is_found() {
        let manifest = "[dependencies]\nplatform.workspace = true\naxum = { workspace = true }\n\n\
                        [dev-dependencies]\nredis.workspace = true\n";
        assert_eq!(
            check_manifest("domain", manifest, &["axum", "redis"]),
            ["domain/Cargo.toml: domain must not know axum"]
        );
    }

    #[test]
    fn the_architecture_lists_the_same_areas() {
        let architecture =
            fs::read_to_string(checkout::workspace_root().join("ARCHITECTURE.md")).unwrap();
        assert!(
            architecture.replace('\n', " ").contains(&AREAS.join(", ")),
            "ARCHITECTURE.md lists the areas otherwise than {AREAS:?}"
        );
    }
}
