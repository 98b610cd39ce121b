//! The error file, corrected and sent again, and lines that a file has twice or leaves out.

use domain::catalog::import::{Kind, State, WarningCode};

use super::outcomes::{error_file, row_counts, warned_rows};
use super::shop::Shop;

const HEADER: &str = "invoice,sku,quantity,price,date\n";

fn sales_file(rows: &[&str]) -> String {
    rows.iter()
        .fold(HEADER.to_owned(), |file, row| format!("{file}{row}\n"))
}

#[tokio::test]
async fn a_corrected_error_file_adds_the_missing_line_and_changes_no_other() {
    let (good, bad, other) = (
        "1,A,3,2,2026-01-05",
        "1,A,x,2,2026-01-05",
        "1,A,4,2,2026-01-05",
    );
    for rows in [
        &[good, bad][..],
        &[bad, good],
        &[good, bad, other],
        &[bad, good, other],
    ] {
        let shop = Shop::open().await;
        let sent = sales_file(rows);
        let first = shop.import(Kind::Sales, "{}", sent.as_bytes()).await;
        assert_eq!(first.rows_rejected, 1, "{rows:?}");
        let before = shop.books(shop.company).await;
        let corrected = error_file(&shop, &first).await.replace("A,x,", "A,5,");
        let second = shop.import(Kind::Sales, "{}", corrected.as_bytes()).await;
        assert_eq!(
            (row_counts(&second), second.warnings.len()),
            ((1, 0, 0), 0),
            "{corrected}"
        );
        let after = shop.books(shop.company).await;
        assert!(before.iter().all(|line| after.contains(line)), "{rows:?}");
        let whole = shop
            .import(Kind::Sales, "{}", sent.replace("A,x,", "A,5,").as_bytes())
            .await;
        assert_eq!(
            (
                row_counts(&whole),
                warned_rows(&whole, WarningCode::MissingLines)
            ),
            ((0, 0, rows.len() as i64), 0),
            "{rows:?}"
        );
        let again = shop
            .import(Kind::Sales, "{}", format!("{corrected}\n").as_bytes())
            .await;
        assert_eq!(row_counts(&again), (0, 0, 1), "{rows:?}");
        assert_eq!(shop.books(shop.company).await, after, "{rows:?}");
    }
}

#[tokio::test]
async fn cells_that_look_like_formulas_survive_the_error_file() {
    let shop = Shop::open().await;
    let rows = ["1,=A,3,2,2026-01-05", "2,-B,-1,x,2026-01-05"];
    let first = shop
        .import(Kind::Sales, "{}", sales_file(&rows).as_bytes())
        .await;
    assert_eq!((first.rows_imported, first.rows_rejected), (1, 1));
    let errors = error_file(&shop, &first).await;
    assert!(errors.contains("2,'-B,'-1,x,"), "{errors}");
    let corrected = errors.replace("'-1,x,", "'-1,2,");
    let second = shop.import(Kind::Sales, "{}", corrected.as_bytes()).await;
    assert_eq!(row_counts(&second), (1, 0, 0), "{corrected}");
    let whole = sales_file(&rows).replace("-1,x,", "-1,2,");
    let third = shop.import(Kind::Sales, "{}", whole.as_bytes()).await;
    assert_eq!(row_counts(&third), (0, 0, 2));
}

#[tokio::test]
async fn guarded_cells_with_blanks_keep_their_code_whatever_encoding_is_named() {
    let shop = Shop::open().await;
    let rows = ["1,\tA1,3,x,2026-01-05"];
    let first = shop
        .import(Kind::Sales, "{}", sales_file(&rows).as_bytes())
        .await;
    let corrected = error_file(&shop, &first).await.replace(",x,", ",2,");
    let options = r#"{"encoding":"windows-1252"}"#;
    let second = shop
        .import(Kind::Sales, options, corrected.as_bytes())
        .await;
    assert_eq!(row_counts(&second), (1, 0, 0), "{corrected}");
    let whole = sales_file(&rows).replace(",x,", ",2,");
    let third = shop.import(Kind::Sales, "{}", whole.as_bytes()).await;
    assert_eq!(row_counts(&third), (0, 0, 1));
}

#[tokio::test]
async fn a_code_behind_an_apostrophe_survives_two_error_files() {
    let shop = Shop::open().await;
    let rows = ["1,'=B,x,2,2026-01-05"];
    let first = shop
        .import(Kind::Sales, "{}", sales_file(&rows).as_bytes())
        .await;
    let errors = error_file(&shop, &first).await;
    assert!(errors.contains("1,''=B,x,"), "{errors}");
    let wrong = errors.replace(",x,2", ",y,2");
    let second = shop.import(Kind::Sales, "{}", wrong.as_bytes()).await;
    let errors = error_file(&shop, &second).await;
    assert!(errors.contains("1,''=B,y,"), "{errors}");
    let corrected = errors.replace(",y,2", ",3,2");
    let third = shop.import(Kind::Sales, "{}", corrected.as_bytes()).await;
    assert_eq!(row_counts(&third), (1, 0, 0), "{corrected}");
    let codes = shop.books(shop.company).await;
    assert!(codes.iter().any(|line| line.contains("|=b|")), "{codes:?}");
}

#[tokio::test]
async fn an_apostrophe_in_an_ordinary_file_stays_but_before_a_code() {
    let shop = Shop::open().await;
    let rows = ["1,A,'-5,2,2026-01-05", "2,'=B,1,2,2026-01-05"];
    let import = shop
        .import(Kind::Sales, "{}", sales_file(&rows).as_bytes())
        .await;
    assert_eq!((import.rows_imported, import.rows_rejected), (1, 1));
    let codes = shop.books(shop.company).await;
    assert!(codes.iter().any(|line| line.contains("|=b|")), "{codes:?}");
}

