//! What every source of the API must hold to, read from the sources.

use std::fs;
use std::path::{Path, PathBuf};

/// Types that read something else than what a client writes, each with its reason.
const LENIENT: &[(&str, &str)] = &[
    (
        "Claims",
        "a token's claims; what we don't know is signed by us all the same",
    ),
    (
        "MemberPath",
        "one of the path's two parameters; the other is read by the caller's extractor",
    ),
];

#[test]
fn every_request_type_rejects_unknown_fields() {
    let mut lenient = Vec::new();
    for file in rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        for derived in text.split("#[derive(").skip(1) {
            let (derives, rest) = derived.split_once(")]").unwrap();
            let head = rest.split_inclusive(['{', ';']).next().unwrap_or_default();
            let name = head
                .split("struct ")
                .nth(1)
                .map(|n| n.split(|c: char| !c.is_alphanumeric()).next().unwrap());
            let (Some(name), true) = (name, head.ends_with('{')) else {
                continue;
            };
            let is_exempt = LENIENT.iter().any(|(exempt, _)| *exempt == name);
            if derives.contains("Deserialize")
                && !head.contains("deny_unknown_fields")
                && !is_exempt
            {
                lenient.push(format!("{name} in {}", file.display()));
            }
        }
    }
    assert!(
        lenient.is_empty(),
        "add #[serde(deny_unknown_fields)]: {lenient:#?}"
    );
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}
