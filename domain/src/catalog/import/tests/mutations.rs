//! Files with random damage: whatever their bytes, reading them ends with rows or an error. Values
//! that are written in a known form are read as they were. `PROPTEST_CASES` sets the number of
//! files.

use std::io::Cursor;

use chrono::{Days, NaiveDate};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use testing::{SHEET_PART, STYLES_PART, Spreadsheet, TEXTS_PART, WORKBOOK_PART};

use super::{context, options, preview_file};
use crate::catalog::import::cells::{parse_date, parse_number, split_date};
use crate::catalog::import::field::Field;
use crate::catalog::import::options::{DateFormat, DecimalMark};
use crate::catalog::import::read::encode_text;
use crate::catalog::import::{
    Detection, Kind, NumericCodes, Options, QuestionOption, examine_file, validate_rows,
};
use crate::identity::Language;

const SALES: &str = "Facture;Code;Qté;Prix unitaire;Date;Statut\r\n\
    F1;\"A;1\";2;1 500,50;13/02/2026 08:30;livré\r\nF2;B;-1;(3,25) €;14/02/2026;annulé\r\n";
const COUNTS: &str = "\u{feff}sku,quantity,date\nA,1.5,2026-02-13T08:30:00+01:00\nB,2,20260214\n";
const TEXTS: &str = r#"<sst uniqueCount="3"><si><t>Code</t></si><si><t>Quantit&#233;</t></si>
    <si><r><t>Riz_x000D_ </t></r><rPh><t>riz</t></rPh></si></sst>"#;
const SHEET: &str = r#"<worksheet><dimension ref="A1:C3"/><sheetData><row r="1"><c r="A1" t="s">
    <v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="inlineStr"><is><t>Date</t></is></c></row>
    <row r="2"><c r="A2" t="s"><v>2</v></c><c r="B2"><v>2.5</v></c><c r="C2" s="1"><v>46000.5</v></c>
    </row><row r="3"><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c><c t="d"><v>2026-02-13</v></c>
    </row></sheetData></worksheet>"#;
const STYLES: &str = r#"<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[h]:mm"/></numFmts>
    <cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>"#;
const WORKBOOK: &str = r#"<workbook><workbookPr date1904="1"/><sheets><sheet name="a" state="hidden"
    r:id="rId1"/><sheet name="b" r:id="rId1"/></sheets></workbook>"#;

/// The encodings that are recognised.
const LABELS: [&str; 14] = [
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
];

/// Names of products in the languages of the customers.
const NAMES: [&str; 44] = [
    "Tomates pelées",
    "Pêches au sirop léger",
    "Haricots à écosser",
    "Flageolets extra-fins",
    "Mâche et laitue frisée",
    "Poêlon en fonte émaillée",
    "Bougies à l’ancienne",
    "Désodorisant « Forêt »",
    "Gel coiffant 5 €",
    "Brosse à chaussures",
    "Râteau 16 dents",
    "Fève de cacao grillée",
    "Façonneuse",
    "Écrou n° 8",
    "Marché couvert",
    "Nescafé",
    "Citron pressé ½ L",
    "Île aux épices",
    "Haut-parleur – câblé",
    "Tôle ondulée",
    "Maïzena",
    "Dîner complet",
    "Vêtement d'été",
    "Prêt-à-porter",
    "Bâche 3 × 4 m",
    "Reçus (carnet)",
    "Requeijão",
    "Pão de queijo",
    "Melão amarelo",
    "Macaxeira à milanesa",
    "Mamão papaia",
    "Castanha-de-caju",
    "Informação",
    "Opções",
    "Órgão elétrico",
    "Mantequilla de maní",
    "Piñata pequeña",
    "Cáscara de limón",
    "Cigüeñal",
    "Ñoquis",
    "Müller",
    "Häagen-Dazs",
    "Jalapeño",
    "Rice 5 kg",
];

/// Bytes with a meaning for one of the readers.
const TOKENS: [&[u8]; 27] = [
    b"\"",
    b";",
    b",",
    b"\t",
    b"\r",
    b"\n",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xc3",
    b"sep=;\n",
    b"\"sep=,\"",
    b"\x8e",
    b";\"",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"-",
    b"9999999999999999999999",
    b"1e999",
    b"NaN",
    b"<si/>",
    b"</c>",
    b"<row>",
    b"&#x10ffff;",
    b" r=\"XFD1048576\"",
    b" s=\"-1\"",
    b"_xD800_",
];

