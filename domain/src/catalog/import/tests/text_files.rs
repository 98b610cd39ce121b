//! Text files as the programs of customers write them, through the passes that read a file.

use std::io::Cursor;

use super::*;

const SALES: Kind = Kind::Sales;

fn examine(file: &[u8], kind: Kind, json: &str) -> ExaminedFile {
    examine_file(
        Cursor::new(file),
        kind,
        &options(json),
        NumericCodes::default(),
        Language::En,
    )
    .unwrap()
}

fn questions_of(examined: &ExaminedFile) -> &[Question] {
    match &examined.detection {
        Detection::NeedsInput(questions) => questions,
        Detection::Ready(_) => panic!("nothing is asked: {:?}", examined.detected),
    }
}

/// Returns the names of the rows, read with the options.
fn read_names(file: &[u8], kind: Kind, json: &str) -> Vec<String> {
    let preview = preview_file(file, kind, &options(json), &context(), 100).unwrap();
    assert_eq!(preview.questions, []);
    let names = preview
        .rows
        .iter()
        .map(|row| row.fields[&Field::Name].clone());
    names.collect()
}

#[test]
fn a_file_of_a_macintosh_is_read() {
    let file = b"Date;R\x8ef\x8erence;D\x8esignation;Quantit\x8e;Prix unitaire\r\
        05/03/2026;CAFE-1;Caf\x8e moulu \x88 5 \xdb;2,5;1 250,00\r\
        15/03/2026;NAIVE;Cr\x8fme br\x9el\x8ee \xc7 ma\x95s \xc8;1;999,50\r";
    let examined = examine(file, SALES, "{}");
    assert_eq!(examined.detected.encoding.as_deref(), Some("macintosh"));
    assert_eq!(examined.detected.columns[&Field::Quantity], "Quantité");
    assert_eq!(
        read_names(file, SALES, "{}"),
        ["Café moulu à 5 €", "Crème brûlée « maïs »"]
    );
}

#[test]
fn dos_and_twice_encoded_names_below_a_plain_header_are_read() {
    for (label, name) in [
        ("cp850", "cp850"),
        ("cp437", "cp850"),
        ("utf-8-twice", "utf-8-twice"),
    ] {
        let text = "Code,Name,Quantity\nA1,Café moulu à l'ancienne,2\nA2,Crème brûlée,1\n";
        let file = read::encode_text(label, text).unwrap();
        let examined = examine(&file, Kind::StockCounts, "{}");
        assert_eq!(examined.detected.encoding.as_deref(), Some(name));
        let names = read_names(&file, Kind::StockCounts, "{}");
        assert_eq!(names, ["Café moulu à l'ancienne", "Crème brûlée"]);
    }
}

