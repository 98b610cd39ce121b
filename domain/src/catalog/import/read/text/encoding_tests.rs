//! Files in every encoding, from their bytes to text.

use std::io::Cursor;

use super::csv::CsvTable;
use super::encode_text;
use super::encoding_doubt::EncodingDoubt;
use crate::catalog::import::options::{Charset, Options};
use crate::catalog::import::read::record::{Shape, Table as _};

const NAMES: [&str; 6] = [
    "Café moulu à 5 F",
    "Crème brûlée",
    "Pâte à tartiner",
    "Thé vert à la menthe",
    "Huile raffinée",
    "Épicerie salée",
];

/// Returns the first field of each row, and how the file is laid out.
fn read_file(bytes: &[u8]) -> (Vec<String>, Shape) {
    let mut table = CsvTable::open(Cursor::new(bytes), &Options::default(), None).unwrap();
    let mut names = Vec::new();
    while table.advance().unwrap() {
        names.push(table.record().field(0).to_owned());
    }
    (names, table.shape())
}

fn encode(label: &str, text: &str) -> Vec<u8> {
    encode_text(label, text).unwrap_or_else(|| panic!("{label} can't hold {text}"))
}

fn doubt_of(bytes: &[u8]) -> EncodingDoubt {
    let doubt = read_file(bytes).1.encoding_doubt;
    doubt.unwrap_or_else(|| panic!("read as {:?}", read_file(bytes)))
}

#[test]
fn a_few_words_decide_their_encoding() {
    let text = NAMES.map(|name| format!("{name};1\r")).concat();
    for (label, name) in [
        ("utf-8", "UTF-8"),
        ("windows-1252", "windows-1252"),
        ("iso-8859-15", "windows-1252"),
        ("macroman", "macintosh"),
        ("cp850", "cp850"),
        ("cp858", "cp850"),
        ("cp437", "cp850"),
        ("utf-8-twice", "utf-8-twice"),
        ("utf-8-twice-macroman", "utf-8-twice-macroman"),
        ("utf-8-twice-cp850", "utf-8-twice-cp850"),
        ("utf-16le", "UTF-16LE"),
        ("utf-16be", "UTF-16BE"),
    ] {
        let (names, shape) = read_file(&encode(label, &text));
        assert_eq!(names, NAMES, "{label}");
        assert_eq!(
            (shape.encoding, shape.encoding_doubt),
            (Some(name), None),
            "{label}"
        );
    }
    let (names, _) = read_file(&encode(
        "cp860",
        "Pão;1\nFeijão preto;2\nMaçã;3\nAvelãs;4\nLimões;5\n",
    ));
    assert_eq!(names, ["Pão", "Feijão preto", "Maçã", "Avelãs", "Limões"]);
}

#[test]
fn evidence_far_below_the_first_accent_counts() {
    let many = "Café;1\nCrème;2\nThé à la menthe;3\n".repeat(30_000);
    for (label, last, name) in [
        ("iso-8859-15", "Cœur de bœuf 5 €", "ISO-8859-15"),
        ("windows-1252", "Cœur de bœuf 5 €", "windows-1252"),
        ("cp850", "PÂTE D'ÂNE", "cp850"),
        ("cp858", "Prix : 5 €", "cp858"),
        ("macroman", "Cœur de bœuf 5 €", "macintosh"),
    ] {
        let (names, shape) = read_file(&encode(label, &format!("{many}{last};4\n")));
        assert_eq!(names.last().unwrap(), last, "{label}");
        assert_eq!(
            (shape.encoding, shape.encoding_doubt),
            (Some(name), None),
            "{label}"
        );
    }
}

#[test]
fn an_accent_after_many_plain_lines_is_decoded_correctly() {
    let plain = "Savon;1\n".repeat(100_000);
    for label in ["utf-8", "windows-1252", "macroman", "cp850", "utf-8-twice"] {
        let text = format!("{plain}Crème brûlée;1\nDésignation;2\nPiña;3\n");
        let (names, _) = read_file(&encode(label, &text));
        assert_eq!(
            names[100_000..],
            ["Crème brûlée", "Désignation", "Piña"],
            "{label}"
        );
    }
}

