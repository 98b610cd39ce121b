//! Files whose notation and columns the whole file decides, after reports of real shops.

use super::*;
use crate::identity::Language;

fn detect(file: &str, kind: Kind, json: &str) -> Detected {
    let known = NumericCodes::default();
    examine_file(Cursor::new(file), kind, &options(json), known, Language::En)
        .unwrap()
        .detected
}

fn ask(file: &str, kind: Kind) -> Vec<Question> {
    let (options, known) = (Options::default(), NumericCodes::default());
    match examine_file(Cursor::new(file), kind, &options, known, Language::En)
        .unwrap()
        .detection
    {
        Detection::NeedsInput(questions) => questions,
        Detection::Ready(plan) => panic!("nothing was asked: {plan:?}"),
    }
}

#[test]
fn each_column_has_its_own_decimal_mark() {
    let file = "Date;Code;Quantité;Prix unitaire\n\
        2026-10-01;VIANDE;14.550;3 500,00\n2026-10-02;VIANDE;2.125;3 500,00\n\
        2026-10-03;VIANDE;3.400;3 650,50\n2026-10-04;POULET;1.275;2 900,00\n";
    let questions = ask(file, Kind::Sales);
    let [question] = &questions[..] else {
        panic!("{questions:?}")
    };
    assert_eq!(
        (question.option, question.field),
        (QuestionOption::Decimal, Some(Field::Quantity))
    );
    assert_eq!(question.choices, [".", ","]);
    assert_eq!(
        (question.examples[0].line, &*question.examples[0].value),
        (2, "14.550")
    );
    let answer = r#"{"decimal": {"quantity": "."}}"#;
    let detected = detect(file, Kind::Sales, answer);
    assert_eq!(
        serde_json::to_value(&detected.decimal).unwrap(),
        serde_json::json!({"quantity": ".", "unit_price": ","})
    );
    let context = Context {
        now: Utc.with_ymd_and_hms(2026, 11, 4, 12, 0, 0).unwrap(),
        ..context()
    };
    let preview = preview_file(file, Kind::Sales, &options(answer), &context, 10).unwrap();
    assert!(
        preview.rows.iter().all(|row| row.errors.is_empty()),
        "{preview:?}"
    );
}

#[test]
fn one_date_that_contradicts_the_others_is_asked_about() {
    let mut file = "date;sku;quantity;price\n".to_owned();
    for row in 0..1_900 {
        file += &match row {
            700 => "04/16/2026;A;1;100,50\n".to_owned(),
            _ => format!("{:02}/04/2026;A;1;100,50\n", 1 + row / 76),
        };
    }
    let questions = ask(&file, Kind::Sales);
    let [question] = &questions[..] else {
        panic!("{questions:?}")
    };
    assert_eq!(question.option, QuestionOption::DateFormat);
    assert_eq!(question.reason, QuestionReason::Contradiction);
    let shown: Vec<_> = question
        .examples
        .iter()
        .map(|e| (e.line, &*e.value))
        .collect();
    assert_eq!(shown, [(702, "04/16/2026"), (914, "13/04/2026")]);
    let answer = options(r#"{"date_format": "d/m/Y"}"#);
    let (totals, rejected) = validate_file(&file, Kind::Sales, &answer);
    assert_eq!(totals.accepted, 1_899);
    assert_eq!(
        summarize(&rejected),
        [(702, "date", "04/16/2026", "not_a_date")]
    );
}

#[test]
fn months_are_read_as_words() {
    let file = "Date;Code;Quantité;Prix unitaire\n12 janv. 2026;RIZ-5;1;3500\n\
        3 févr. 2026;RIZ-5;2;3500\n1er mars 2026;RIZ-5;3;3500\n4 brumaire 2026;RIZ-5;4;3500\n";
    let (totals, rejected) = validate_file(file, Kind::Sales, &Options::default());
    assert_eq!(totals.accepted, 3);
    assert_eq!(
        summarize(&rejected),
        [(5, "Date", "4 brumaire 2026", "not_a_date")]
    );
}

#[test]
fn the_header_is_found_below_titles() {
    let file = "\u{feff}Export des ventes - Date :;03/05/2026 à 14:30:00\nBoutique de test;;;;\n\n\
        Date;Référence;Désignation;Quantité;Prix unitaire\n\
        05/04/2026;RIZ-5;Riz 5 kg;4;3500\n15/04/2026;SUCRE-1;Sucre 1 kg;10;900\n";
    let detected = detect(file, Kind::Sales, "{}");
    assert_eq!(detected.header_line, 4);
    assert_eq!(detected.columns[&Field::Sku], "Référence");
    let (totals, _) = validate_file(file, Kind::Sales, &Options::default());
    assert_eq!((totals.rows, totals.accepted), (2, 2));
}

#[test]
fn a_file_of_several_tables_is_rejected_with_what_to_do() {
    let table = "\"SKU\",\"Name\",\"Quantity\",\"Unit Cost\",\"Total Cost\"\n\
        \"RIZ-5\",\"Riz\",\"1.00\",\"3500.00\",\"3500.00\"\n\n";
    let file = format!("\"Commande\",\"F-1\"\n{table}\"Commande\",\"F-2\"\n{table}");
    let cause = examine_file(
        Cursor::new(file),
        Kind::Sales,
        &Options::default(),
        NumericCodes::default(),
        Language::En,
    )
    .unwrap_err();
    assert_eq!(cause.code, "missing_column");
    assert!(
        cause
            .to_string()
            .contains("line 2 looks most like the header")
            && cause.to_string().contains("again on line 6"),
        "{cause}"
    );
}

#[test]
fn a_row_that_repeats_the_header_is_no_product() {
    let file = "Code;Nom\nA;Savon\nCode;Nom\nB;Sel\n";
    let (totals, rejected) = validate_file(file, Kind::Products, &Options::default());
    assert_eq!(totals.accepted, 2);
    assert_eq!(summarize(&rejected), [(3, "", "", "repeated_header")]);
}

#[test]
fn two_columns_of_one_name_are_asked_about() {
    let file = "Date;Code;Quantité;Prix;Prix;Remise\n2026-04-05;RIZ-5;2;4130;3500;0\n";
    let questions = ask(file, Kind::Sales);
    let [question] = &questions[..] else {
        panic!("{questions:?}")
    };
    assert_eq!(
        (question.option, question.field),
        (QuestionOption::Mapping, Some(Field::UnitPrice))
    );
    assert_eq!(question.choices, ["Prix#1", "Prix#2"]);
    let values: Vec<_> = question.examples.iter().map(|e| &*e.value).collect();
    assert_eq!(values, ["4130", "3500"]);
    let answered = detect(
        file,
        Kind::Sales,
        r#"{"mapping": {"unit_price": "Prix#2"}}"#,
    );
    assert_eq!(answered.ignored_columns, ["Prix"]);
}

#[test]
fn every_column_is_named_with_its_field_or_as_ignored() {
    let file = "ID,Type,SKU,Name,Published,In stock?,Low stock amount,Sale price,Regular price\n\
        742,variation,tee-bleu,T-shirt bleu,1,1,3,4000,5000\n";
    let detected = detect(file, Kind::Products, "{}");
    assert_eq!(detected.columns[&Field::SalePrice], "Regular price");
    assert_eq!(detected.columns[&Field::Sku], "SKU");
    assert_eq!(
        detected.ignored_columns,
        ["ID", "Type", "Published", "In stock?", "Sale price"]
    );
}