#[test]
fn an_undecided_encoding_is_asked_about_and_the_answer_is_used() {
    let file = b"Code,Name,Quantity\nA1,plain,2\nA2,REMORQUE \x88 PNEUS,1\n";
    let examined = examine(file, Kind::StockCounts, "{}");
    let [question] = questions_of(&examined) else {
        panic!("{examined:?}")
    };
    assert_eq!(question.option, QuestionOption::Encoding);
    assert_eq!((question.field, question.column.as_deref()), (None, None));
    assert_eq!(question.choices, ["macintosh", "cp850"]);
    let shown: Vec<_> = question
        .examples
        .iter()
        .map(|e| (e.line, &*e.value))
        .collect();
    assert_eq!(shown, [(3, "REMORQUE à PNEUS"), (3, "REMORQUE ê PNEUS")]);
    assert!(
        question.message.contains("\"REMORQUE ê PNEUS\" (cp850)"),
        "{}",
        question.message
    );
    for (choice, name) in question
        .choices
        .iter()
        .zip(["REMORQUE à PNEUS", "REMORQUE ê PNEUS"])
    {
        let answer = format!(r#"{{"encoding": "{choice}"}}"#);
        assert_eq!(read_names(file, Kind::StockCounts, &answer)[1], name);
    }
}

#[test]
fn a_header_that_one_encoding_reads_is_evidence() {
    // Ž and é: only one of them makes a title that is known.
    let file = b"Code;Quantit\x8e\nA1;2\n";
    let examined = examine(file, Kind::StockCounts, "{}");
    assert_eq!(examined.detected.encoding.as_deref(), Some("macintosh"));
    let file = b"Code;QUANTIT\x90\nA1;2\n";
    let examined = examine(file, Kind::StockCounts, "{}");
    assert_eq!(examined.detected.columns[&Field::Quantity], "QUANTITÉ");
    // Either accent makes the title that is known.
    let file = b"Code;PI\xe9CES;Quantity\nA1;x;2\n";
    let examined = examine(file, Kind::StockCounts, "{}");
    assert_eq!(questions_of(&examined)[0].option, QuestionOption::Encoding);
}

#[test]
fn a_header_that_no_encoding_reads_says_so() {
    let file = b"Kode;ANTAL \x88 B\nA1;2\n";
    let cause = examine_file(
        Cursor::new(file),
        Kind::StockCounts,
        &Options::default(),
        NumericCodes::default(),
        Language::En,
    );
    let cause = cause.unwrap_err();
    assert_eq!(cause.code, "missing_column");
    assert!(cause.to_string().contains("options.encoding"), "{cause}");
}

#[test]
fn an_open_quote_takes_no_neighbour() {
    let line = |n: u32| format!("2026-03-{n:02};ART-{n:02};Article {n};{n};100\n");
    let lines = |from: u32, to: u32| (from..=to).map(line).collect::<String>();
    let file = format!(
        "Date;Code;Désignation;Quantité;Prix unitaire\n{}2026-03-04;ART-04;\"Tuyau 1/2;4;100\n\
         {}2026-03-09;ART-09;Raccord 3/4\";9;100\n{}",
        lines(1, 3),
        lines(5, 8),
        lines(10, 12)
    );
    let (totals, rejected) = validate_file(&file, SALES, &Options::default());
    assert_eq!((totals.rows, totals.accepted), (12, 11));
    assert_eq!(summarize(&rejected), [(5, "", "", "unclosed_quote")]);
    assert!(
        rejected[0].issues[0].reason.contains("line 5"),
        "{}",
        rejected[0].issues[0].reason
    );
    assert_eq!(
        rejected[0].fields,
        ["2026-03-04", "ART-04", "\"Tuyau 1/2", "4", "100"]
    );
}

#[test]
fn hints_of_the_delimiter_are_read_in_quotes_and_corrected_by_the_file() {
    for (hint, delimiter) in [
        ("\"sep=;\"", ';'),
        ("sep=;", ','),
        ("SEP=,", ','),
        ("sep=,", ';'),
    ] {
        let row = |cells: [&str; 4]| cells.join(&delimiter.to_string()) + "\r\n";
        let header = row(["Date", "Article", "Quantité", "Prix unitaire"]);
        let file = format!(
            "{hint}\r\n{header}{}",
            row(["03/13/2026", "RIZ-5", "4", "3500"])
        );
        let examined = examine(file.as_bytes(), SALES, "{}");
        assert_eq!(examined.detected.delimiter, Some(delimiter), "{hint}");
        assert_eq!(examined.detected.header_line, 2);
        assert_eq!(
            validate_file(&file, SALES, &Options::default()).0.accepted,
            1
        );
    }
}

#[test]
fn cells_of_several_lines_keep_their_rows() {
    let file = "Date;Produit;Désignation;Quantité;Prix unitaire;Facture\n\
        2026-03-01;HUILE-1;\"Huile\nd'arachide, 1 L\";3;1500;F-1\n\
        2026-03-02;SUCRE-1;\"Sucre \"\"roux\"\" ; 1 kg\";abc;900;F-2\n\
        2026-03-02;SUCRE-1;Sucre blanc;2;900;F-2\n";
    let (totals, rejected) = validate_file(file, SALES, &Options::default());
    assert_eq!((totals.rows, totals.accepted), (3, 2));
    assert_eq!(
        summarize(&rejected),
        [(4, "Quantité", "abc", "not_a_number")]
    );
    assert_eq!(rejected[0].fields[2], "Sucre \"roux\" ; 1 kg");
}
