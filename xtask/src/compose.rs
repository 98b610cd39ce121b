//! Tests that `docker-compose.yml` fits the files that it mounts. `docker compose config` validates
//! the rest on machines that have it.

#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::checkout;

/// The keys of the Compose specification that our services use.
const SERVICE_KEYS: [&str; 23] = [
    "build",
    "cap_add",
    "cap_drop",
    "command",
    "depends_on",
    "deploy",
    "entrypoint",
    "environment",
    "healthcheck",
    "image",
    "init",
    "mem_limit",
    "network_mode",
    "pids_limit",
    "ports",
    "read_only",
    "restart",
    "security_opt",
    "shm_size",
    "stop_grace_period",
    "tmpfs",
    "user",
    "volumes",
];
const PROCESSES: [&str; 4] = ["migrate", "api", "worker", "scheduler"];

fn load_yaml(path: &str) -> Value {
    let text = fs::read_to_string(checkout::workspace_root().join(path)).unwrap();
    let mut yaml: serde_norway::Value = serde_norway::from_str(&text).unwrap();
    yaml.apply_merge().unwrap();
    serde_json::to_value(yaml).unwrap()
}

/// Returns the entries of a mapping.
fn list_entries(value: &Value) -> Vec<(String, Value)> {
    let entries = value.as_object().into_iter().flatten();
    entries
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn find_field(value: &Value, key: &str) -> Value {
    value.get(key).cloned().unwrap_or_default()
}

fn string_items(value: &Value) -> Vec<String> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}

fn load_services() -> Vec<(String, Value)> {
    list_entries(&find_field(&load_yaml("docker-compose.yml"), "services"))
}

#[test]
fn the_fleet_is_one_image_in_separate_processes_beside_its_servers() {
    let services = load_services();
    let names: BTreeSet<&str> = services.iter().map(|(name, _)| name.as_str()).collect();
    for name in ["postgres", "redis", "sandbox", "prometheus", "grafana"]
        .iter()
        .chain(&PROCESSES)
    {
        assert!(names.contains(name), "no service {name}");
    }
    for (name, service) in services
        .iter()
        .filter(|(name, _)| PROCESSES.contains(&name.as_str()))
    {
        assert_eq!(
            find_field(service, "image").as_str(),
            Some("vigie"),
            "{name}"
        );
        assert_eq!(
            string_items(&find_field(service, "command")).join(" "),
            *name
        );
        assert!(
            string_items(&find_field(service, "volumes"))
                .iter()
                .any(|volume| volume.starts_with("blobs:")),
            "{name}"
        );
    }
}

#[test]
fn every_service_has_only_known_keys_and_depends_on_services() {
    let services = load_services();
    let names: BTreeSet<&str> = services.iter().map(|(name, _)| name.as_str()).collect();
    for (name, service) in &services {
        for (key, _) in list_entries(service) {
            assert!(SERVICE_KEYS.contains(&key.as_str()), "{name}: {key}");
        }
        let dependencies = find_field(service, "depends_on");
        for other in list_entries(&dependencies)
            .into_iter()
            .map(|(key, _)| key)
            .chain(string_items(&dependencies))
        {
            assert!(names.contains(other.as_str()), "{name} depends on {other}");
        }
        for (other, dependency) in list_entries(&dependencies) {
            let has_healthcheck = services
                .iter()
                .any(|(n, s)| *n == other && !find_field(s, "healthcheck").is_null());
            let healthy = find_field(&dependency, "condition").as_str() == Some("service_healthy");
            assert!(
                !healthy || has_healthcheck,
                "{name} waits for the health of {other}, which has no health check"
            );
        }
    }
}

