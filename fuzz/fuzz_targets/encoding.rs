//! A file in an encoding that its first byte chooses: as the bytes are, and as the encoding writes
//! a text, which then is read as it was.
#![no_main]

use domain::catalog::import::Kind;
use domain::catalog::import::fuzzing::encode_text;
use fuzz::{ImportChoice, read_file};
use libfuzzer_sys::fuzz_target;

const LABELS: [&str; 20] = [
    "utf-8",
    "utf-16le",
    "utf-16be",
    "windows-1252",
    "iso-8859-15",
    "macroman",
    "cp437",
    "cp850",
    "cp858",
    "cp860",
    "utf-8-twice",
    "utf-8-twice-macroman",
    "utf-8-twice-cp850",
    "utf-8-twice-cp437",
    "windows-1256",
    "koi8-r",
    "gb18030",
    "shift_jis",
    "euc-kr",
    "iso-2022-jp",
];

fuzz_target!(|input: &[u8]| {
    let Some((&first, content)) = input.split_first() else {
        return;
    };
    let label = LABELS[usize::from(first) % LABELS.len()];
    read_file(&[b"sku;quantity\n", content].concat(), &choose(None));
    read_file(&[b"sku;quantity\n", content].concat(), &choose(Some(label)));
    if let Ok(text) = std::str::from_utf8(content) {
        read_back(text, label);
    }
});

fn choose(encoding: Option<&str>) -> ImportChoice {
    let options = serde_json::json!({
        "delimiter": ";", "encoding": encoding, "repeated_counts": "last",
        "leading_zeros": "distinct", "total_rows": "keep", "header_line": 1, "decimal": ".",
    });
    ImportChoice {
        kind: Kind::StockCounts,
        options: serde_json::from_value(options).expect("valid options"),
    }
}

/// Whatever its encoding, a code is the same as in UTF-8, where its encoding is named.
fn read_back(text: &str, label: &str) {
    let code: String = text
        .chars()
        .filter(|c| c.is_alphanumeric())
        .take(40)
        .collect();
    let table = format!("sku;quantity\n\"A{code}\";1\n");
    let Some(file) = encode_text(label, &table) else {
        return;
    };
    let shown = |file: &[u8], label| {
        let preview = read_file(file, &choose(Some(label))).expect("a file with one row");
        assert_eq!(preview.rows.len(), 1, "{label}: {code:?}");
        preview.rows[0].fields.values().cloned().collect::<Vec<_>>()
    };
    assert_eq!(
        shown(&file, label),
        shown(table.as_bytes(), "utf-8"),
        "{label}"
    );
}