/// One change of a file.
#[derive(Debug, Clone)]
enum Edit {
    Replace(u8),
    Insert(&'static [u8]),
    Delete(usize),
    Repeat(usize),
}

fn any_edits() -> impl Strategy<Value = Vec<(Index, Edit)>> {
    let edit = prop_oneof![
        any::<u8>().prop_map(Edit::Replace),
        select(TOKENS.to_vec()).prop_map(Edit::Insert),
        (1..40_usize).prop_map(Edit::Delete),
        (1..400_usize).prop_map(Edit::Repeat),
    ];
    vec((any::<Index>(), edit), 0..8)
}

fn apply_edits(seed: &[u8], edits: &[(Index, Edit)]) -> Vec<u8> {
    let mut file = seed.to_vec();
    for (place, edit) in edits {
        let at = place.index(file.len() + 1);
        let until = |length: usize| (at + length).min(file.len());
        match edit {
            Edit::Replace(byte) => drop(file.splice(at..until(1), [*byte])),
            Edit::Insert(token) => drop(file.splice(at..at, token.iter().copied())),
            Edit::Delete(length) => drop(file.drain(at..until(*length))),
            Edit::Repeat(length) => {
                let repeated = file[at..until(*length)].to_vec();
                file.splice(at..at, repeated);
            }
        }
    }
    file
}

/// Reads the file through every pass that writes nothing.
fn read_file(file: &[u8], options: &Options) {
    for kind in [Kind::Sales, Kind::Products, Kind::StockCounts] {
        let known = NumericCodes::default;
        let _ = preview_file(file, kind, options, &context(), 10);
        let examined = examine_file(Cursor::new(file), kind, options, known(), Language::Fr);
        let Ok(examined) = examined else {
            continue;
        };
        if let Detection::Ready(plan) = examined.detection {
            let _ = validate_rows(Cursor::new(file), kind, options, &plan, &context(), drop);
        }
    }
}

fn any_options() -> impl Strategy<Value = Options> {
    select(vec![
        "{}",
        r#"{"encoding": "utf-16le", "decimal": "."}"#,
        r#"{"encoding": "cp850"}"#,
        r#"{"encoding": "utf-8-twice"}"#,
        r#"{"encoding": "iso-2022-jp", "delimiter": ";"}"#,
        r#"{"encoding": "gb18030", "date_format": "m/d/Y", "timezone": "Europe/Paris"}"#,
        r#"{"sheet": "a", "mapping": {"sku": "Code", "quantity": "Quantité"}}"#,
    ])
    .prop_map(options)
}

proptest! {
    #[test]
    fn a_damaged_text_file_is_read_or_rejected(
        seed in select(vec![SALES, COUNTS]),
        wide in any::<bool>(),
        edits in any_edits(),
        options in any_options(),
    ) {
        let utf16 = || seed.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let seed = if wide { utf16() } else { seed.as_bytes().to_vec() };
        read_file(&apply_edits(&seed, &edits), &options);
    }

    #[test]
    fn arbitrary_bytes_are_read_or_rejected(
        bytes in vec(any::<u8>(), 0..400),
        start in select(vec![&b""[..], b"\xff\xfe", b"\xfe\xff", b"PK\x03\x04", b"a;b\n"]),
        options in any_options(),
    ) {
        read_file(&[start, &bytes].concat(), &options);
    }

    #[test]
    fn a_spreadsheet_with_damaged_parts_is_read_or_rejected(
        damaged in select(vec![SHEET_PART, TEXTS_PART, STYLES_PART, WORKBOOK_PART]),
        edits in any_edits(),
        options in any_options(),
    ) {
        let mut book = Spreadsheet::of_rows("");
        let parts = [
            (SHEET_PART, SHEET),
            (TEXTS_PART, TEXTS),
            (STYLES_PART, STYLES),
            (WORKBOOK_PART, WORKBOOK),
        ];
        for (name, content) in parts {
            let edits = if name == damaged { &edits[..] } else { &[] };
            book.set_part(name, apply_edits(content.as_bytes(), edits));
        }
        read_file(&book.build_file(), &options);
    }

    #[test]
    fn a_damaged_zip_file_is_read_or_rejected(edits in any_edits()) {
        let mut book = Spreadsheet::of_rows("");
        book.set_part(SHEET_PART, SHEET);
        book.set_part(TEXTS_PART, TEXTS);
        read_file(&apply_edits(&book.build_file(), &edits), &Options::default());
    }

    #[test]
    fn any_text_is_a_number_and_a_date_or_neither(text in "[-+()0-9., '€$AMPTZ/:eCF\u{a0}]{0,24}") {
        for mark in [DecimalMark::Point, DecimalMark::Comma] {
            for scale in [0, 3, 6] {
                if let Ok(number) = parse_number(&text, mark, scale) {
                    prop_assert!(number.scaled.unsigned_abs() < 10_u64.pow(18));
                }
            }
        }
        for format in [DateFormat::DayFirst, DateFormat::MonthFirst, DateFormat::YearFirst] {
            let _ = parse_date(&text, format);
        }
        let _ = split_date(text.as_bytes());
    }

    #[test]
    fn a_number_is_read_as_it_was_written(
        thousandths in -999_999_999_999_i64..=999_999_999_999,
        comma in any::<bool>(),
        group in select(vec!["", " ", "\u{a0}", "\u{202f}"]),
    ) {
        let (mark, sign) = if comma {
            (DecimalMark::Comma, ',')
        } else {
            (DecimalMark::Point, '.')
        };
        let whole = (thousandths.unsigned_abs() / 1_000).to_string();
        let mut written = String::from(if thousandths < 0 { "-" } else { "" });
        for (index, digit) in whole.char_indices() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                written += group;
            }
            written.push(digit);
        }
        written += &format!("{sign}{:03}", thousandths.unsigned_abs() % 1_000);
        let read = parse_number(&written, mark, 3).map(|number| number.scaled);
        prop_assert_eq!(read, Ok(thousandths), "{}", written);
    }

    #[test]
    fn a_date_is_read_as_it_was_written(
        days in 0_u32..100_000,
        form in select(vec![
            ("%d/%m/%Y", DateFormat::DayFirst),
            ("%m/%d/%Y", DateFormat::MonthFirst),
            ("%Y-%m-%d", DateFormat::DayFirst),
            ("%Y%m%d", DateFormat::MonthFirst),
            ("%-d.%-m.%Y", DateFormat::DayFirst),
        ]),
    ) {
        let first = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap();
        let date = first + Days::new(days.into());
        let written = date.format(form.0).to_string();
        let read = parse_date(&written, form.1).map(|read| i64::from(read.day));
        let since_1970 = (date - NaiveDate::default()).num_days();
        prop_assert_eq!(read, Some(since_1970), "{}", written);
    }

    #[test]
    fn a_text_is_read_the_same_from_every_encoding_or_asked_about(
        names in vec((select(NAMES.to_vec()), 0..3_u8), 1..20),
        label in select(LABELS.to_vec()),
        has_title in any::<bool>(),
    ) {
        let names: Vec<String> = names.iter().map(|(name, case)| match case {
            0 => name.to_uppercase(),
            1 => name.to_lowercase(),
            _ => (*name).to_owned(),
        }).collect();
        let rows: String = names.iter().map(|name| format!("{name};1\n")).collect();
        let title = if has_title { "Quantité" } else { "quantity" };
        let Some(file) = encode_text(label, &format!("sku;{title}\n{rows}")) else {
            return Ok(());
        };
        let preview = preview_file(
            file,
            Kind::StockCounts,
            &options(r#"{"delimiter": ";", "repeated_counts": "last"}"#),
            &context(),
            names.len(),
        );
        let preview = preview.unwrap();
        if let [question] = &preview.questions[..] {
            prop_assert_eq!(question.option, QuestionOption::Encoding);
            prop_assert!(question.choices.len() > 1);
            return Ok(());
        }
        prop_assert_eq!(preview.rows.len(), names.len());
        for (row, name) in preview.rows.iter().zip(&names) {
            prop_assert_eq!(row.fields[&Field::Sku].trim(), name.trim(), "{}", label);
        }
    }
}
