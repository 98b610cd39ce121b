//! Whole small files through the passes that write nothing to the database.

mod built_sheets;
mod cell_texts;
mod columns;
mod discounts;
mod doubtful_rows;
mod mutations;
mod notation;
mod outliers;
mod previews;
mod quotes;
mod random_files;
mod spreadsheets;
mod text_files;
mod times;
mod written_files;

use std::io::Cursor;

use chrono::{TimeZone, Utc};

use super::field::Field;
use super::rows::RowIssues;
use super::*;
use crate::identity::Language;

pub(crate) fn context() -> Context {
    Context {
        now: Utc.with_ymd_and_hms(2026, 5, 4, 12, 0, 0).unwrap(),
        zone: chrono_tz::Africa::Dakar,
        currency: "XOF".into(),
        language: Language::En,
    }
}

fn options(json: &str) -> Options {
    serde_json::from_str(json).unwrap()
}

fn validate_file(file: &str, kind: Kind, options: &Options) -> (RowTotals, Vec<RowIssues>) {
    let known = NumericCodes::default();
    let examined = examine_file(Cursor::new(file), kind, options, known, Language::En).unwrap();
    let Detection::Ready(plan) = examined.detection else {
        panic!("questions: {:?}", examined.detection)
    };
    let mut rejected = Vec::new();
    let totals = validate_rows(Cursor::new(file), kind, options, &plan, &context(), |r| {
        rejected.push(r)
    })
    .unwrap();
    (totals, rejected)
}

/// Plans the staging of a file for a company that has no catalog; the questions where it has some.
fn plan_staging(
    file: &[u8],
    kind: Kind,
    options: &Options,
    context: &Context,
) -> Result<(Detected, Result<StagingPlan, Vec<Question>>), FileError> {
    let known = NumericCodes::default();
    let examined = examine_file(Cursor::new(file), kind, options, known, context.language)?;
    let plan = match examined.detection {
        Detection::Ready(plan) => *plan,
        Detection::NeedsInput(questions) => return Ok((examined.detected, Err(questions))),
    };
    let usual_quantities = match kind {
        Kind::Sales => UsualQuantities::read_file(Cursor::new(file), options, &plan, context)?,
        Kind::Products | Kind::StockCounts => UsualQuantities::default(),
    };
    let staging = StagingPlan {
        import_id: platform::ids::Uuid::nil(),
        kind,
        options: options.clone(),
        plan,
        context: context.clone(),
        file_bytes: file.len() as u64,
        known_products: KnownProducts::default(),
        site_keys: std::collections::HashSet::new(),
        usual_quantities,
        staged_through: 0,
    };
    Ok((examined.detected, Ok(staging)))
}

/// Previews a file for a company that has no catalog.
pub(crate) fn preview_file(
    file: impl AsRef<[u8]>,
    kind: Kind,
    options: &Options,
    context: &Context,
    limit: usize,
) -> Result<Preview, FileError> {
    let file = file.as_ref();
    let (detected, staging) = plan_staging(file, kind, options, context)?;
    let source = Cursor::new(file);
    match staging {
        Ok(staging) => preview_import(source, &staging, detected, limit),
        Err(open) => preview_questions(source, kind, options, (detected, open), limit),
    }
}

fn summarize(rejected: &[RowIssues]) -> Vec<(u64, &str, &str, &str)> {
    rejected
        .iter()
        .flat_map(|row| row.issues.iter().map(|issue| (row.line, issue)))
        .map(|(line, issue)| {
            (
                line,
                issue.column.as_deref().unwrap_or(""),
                issue.value.as_str(),
                issue.code.as_ref(),
            )
        })
        .collect()
}

#[test]
fn a_currency_of_any_length_that_is_no_code_is_unknown_in_every_kind() {
    let long = "Franc de la Communauté financière";
    let product = format!("sku,currency\nA,{long}\n");
    let sale = format!("sku,quantity,price,date,currency\nA,1,2,2026-01-05,{long}\n");
    for (kind, file) in [(Kind::Products, product), (Kind::Sales, sale)] {
        let (_, rejected) = validate_file(&file, kind, &options("{}"));
        assert_eq!(
            summarize(&rejected),
            [(2, "currency", long, "unknown_currency")]
        );
    }
}

#[test]
fn every_row_error_has_its_line_column_value_and_code() {
    let file = "Facture;Code;Qté;Prix unitaire;Date;Statut\n\
        F1;A1;2;1 500;13/02/2026;\n\
        F2;;2;1500;13/02/2026;\n\
        F3;A1;deux;1500;13/02/2026;\n\
        F4;A1;0;1500;13/02/2026;\n\
        F5;A1;1;-5,5;13/02/2026;\n\
        F6;A1;1;1500;31/02/2026;\n\
        F7;A1;1;1500;13/02/2027;\n\
        F8;A1;1;1500;13/02/2026;perdu\n\
        F9;A1;1;12 €;13/02/2026;livré\n\
        F10;A1;1;;13/02/2026;\n\
        F11;A1\n\
        F12;A1;1;1500;13/02/2026;;surplus\n\
        F13;A1;1;1 500,50 F CFA;13/02/2026;annulé\n";
    let (totals, rejected) = validate_file(file, Kind::Sales, &Options::default());
    assert_eq!((totals.rows, totals.accepted, totals.rejected), (13, 2, 11));
    assert_eq!(
        summarize(&rejected),
        [
            (3, "Code", "", "missing_value"),
            (4, "Qté", "deux", "not_a_number"),
            (5, "Qté", "0", "zero_quantity"),
            (6, "Prix unitaire", "-5,5", "negative_price"),
            (7, "Date", "31/02/2026", "not_a_date"),
            (8, "Date", "13/02/2027", "future_date"),
            (9, "Statut", "perdu", "unknown_status"),
            (10, "Prix unitaire", "12 €", "other_currency"),
            (11, "Prix unitaire", "", "missing_value"),
            (12, "Qté", "", "missing_value"),
            (12, "Prix unitaire", "", "missing_value"),
            (12, "Date", "", "missing_value"),
            (13, "", "", "too_many_fields"),
        ]
    );
    assert_eq!(
        rejected[1].fields,
        ["F3", "A1", "deux", "1500", "13/02/2026", ""]
    );
}