#[test]
fn volumes_are_declared_mounted_files_exist_and_ports_stay_on_this_machine() {
    let declared = list_entries(&find_field(&load_yaml("docker-compose.yml"), "volumes"));
    for (name, service) in load_services() {
        for volume in string_items(&find_field(&service, "volumes")) {
            let source = volume.split(':').next().unwrap().to_owned();
            let known = if source.starts_with("./") {
                checkout::workspace_root().join(&source).exists()
            } else {
                declared.iter().any(|(key, _)| *key == source)
            };
            assert!(known, "{name}: {volume}");
        }
        for port in string_items(&find_field(&service, "ports")) {
            assert!(port.starts_with("127.0.0.1:"), "{name}: {port}");
        }
    }
}

#[test]
fn the_servers_are_closed_and_every_service_gives_up_its_privileges() {
    for (name, service) in load_services() {
        let dropped = string_items(&find_field(&service, "cap_drop"));
        assert_eq!(dropped, ["ALL"], "{name}");
        let options = string_items(&find_field(&service, "security_opt"));
        assert_eq!(options, ["no-new-privileges:true"], "{name}");
        assert!(
            name == "secrets" || !find_field(&service, "mem_limit").is_null(),
            "{name} has no limit of memory"
        );
        let is_server = ["postgres", "redis"].contains(&name.as_str());
        assert!(
            !is_server || find_field(&service, "ports").is_null(),
            "{name}"
        );
        let volumes = string_items(&find_field(&service, "volumes"));
        let reads_owner = volumes.iter().any(|volume| volume.starts_with("owner:"));
        assert_eq!(
            reads_owner,
            ["secrets", "postgres", "migrate"].contains(&name.as_str()),
            "{name}"
        );
    }
    let text = fs::read_to_string(checkout::workspace_root().join("docker-compose.yml")).unwrap();
    // A health check doesn't pass through the entrypoint, which reads the settings.
    for (name, service) in load_services() {
        let test = find_field(&find_field(&service, "healthcheck"), "test").to_string();
        let reads = test.contains(". /var/lib/vigie/secrets/env");
        assert!(reads || !test.contains("vigie ready"), "{name}: {test}");
    }
    // Once a file is another user's, its mode can't be changed.
    let (changed, given) = (text.rfind("chmod ").unwrap(), text.find("chown ").unwrap());
    assert!(changed < given);
    assert!(text.contains("VIGIE_PROVIDERS: ${VIGIE_PROVIDERS:?"));
    assert!(
        !text.contains("vigie:vigie@"),
        "a password that everybody knows"
    );
}

#[test]
fn every_setting_of_a_process_is_in_the_example() {
    let example = fs::read_to_string(checkout::workspace_root().join(".env.example")).unwrap();
    let listed: BTreeSet<&str> = example
        .lines()
        .filter_map(|line| line.trim_start_matches('#').split_once('='))
        .map(|(key, _)| key)
        .collect();
    for (name, service) in load_services()
        .iter()
        .filter(|(name, _)| PROCESSES.contains(&name.as_str()))
    {
        for (key, _) in list_entries(&find_field(service, "environment")) {
            assert!(listed.contains(key.as_str()), "{name}: {key}");
        }
    }
}

#[test]
fn prometheus_scrapes_the_processes_and_grafana_reads_prometheus() {
    let names: Vec<String> = load_services().into_iter().map(|(name, _)| name).collect();
    let scraped = &load_yaml("grafana/prometheus.yml")["scrape_configs"][0]["dns_sd_configs"][0];
    assert_eq!(
        string_items(&scraped["names"]),
        ["api", "worker", "scheduler"]
    );
    assert!(
        string_items(&scraped["names"])
            .iter()
            .all(|name| names.contains(name))
    );
    assert_eq!(scraped["port"].as_i64(), Some(9464));
    let source = &load_yaml("grafana/provisioning/datasources/prometheus.yml")["datasources"][0];
    assert_eq!(source["url"].as_str(), Some("http://prometheus:9090"));
    let dashboard =
        fs::read_to_string(checkout::workspace_root().join("grafana/dashboards/fleet.json"))
            .unwrap();
    assert!(dashboard.contains(&format!("\"uid\": \"{}\"", source["uid"].as_str().unwrap())));
}
