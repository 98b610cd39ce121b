//! An invariant of every request type, read from the sources.

use std::fs;
use std::path::{Path, PathBuf};

/// Types that are no request bodies, each with its reason.
const LENIENT: &[(&str, &str)] = &[
    ("Claims", "the claims of a token, which we signed"),
    (
        "MemberPath",
        "one of two path parameters; the extractor of the caller reads the other",
    ),
    ("InvitationPath", "as MemberPath"),
];

/// Fields that hold a secret, in requests and responses.
const SECRETS: &[&str] = &[
    "password",
    "current_password",
    "new_password",
    "token",
    "access_token",
    "refresh_token",
    "_client_secret",
    "key",
    "code",
];

#[test]
fn every_request_type_rejects_unknown_fields() {
    let mut lenient = Vec::new();
    for file in find_rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
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

/// Logs and panics print by `Debug`: `SecretString` prints no secret.
#[test]
fn no_type_of_a_request_or_response_prints_a_secret() {
    let mut printed = Vec::new();
    for file in find_rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        for derived in text.split("#[derive(").skip(1) {
            let (derives, rest) = derived.split_once(")]").unwrap();
            let is_data = derives.contains("Deserialize") || derives.contains("Serialize");
            let body = rest.split("\n}").next().unwrap_or_default();
            if !is_data || !derives.contains("Debug") || !body.contains("struct ") {
                continue;
            }
            let fields = body.lines().filter_map(|line| line.trim().split_once(": "));
            for (name, kind) in fields {
                let name = name
                    .trim_start_matches("pub(super) ")
                    .trim_start_matches("pub(crate) ");
                if SECRETS.contains(&name) && kind.contains("String") && !kind.contains("Secret") {
                    printed.push(format!("{name}: {kind} in {}", file.display()));
                }
            }
        }
    }
    assert!(
        printed.is_empty(),
        "hold them in a SecretString: {printed:#?}"
    );
}

fn find_rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(find_rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}