#[test]
fn negative_lines_are_classified_and_unwanted_codes_ignored() {
    let file = "document,sku,quantity,price,date\n\
        1,A,2,5,2026-01-02\nC2,A,-2,5,2026-01-03\n3,A,-1,5,2026-01-03\n4,A,-7,0,2026-01-03\n\
        5,post,1,5,2026-01-03\n6,gift_12,1,5,2026-01-03\nC7,A,1,5,2026-01-03\n";
    let options = options(r#"{"cancellation_prefix": "C", "ignore_codes": ["POST", "GIFT_*"]}"#);
    let (totals, rejected) = validate_file(file, Kind::Sales, &options);
    let expected = RowTotals {
        rows: 7,
        accepted: 4,
        rejected: 1,
        ignored: 2,
        sales: 1,
        returns: 1,
        cancellations: 1,
        adjustments: 1,
    };
    assert_eq!(totals, expected);
    assert_eq!(
        summarize(&rejected),
        [(8, "quantity", "1", "positive_cancellation")]
    );
}

#[test]
fn what_a_file_does_not_decide_is_asked_and_the_answer_is_used() {
    let file = "sku;quantity;price;date\nA;1;1,234;01/02/2026\nB;2;3,000;03/04/2026\n";
    let Detection::NeedsInput(questions) = examine_file(
        Cursor::new(file),
        Kind::Sales,
        &Options::default(),
        NumericCodes::default(),
        Language::En,
    )
    .unwrap()
    .detection
    else {
        panic!("nothing was asked")
    };
    let found: Vec<_> = questions
        .iter()
        .map(|q| (q.option, q.examples[0].value.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (QuestionOption::Decimal, "1,234"),
            (QuestionOption::DateFormat, "01/02/2026")
        ]
    );
    let answered = options(r#"{"decimal": ",", "date_format": "d/m/Y"}"#);
    assert_eq!(validate_file(file, Kind::Sales, &answered).0.accepted, 2);
}

#[test]
fn products_and_counts_have_rules_of_their_own() {
    let products = "Code,Nom,Prix achat,Prix vente,Stock mini,Stock maxi,Délai,Actif\n\
        A,Savon,100,150.5,5,50,7,oui\nB,,,,,,,\nC,x,-1,,,,,\nD,x,,,9,3,,\nE,x,,,,,1000,\nF,x,,,,,,peut-être\nG,x,,,,,,-\n";
    let (totals, rejected) = validate_file(products, Kind::Products, &Options::default());
    assert_eq!(totals.accepted, 2);
    let codes: Vec<_> = rejected.iter().map(|r| r.issues[0].code.as_ref()).collect();
    assert_eq!(
        codes,
        [
            "title_row",
            "negative",
            "below_minimum",
            "out_of_range",
            "not_a_truth_value"
        ]
    );
    let counts = "sku,stock,date\nA,12.5,2026-05-01\nB,-3,\nC,x,2026-05-01\nD,1,2026-06-01\n";
    let (totals, rejected) = validate_file(counts, Kind::StockCounts, &Options::default());
    assert_eq!(totals.accepted, 1);
    assert_eq!(
        summarize(&rejected),
        [
            (3, "stock", "-3", "negative"),
            (4, "stock", "x", "not_a_number"),
            (5, "date", "2026-06-01", "future_date")
        ]
    );
}

#[test]
fn files_that_are_no_table_of_their_kind_are_rejected() {
    let error_code = |file: &str, json: &str| {
        examine_file(
            Cursor::new(file),
            Kind::Sales,
            &options(json),
            NumericCodes::default(),
            Language::En,
        )
        .unwrap_err()
        .code
    };
    assert_eq!(error_code("", "{}"), "empty_file");
    assert_eq!(error_code("\n\n\n", "{}"), "empty_file");
    assert_eq!(error_code("sku,quantity,price,date\n", "{}"), "no_rows");
    assert_eq!(
        error_code("sku,quantity,price\nA,1,1\n", "{}"),
        "missing_column"
    );
    assert_eq!(
        error_code(
            "sku;quantity;price;date\nA;1;1;2026-01-01\n",
            r#"{"delimiter": ","}"#
        ),
        "missing_column"
    );
    assert_eq!(
        error_code("PK\u{3}\u{4} but no archive", "{}"),
        "not_a_table"
    );
    assert_eq!(
        error_code("Dear Sir,\nplease find enclosed\nour best regards\n", "{}"),
        "missing_column"
    );
}
