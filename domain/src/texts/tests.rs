//! The messages of both languages are the same, and every one is there that the program names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::*;

const SOURCES: [(&str, &str); 2] = [
    ("en", include_str!("en/imports.ftl")),
    ("fr", include_str!("fr/imports.ftl")),
];

/// Returns the messages with their variables.
fn read_messages(source: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut messages = BTreeMap::<&str, BTreeSet<&str>>::new();
    let mut current = "";
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        if !line.starts_with([' ', '}', '*', '['])
            && let Some((name, _)) = line.split_once(" =")
        {
            current = name;
            messages.entry(current).or_default();
        }
        for part in line.split('$').skip(1) {
            let end = part
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(part.len());
            messages.entry(current).or_default().insert(&part[..end]);
        }
    }
    messages
}

/// What names a message by its first literal.
const CALLS: [&str; 4] = [
    "Text::new(",
    "RowError::new(",
    "RowError::of_row(",
    "FileError::new(",
];

/// Collects the literals behind `call` in every source file below `folder`.
fn list_named(folder: &Path, calls: &[&str], named: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list_named(&path, calls, named);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            for call in calls {
                for part in source.split(call).skip(1) {
                    let arguments = part.split(')').next().unwrap_or_default();
                    let name = arguments.split('"').nth(1);
                    let is_name =
                        |name: &&str| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
                    named.extend(name.filter(is_name).map(str::to_owned));
                }
            }
        }
    }
}

#[test]
fn both_languages_have_the_same_messages_with_the_same_variables() {
    let [english, french] = SOURCES.map(|(_, source)| read_messages(source));
    assert!(english.len() > 50);
    assert_eq!(english, french);
    for message in english.keys() {
        let found = ENGLISH
            .get_message(message)
            .zip(FRENCH.get_message(message));
        assert!(found.is_some(), "{message}");
    }
}

#[test]
fn every_message_that_is_named_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut named = BTreeSet::new();
    for folder in ["domain/src", "jobs/src"] {
        list_named(&root.join(folder), &CALLS, &mut named);
    }
    assert!(named.len() > 10);
    let missing: Vec<_> = named
        .iter()
        .filter(|message| ENGLISH.get_message(message).is_none())
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_text_is_written_in_the_language_of_its_reader() {
    let text = Text::new("rows_rejected")
        .with_number("rows", 1)
        .and(Text::new("header_seems_on").with("line", 4));
    assert_eq!(
        text.render(Language::En),
        "1 row is wrong and the mode is all_or_nothing; line 4 looks most like the header"
    );
    assert_eq!(
        text.render(Language::Fr),
        "1 ligne est fausse et le mode est all_or_nothing; \
         la ligne 4 ressemble le plus à un en-tête"
    );
}

#[test]
fn a_value_from_outside_can_be_stored_and_is_short() {
    let text = Text::new("unknown_sheet").with("asked", "a\0\u{7}b");
    let text = text.with("names", "x".repeat(1 << 20));
    let written = text.render(Language::En);
    assert!(written.contains("ab") && !written.contains(['\0', '\u{7}']));
    assert!(written.len() < 2 * MAX_VALUE_CHARS);
}
