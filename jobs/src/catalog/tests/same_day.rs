//! Days of which two files hold lines that nothing but day and figures identifies.

use std::time::Duration;

use domain::catalog::import::{Import, Kind, QuestionOption, State, WarningCode};

use super::outcomes::{sale_lines, warned_rows};
use super::shop::Shop;

const MORNING: &str = "Date;Article;Qté;Prix\n2026-10-01;PAIN;2;150\n2026-10-01;LAIT;1;600\n";
const EVENING: &str = "Date;Article;Qté;Prix\n2026-10-01;PAIN;2;150\n2026-10-01;RIZ;5;400\n\
                       2026-10-02;RIZ;1;400\n";

async fn import(shop: &Shop, options: &str, file: &str) -> Import {
    shop.import(Kind::Sales, options, file.as_bytes()).await
}

fn counts(import: &Import) -> (i64, i64, i64) {
    assert_eq!(import.state, State::Succeeded, "{:?}", import.questions);
    (
        import.rows_imported,
        import.rows_updated,
        import.rows_unchanged,
    )
}

/// Imports the second half of a day and decides the question.
async fn answer(shop: &Shop, file: &str, answer: &str) -> Import {
    let asked = import(shop, "{}", file).await;
    assert_eq!(asked.state, State::NeedsInput);
    let question = &asked.questions[0];
    assert_eq!(question.option, QuestionOption::SameDay);
    assert_eq!(question.choices, ["union", "add", "replace"]);
    let options = format!(r#"{{"same_day": "{answer}"}}"#);
    shop.answer(asked.id, &options).await
}

#[tokio::test]
async fn two_halves_of_a_day_are_asked_about_with_figures() {
    let shop = Shop::open().await;
    import(&shop, "{}", MORNING).await;
    let before = shop.books(shop.company).await;
    let asked = import(&shop, "{}", EVENING).await;
    assert_eq!(asked.state, State::NeedsInput);
    let question = &asked.questions[0];
    let figures = "2026-10-01, 2 lignes sont enregistrées et le fichier en a 2, dont 1 déjà";
    assert!(question.message.contains(figures), "{}", question.message);
    let example = (question.examples[0].line, &*question.examples[0].value);
    assert_eq!(
        (example, question.examples.len()),
        ((2, "2026-10-01"), 1),
        "the second day is new"
    );
    assert_eq!(shop.books(shop.company).await, before);
}

#[tokio::test]
async fn further_sales_are_added_and_the_same_file_adds_them_once() {
    let shop = Shop::open().await;
    import(&shop, "{}", MORNING).await;
    assert_eq!(counts(&answer(&shop, EVENING, "add").await), (3, 0, 0));
    let lines = [
        "LAIT sale delivered 1 600",
        "PAIN sale delivered 2 300",
        "PAIN sale delivered 2 300",
        "RIZ sale delivered 5 2000",
        "RIZ sale delivered 1 400",
    ];
    assert_eq!(sale_lines(&shop).await, lines);
    // Neither the same file nor an export of the whole day adds anything.
    let same = import(&shop, r#"{"same_day": "add"}"#, &format!("{EVENING}\n")).await;
    assert_eq!(counts(&same), (3, 0, 0), "another file is further sales");
    shop.revert(same.id).await;
    let again = import(&shop, r#"{"same_day": "add", "currency": "GBP"}"#, EVENING).await;
    assert_eq!(counts(&again), (0, 0, 3));
    let whole = format!("{EVENING}2026-10-01;PAIN;2;150\n2026-10-01;LAIT;1;600\n");
    assert_eq!(counts(&import(&shop, "{}", &whole).await), (0, 0, 5));
    assert_eq!(sale_lines(&shop).await, lines);
}

#[tokio::test]
async fn a_line_that_both_files_have_is_one_sale_where_they_are_united() {
    let shop = Shop::open().await;
    import(&shop, "{}", MORNING).await;
    assert_eq!(counts(&answer(&shop, EVENING, "union").await), (2, 0, 1));
}

#[tokio::test]
async fn a_replaced_day_keeps_what_the_file_has_and_comes_back_with_a_revert() {
    let shop = Shop::open().await;
    import(&shop, "{}", MORNING).await;
    let morning = shop.books(shop.company).await;
    let replaced = answer(&shop, EVENING, "replace").await;
    assert_eq!(counts(&replaced), (2, 0, 1));
    let code = WarningCode::ReplacedLines;
    let warning = replaced.warnings.iter().find(|w| w.code == code).unwrap();
    assert_eq!(
        (warning.rows, &*warning.examples),
        (1, &["LAIT 2026-10-01".into()][..])
    );
    assert_eq!(
        sale_lines(&shop).await,
        [
            "LAIT sale cancelled 1 600",
            "PAIN sale delivered 2 300",
            "RIZ sale delivered 5 2000",
            "RIZ sale delivered 1 400",
        ]
    );
    // What was cancelled stands again where the file that holds it replaces the day.
    let back = answer(&shop, MORNING, "replace").await;
    assert_eq!(counts(&back), (0, 1, 1));
    assert_eq!(sale_lines(&shop).await[0], "LAIT sale delivered 1 600");
    assert_eq!(sale_lines(&shop).await[2], "RIZ sale cancelled 5 2000");
    for id in [back.id, replaced.id] {
        assert_eq!(shop.revert(id).await, State::Reverted);
    }
    assert_eq!(shop.books(shop.company).await, morning);
}

#[tokio::test]
async fn a_part_or_the_whole_of_what_is_recorded_is_not_asked_about() {
    let shop = Shop::open().await;
    import(&shop, "{}", MORNING).await;
    let part = "Date;Article;Qté;Prix\n2026-10-01;LAIT;1;600\n";
    assert_eq!(counts(&import(&shop, "{}", part).await), (0, 0, 1));
    let whole = format!("{MORNING}2026-10-01;RIZ;5;400\n");
    assert_eq!(counts(&import(&shop, "{}", &whole).await), (1, 0, 2));
    let other_site = "Date;Article;Qté;Prix;Magasin\n2026-10-01;RIZ;1;400;Thiès\n";
    let options = r#"{"unknown_sites": "create"}"#;
    assert_eq!(counts(&import(&shop, options, other_site).await), (1, 0, 0));
    let timed = "Date;Article;Qté;Prix\n2026-10-01 18:30;RIZ;1;400\n";
    assert_eq!(counts(&import(&shop, "{}", timed).await), (1, 0, 0));
    let ticket = "Ticket;Date;Article;Qté;Prix\n7;2026-10-01;RIZ;1;400\n";
    assert_eq!(counts(&import(&shop, "{}", ticket).await), (1, 0, 0));
}

#[tokio::test]
async fn a_file_waits_for_another_one_that_may_hold_its_days() {
    let shop = Shop::open().await;
    let first = shop.upload(Kind::Sales, "{}", MORNING.as_bytes()).await;
    let turn = shop.hold_turn().await;
    // Merged, and not settled.
    shop.die_when(first, "merged_through > 0").await;
    drop(turn);
    let second = shop.upload(Kind::Sales, "{}", EVENING.as_bytes()).await;
    assert_eq!(shop.run(second).await.outcome.name(), "snoozed");
    shop.run(first).await;
    shop.db.advance(Duration::from_secs(60)).await;
    shop.run(second).await;
    assert_eq!(shop.find(second).await.state, State::NeedsInput);
}

#[tokio::test]
async fn lines_keep_their_places_where_staging_is_lost() {
    let shop = Shop::open().await;
    import(&shop, "{}", MORNING).await;
    let add = r#"{"same_day": "add"}"#;
    let second = shop.upload(Kind::Sales, add, EVENING.as_bytes()).await;
    let turn = shop.hold_turn().await;
    shop.die_when(second, "merged_through > 0").await;
    shop.lose_staging().await;
    drop(turn);
    shop.run(second).await;
    assert_eq!(counts(&shop.find(second).await), (3, 0, 0));
    assert_eq!(sale_lines(&shop).await.len(), 5);
}

#[tokio::test]
async fn changed_and_moved_lines_are_counted_and_named() {
    let shop = Shop::open().await;
    let header = "Ticket;Date;Article;Qté;Prix\n";
    let unique = r#"{"documents": "never_repeat"}"#;
    let lines = "1;2026-03-05;A1;2;500\n2;2026-03-05;A1;1;500\n3;2026-03-05;A1;4;500\n";
    import(&shop, unique, &format!("{header}{lines}")).await;
    let lines = "1;2026-03-06;A1;2;500\n2;2026-03-05;A1;9;500\n3;2026-03-05;A1;4;500\n";
    let corrected = import(&shop, unique, &format!("{header}{lines}")).await;
    assert_eq!(counts(&corrected), (0, 2, 1));
    for (code, line) in [(WarningCode::MovedLines, 2), (WarningCode::ChangedLines, 3)] {
        assert_eq!(warned_rows(&corrected, code), 1);
        let warning = corrected.warnings.iter().find(|w| w.code == code).unwrap();
        assert_eq!(warning.lines, [line]);
    }
}

#[tokio::test]
async fn a_file_that_cancels_a_sale_of_which_units_came_back_says_so() {
    let shop = Shop::open().await;
    let header = "Ticket;Date;Article;Qté;Prix;Statut\n";
    let first = "1;2026-03-05;A1;2;500;delivered\n2;2026-03-05;B1;2;500;delivered\n\
                 3;2026-03-06;A1;-2;500;delivered\n";
    import(&shop, "{}", &format!("{header}{first}")).await;
    let cancels = "1;2026-03-05;A1;2;500;cancelled\n2;2026-03-05;B1;2;500;cancelled\n";
    let second = import(&shop, "{}", &format!("{header}{cancels}")).await;
    assert_eq!(counts(&second), (0, 2, 0));
    let code = WarningCode::ReturnedLines;
    let warning = second.warnings.iter().find(|w| w.code == code).unwrap();
    assert_eq!((warning.rows, &*warning.lines), (1, &[2][..]));
}

#[tokio::test]
async fn a_line_that_another_file_replaced_stands_again_with_the_file_that_holds_it() {
    let shop = Shop::open().await;
    import(&shop, "{}", MORNING).await;
    let morning = sale_lines(&shop).await;
    let replace = r#"{"same_day": "replace"}"#;
    let bread = "Date;Article;Qté;Prix\n2026-10-01;PAIN;2;150\n";
    import(&shop, replace, bread).await;
    assert_eq!(sale_lines(&shop).await[0], "LAIT sale cancelled 1 600");
    let again = import(&shop, "{}", &format!("{MORNING}\n")).await;
    assert_eq!(counts(&again), (0, 1, 1));
    assert_eq!(warned_rows(&again, WarningCode::ChangedLines), 1);
    assert_eq!(sale_lines(&shop).await, morning);
}

#[tokio::test]
async fn what_a_person_cancelled_stays_so_whatever_files_say() {
    let shop = Shop::open().await;
    import(&shop, "{}", MORNING).await;
    sqlx::query!(
        "update sales set status = 'cancelled', cancelled_at = engine_now() where quantity = 1"
    )
    .execute(&mut shop.db.owner().await)
    .await
    .unwrap();
    let cancelled = sale_lines(&shop).await;
    let replace = r#"{"same_day": "replace"}"#;
    let whole = import(&shop, replace, MORNING).await;
    assert_eq!(counts(&whole), (0, 0, 2));
    assert_eq!(sale_lines(&shop).await, cancelled);
    assert_eq!(shop.revert(whole.id).await, State::Reverted);
    assert_eq!(sale_lines(&shop).await, cancelled);
}

#[tokio::test]
async fn a_file_with_a_rejected_row_replaces_no_day() {
    let shop = Shop::open().await;
    import(&shop, "{}", MORNING).await;
    let before = shop.books(shop.company).await;
    let replace = r#"{"same_day": "replace"}"#;
    let file = "Date;Article;Qté;Prix\n2026-10-01;PAIN;2;150\n2026-10-01;LAIT;x;600\n";
    let failed = import(&shop, replace, file).await;
    assert_eq!(failed.state, State::Failed);
    assert_eq!(failed.error_code.as_deref(), Some("rows_rejected"));
    assert_eq!(shop.books(shop.company).await, before);
}

#[tokio::test]
async fn a_replaced_sale_of_which_units_came_back_is_named() {
    let shop = Shop::open().await;
    let header = "Date;Article;Qté;Prix;Client\n";
    let sold = format!("{header}2026-10-01;PAIN;2;150;c1\n2026-10-01;LAIT;1;600;c1\n");
    import(&shop, "{}", &sold).await;
    import(&shop, "{}", &format!("{header}2026-10-02;LAIT;-1;600;c1\n")).await;
    let replace = r#"{"same_day": "replace"}"#;
    let bread = format!("{header}2026-10-01;PAIN;2;150;c1\n");
    let replaced = import(&shop, replace, &bread).await;
    let code = WarningCode::ReturnedLines;
    let warning = replaced.warnings.iter().find(|w| w.code == code).unwrap();
    assert_eq!(warning.examples, ["LAIT 2026-10-01"]);
}

#[tokio::test]
async fn days_are_those_of_the_company_whatever_zone_a_file_has() {
    let shop = Shop::open().await;
    let tokyo = r#"{"timezone": "Asia/Tokyo"}"#;
    import(&shop, tokyo, MORNING).await;
    assert_eq!(import(&shop, tokyo, EVENING).await.state, State::NeedsInput);
    sqlx::query!("update companies set timezone = 'Africa/Lagos'")
        .execute(&mut shop.db.owner().await)
        .await
        .unwrap();
    assert_eq!(import(&shop, "{}", EVENING).await.state, State::NeedsInput);
}
