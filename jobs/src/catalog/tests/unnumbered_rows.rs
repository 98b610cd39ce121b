//! Rows of an error file that have no number among the lines of their identity.

use domain::catalog::import::{Kind, State, WarningCode};

use super::outcomes::{error_file, row_counts, sale_lines, warned_rows};
use super::shop::Shop;

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

#[tokio::test]
async fn corrected_lines_belong_to_their_day_and_an_error_file_replaces_none() {
    let shop = Shop::open().await;
    let file = |rows: &str| format!("Date;Article;Qté;Prix\n{rows}");
    let sent = file("2026-10-01;A;2;100\n2026-10-01;B;2;100\n2026-10-01;C;deux;100\n");
    let first = shop.import(Kind::Sales, "{}", sent.as_bytes()).await;
    let corrected = error_file(&shop, &first)
        .await
        .replace("deux;100;", "2;100;");
    let replace = r#"{"same_day": "replace"}"#;
    let second = shop
        .import(Kind::Sales, replace, corrected.as_bytes())
        .await;
    assert_eq!(
        (second.state, row_counts(&second)),
        (State::Succeeded, (1, 0, 0))
    );
    assert!(
        sale_lines(&shop)
            .await
            .iter()
            .all(|line| line.contains("delivered"))
    );
    // Two of three recorded lines, and one more.
    let other = file("2026-10-01;A;2;100\n2026-10-01;C;2;100\n2026-10-01;D;2;100\n");
    let asked = shop.import(Kind::Sales, "{}", other.as_bytes()).await;
    assert_eq!(asked.state, State::NeedsInput);
    let replaced = shop.answer(asked.id, replace).await;
    assert_eq!(row_counts(&replaced), (1, 0, 2));
    let lines = ["A", "B", "C", "D"].map(|code| {
        let status = if code == "B" {
            "cancelled"
        } else {
            "delivered"
        };
        format!("{code} sale {status} 2 200")
    });
    assert_eq!(sale_lines(&shop).await, lines);
}
