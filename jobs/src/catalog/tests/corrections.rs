//! The error file, corrected and sent again, and lines that a file has twice or leaves out.

use domain::catalog::import::{self, Import, Kind, State, WarningCode};
use domain::identity::Language;

use super::outcomes::{sale_lines, warned_rows};
use super::shop::Shop;

const HEADER: &str = "invoice,sku,quantity,price,date\n";

fn sales_file(rows: &[&str]) -> String {
    rows.iter()
        .fold(HEADER.to_owned(), |file, row| format!("{file}{row}\n"))
}

/// Returns the error file as `GET /imports/{id}/errors` does.
async fn error_file(shop: &Shop, import: &Import) -> String {
    let mut tx = shop.begin().await;
    let rows = import::list_row_issues(&mut tx, shop.company, import.id, None, 0, 1000)
        .await
        .unwrap();
    let detected = import.detected.as_ref().map(|d| &d.0);
    let header = import::format_error_header(detected, Language::Fr);
    rows.iter().fold(header, |text, row| {
        text + &import::format_row_issues(row, detected, Language::Fr)
    })
}

fn row_counts(import: &Import) -> (i64, i64, i64) {
    (
        import.rows_imported,
        import.rows_updated,
        import.rows_unchanged,
    )
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

#[tokio::test]
async fn a_corrected_row_without_an_identity_is_a_further_line_once() {
    let shop = Shop::open().await;
    let header = "Date;Article;Qté;Prix\n";
    let row = |quantity: &str| format!("2026-10-01;A;{quantity};100\n");
    let rows = ["2", "deux", "2", "deux"].map(row).concat();
    let sent = format!("{header}{rows}");
    let first = shop.import(Kind::Sales, "{}", sent.as_bytes()).await;
    assert_eq!((first.rows_imported, first.rows_rejected), (2, 2));
    let errors = error_file(&shop, &first).await;
    // The two rows are corrected one after the other; the second file still holds both.
    let one = errors.replacen(";deux;100;", ";2;100;", 1);
    let second = shop.import(Kind::Sales, "{}", one.as_bytes()).await;
    assert_eq!((row_counts(&second), second.rows_rejected), ((1, 0, 0), 1));
    assert_eq!(warned_rows(&second, WarningCode::FurtherLines), 1);
    let rest = error_file(&shop, &second).await;
    let last = rest.replacen(";deux;100;", ";2;100;", 1);
    let third = shop.import(Kind::Sales, "{}", last.as_bytes()).await;
    assert_eq!(row_counts(&third), (1, 0, 0), "{last}");
    assert_eq!(sale_lines(&shop).await, ["A sale delivered 2 200"; 4]);
    let both = errors.replace(";deux;100;", ";2;100;");
    let again = shop.import(Kind::Sales, "{}", both.as_bytes()).await;
    assert_eq!(row_counts(&again), (0, 0, 2), "{both}");
    let whole = sent.replace("deux", "2");
    let whole = shop.import(Kind::Sales, "{}", whole.as_bytes()).await;
    assert_eq!(row_counts(&whole), (0, 0, 4));
    // Taken back, and sent once more.
    shop.revert(third.id).await;
    let back = shop.import(Kind::Sales, "{}", last.as_bytes()).await;
    assert_eq!(row_counts(&back), (1, 0, 0));
    let other = errors.replace(";deux;100;", ";3;100;");
    let other = shop.import(Kind::Sales, "{}", other.as_bytes()).await;
    assert_eq!(row_counts(&other), (2, 0, 0));
    assert_eq!(warned_rows(&other, WarningCode::FurtherLines), 2);
}

#[tokio::test]
async fn a_row_of_an_error_file_counts_once_in_a_file() {
    let shop = Shop::open().await;
    let sent = "Date;Article;Qté;Prix\n2026-10-01;A;2;100\n2026-10-01;A;deux;100\n";
    let first = shop.import(Kind::Sales, "{}", sent.as_bytes()).await;
    let corrected = error_file(&shop, &first)
        .await
        .replace("deux;100;", "2;100;");
    let row = corrected.lines().last().unwrap();
    // The same row twice, and once more with another quantity.
    let other = row.replacen(";2;100;", ";3;100;", 1);
    let pasted = format!("{corrected}{row}\r\n{other}\r\n");
    let second = shop.import(Kind::Sales, "{}", pasted.as_bytes()).await;
    assert_eq!(
        (row_counts(&second), second.rows_rejected),
        ((2, 0, 0), 1),
        "{pasted}"
    );
    let errors = shop.errors(second.id).await;
    assert_eq!(errors, [(3, String::new(), "repeated_row".to_owned())]);
}

#[tokio::test]
async fn an_error_file_of_another_company_is_a_file_as_others() {
    let (shop, other) = (Shop::open().await, Shop::open().await);
    let sent = "Date;Article;Qté;Prix\n2026-10-01;A;2;100\n2026-10-01;A;deux;100\n";
    let first = shop.import(Kind::Sales, "{}", sent.as_bytes()).await;
    let corrected = error_file(&shop, &first)
        .await
        .replace("deux;100;", "2;100;");
    let import = other.import(Kind::Sales, "{}", corrected.as_bytes()).await;
    assert_eq!(
        (import.state, row_counts(&import)),
        (State::Succeeded, (1, 0, 0))
    );
}