#[tokio::test]
async fn a_row_keeps_its_occurrence_through_an_invalid_correction() {
    let shop = Shop::open().await;
    let first = shop
        .import(
            Kind::Sales,
            "{}",
            sales_file(&["1,A,3,2,2026-01-05", "1,A,x,2,2026-01-05"]).as_bytes(),
        )
        .await;
    let wrong =
        error_file(&shop, &first).await.replace("A,x,", "A,y,") + "9,B,1,1,2026-01-05,,,,,,\n";
    let second = shop.import(Kind::Sales, "{}", wrong.as_bytes()).await;
    assert_eq!((second.rows_imported, second.rows_rejected), (1, 1));
    let corrected = error_file(&shop, &second).await;
    assert_eq!(
        corrected
            .lines()
            .next()
            .unwrap()
            .matches("import_line")
            .count(),
        1,
        "{corrected}"
    );
    let third = shop
        .import(
            Kind::Sales,
            "{}",
            corrected.replace("A,y,", "A,5,").as_bytes(),
        )
        .await;
    assert_eq!(row_counts(&third), (1, 0, 0));
}

#[tokio::test]
async fn a_row_whose_identity_was_corrected_never_takes_another_s_place() {
    let shop = Shop::open().await;
    shop.import(Kind::Products, "{}", b"sku,name\nA,Soap\n")
        .await;
    let options = r#"{"unknown_products": "reject"}"#;
    let rows = sales_file(&[
        "1,A,3,2,2026-01-05",
        "1,AB,5,2,2026-01-05",
        "2,AB,7,2,2026-01-05",
    ]);
    let first = shop.import(Kind::Sales, options, rows.as_bytes()).await;
    assert_eq!((first.rows_imported, first.rows_rejected), (1, 2));
    let before = shop.books(shop.company).await;
    let corrected = error_file(&shop, &first).await.replace(",AB,", ",A,");
    let second = shop
        .import(Kind::Sales, options, corrected.as_bytes())
        .await;
    assert_eq!(
        (
            row_counts(&second),
            warned_rows(&second, WarningCode::FurtherLines)
        ),
        ((2, 0, 0), 1)
    );
    let after = shop.books(shop.company).await;
    assert!(before.iter().all(|line| after.contains(line)), "{after:#?}");
}

#[tokio::test]
async fn lines_that_a_corrected_file_leaves_out_stay_and_are_warned_of() {
    let shop = Shop::open().await;
    let rows = [
        "1,A,3,2,2026-01-05",
        "1,B,1,2,2026-01-05",
        "1,B,1,2,2026-01-05",
        "2,A,1,2,2026-01-06",
    ];
    shop.import(Kind::Sales, "{}", sales_file(&rows).as_bytes())
        .await;
    let second = shop
        .import(
            Kind::Sales,
            "{}",
            sales_file(&["1,A,4,2,2026-01-05", "1,B,1,2,2026-01-05"]).as_bytes(),
        )
        .await;
    assert_eq!(
        (
            row_counts(&second),
            warned_rows(&second, WarningCode::MissingLines)
        ),
        ((0, 1, 1), 1)
    );
    assert_eq!(shop.books(shop.company).await.len(), 4);
}

#[tokio::test]
async fn exact_duplicates_are_separate_lines_unless_the_options_drop_them() {
    let shop = Shop::open().await;
    let rows = sales_file(&[
        "1,A,3,2,2026-01-05",
        "1,A,3,2,2026-01-05",
        "1,A,4,2,2026-01-05",
        "1,A,3,2,2026-01-05",
    ]);
    let dropped = shop
        .import(Kind::Sales, r#"{"duplicates": "drop"}"#, rows.as_bytes())
        .await;
    assert_eq!(
        (
            row_counts(&dropped),
            warned_rows(&dropped, WarningCode::DroppedLines)
        ),
        ((2, 0, 0), 2)
    );
    let other = Shop::open().await;
    let kept = other.import(Kind::Sales, "{}", rows.as_bytes()).await;
    assert_eq!(
        (
            row_counts(&kept),
            warned_rows(&kept, WarningCode::DuplicateLines)
        ),
        ((4, 0, 0), 2)
    );
}

#[tokio::test]
async fn one_invalid_cell_rejects_its_row_and_not_the_file() {
    let shop = Shop::open().await;
    let long = "x".repeat(200_000);
    let odd = format!("1,B,999999999999999.9999,2,2026-01-05\n1,{long},1,2,2026-01-05");
    let import = shop
        .import(
            Kind::Sales,
            "{}",
            sales_file(&["1,A,3,2,2026-01-05", &odd]).as_bytes(),
        )
        .await;
    assert_eq!((import.state, import.rows_imported), (State::Succeeded, 1));
    let codes: Vec<_> = shop
        .errors(import.id)
        .await
        .into_iter()
        .map(|(_, _, code)| code)
        .collect();
    assert_eq!(codes, ["out_of_range", "too_long"]);
    assert!(
        error_file(&shop, &import).await.len() < 20_000,
        "a long row is cut"
    );
    let nul = sales_file(&["1,A,3,2,01/02/2026 \0"]);
    let waiting = shop.import(Kind::Sales, "{}", nul.as_bytes()).await;
    assert_eq!(
        (waiting.state, waiting.questions.len()),
        (State::NeedsInput, 1)
    );
}