#[test]
fn a_file_in_two_encodings_contradicts_itself() {
    let text = NAMES.map(|name| format!("{name};1\n")).concat();
    for (one, other) in [
        ("windows-1252", "cp850"),
        ("windows-1252", "utf-8"),
        ("macroman", "cp850"),
        ("utf-8", "utf-8-twice"),
    ] {
        let file = [encode(one, &text), encode(other, &text)].concat();
        let doubt = doubt_of(&file);
        assert!(doubt.is_contradiction(), "{one}, {other}: {doubt:?}");
    }
}

#[test]
fn a_doubt_shows_how_each_encoding_reads_the_file() {
    let doubt = doubt_of(b"code;name\r\nA1;plain\r\nA2;REMORQUE \x88 PNEUS\r\n");
    assert_eq!(doubt.names(), ["macintosh", "cp850"]);
    let readings = doubt.list_readings();
    assert_eq!(readings[0].line, 3);
    assert_eq!(readings[0].texts, ["REMORQUE à PNEUS", "REMORQUE ê PNEUS"]);
}

#[test]
fn a_mark_leaves_open_whether_utf_8_was_encoded_twice() {
    let marked = |text: &str| [b"\xef\xbb\xbf", text.as_bytes()].concat();
    let (names, shape) = read_file(&marked("CafÃ© moulu;1\n5Â\u{a0}kg d’Ã©pices;2\n"));
    assert_eq!(names, ["Café moulu", "5\u{a0}kg d’épices"]);
    assert_eq!(shape.encoding, Some("utf-8-twice"));
    let (names, shape) = read_file(&marked("Café moulu;1\nMAÇÃ\u{a0};2\n"));
    assert_eq!(names, ["Café moulu", "MAÇÃ"]);
    assert_eq!(shape.encoding, Some("UTF-8"));
    let twice_marked = encode("utf-8-twice", "\u{feff}Café;1\n");
    assert_eq!(read_file(&twice_marked).0, ["Café"]);
}

#[test]
fn text_in_other_scripts_is_utf_8() {
    for text in [
        "قهوة مطحونة",
        "米 5kg",
        "Кофе молотый",
        "kɛnɛ ɔ̀pɛ́",
        "Ẹ̀kọ ọ̀pẹ",
        "Cafe\u{301} cre\u{300}me",
        "🍞 Pain",
        "α-tocopherol",
    ] {
        let (names, shape) = read_file(format!("{text};1\n").as_bytes());
        assert_eq!(names, [text]);
        assert_eq!(
            (shape.encoding, shape.encoding_doubt),
            (Some("UTF-8"), None),
            "{text}"
        );
    }
}

#[test]
fn a_few_garbled_words_leave_a_file_as_it_is() {
    let text = format!(
        "{}CafÃ© moulu;1\n",
        "Été;1\nDécembre;2\nFévrier;3\n".repeat(50)
    );
    let words = [
        "Noël", "fêtes", "maïs", "pâtes", "drôle", "façade", "brûlée", "où", "Ô", "île",
    ];
    let many: String = (0..100)
        .map(|n| format!("{}{};2\n", words[n % 10], "x".repeat(n / 10)))
        .collect();
    let (names, shape) = read_file(format!("{many}{text}").as_bytes());
    assert_eq!(names.last().unwrap(), "CafÃ© moulu");
    assert_eq!(
        (shape.encoding, shape.encoding_doubt),
        (Some("UTF-8"), None)
    );
}

#[test]
fn control_bytes_belong_to_an_encoding_that_is_named() {
    for label in ["iso-2022-jp", "utf-16le", "utf-16be"] {
        let named = Charset::find_label(label);
        let file = encode(label, "米米米米米米米米;1\n");
        let options = Options {
            delimiter: Some(';'),
            ..Options::default()
        };
        let mut table = CsvTable::open(Cursor::new(&file), &options, named).unwrap();
        assert!(table.advance().unwrap());
        assert_eq!(table.record().field(0), "米米米米米米米米", "{label}");
        let unnamed = CsvTable::open(Cursor::new(&file), &options, None).map(drop);
        assert_eq!(unnamed.unwrap_err().code, "not_a_table", "{label}");
    }
}
