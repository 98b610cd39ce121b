//! Tests that dashboards and alert rules use only metrics that the processes export.

#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;

use crate::checkout;

/// Returns every metric name in a text, without histogram suffixes.
fn metric_names(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with("vigie_"))
        .map(|word| {
            let base = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|suffix| word.strip_suffix(suffix));
            base.unwrap_or(word).to_owned()
        })
        .collect()
}

/// Returns the names in `platform::telemetry::METRICS`, read as text so that xtask depends on no
/// other crate of the workspace.
fn exported_metrics() -> BTreeSet<String> {
    let sources =
        checkout::list_files(&checkout::workspace_root().join("platform/src"), "rs").unwrap();
    let texts = sources.iter().map(|file| fs::read_to_string(file).unwrap());
    let list = texts
        .filter_map(|text| {
            let list = text
                .split_once("pub const METRICS")?
                .1
                .split_once("];")?
                .0
                .to_owned();
            Some(list)
        })
        .next()
        .expect("platform has a `pub const METRICS`");
    metric_names(&list)
}

/// Collects the strings under the key `expr` anywhere in the document.
fn collect_expressions(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (key, value) in fields {
                if let ("expr", Some(text)) = (key.as_str(), value.as_str()) {
                    found.push(text.to_owned());
                }
                collect_expressions(value, found);
            }
        }
        serde_json::Value::Array(items) => items
            .iter()
            .for_each(|item| collect_expressions(item, found)),
        _ => {}
    }
}

#[test]
fn every_exported_metric_is_recorded_somewhere() {
    let members = [
        "platform",
        "providers",
        "domain",
        "jobs",
        "api",
        "workers",
        "scheduler",
        "vigie",
    ];
    let sources: String = members
        .iter()
        .flat_map(|member| {
            checkout::list_files(&checkout::workspace_root().join(member).join("src"), "rs")
                .unwrap()
        })
        .map(|file| fs::read_to_string(file).unwrap())
        .filter(|text| !text.contains("pub const METRICS"))
        .collect();
    let unrecorded: Vec<_> = exported_metrics()
        .into_iter()
        .filter(|name| !sources.contains(&format!("\"{name}\"")))
        .collect();
    assert!(unrecorded.is_empty(), "nothing records {unrecorded:?}");
}

#[test]
fn every_query_of_a_dashboard_uses_exported_metrics() {
    let exported = exported_metrics();
    let mut queries = 0;
    for file in checkout::list_files(
        &checkout::workspace_root().join("grafana/dashboards"),
        "json",
    )
    .unwrap()
    {
        let document = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let mut found = Vec::new();
        collect_expressions(&document, &mut found);
        for query in &found {
            let unknown: Vec<String> = metric_names(query).difference(&exported).cloned().collect();
            assert!(
                unknown.is_empty(),
                "{}: {query} uses {unknown:?}",
                file.display()
            );
            assert!(
                !metric_names(query).is_empty(),
                "{}: {query} uses no exported metric",
                file.display()
            );
        }
        queries += found.len();
    }
    assert!(queries >= 10, "{queries} queries in all");
}

#[test]
fn every_alert_rule_uses_exported_metrics() {
    let exported = exported_metrics();
    let rules = fs::read_to_string(checkout::workspace_root().join("grafana/alerts.yml")).unwrap();
    let named = metric_names(&rules);
    let unknown: Vec<&String> = named.difference(&exported).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(named.len() >= 5);
}
