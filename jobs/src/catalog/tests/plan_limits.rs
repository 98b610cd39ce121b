//! The limits of a plan: a file that exceeds them is rejected before anything of it is merged.

use std::time::Duration;

use domain::catalog::import::{Import, ImportId, Kind, State};

use super::shop::Shop;

const HEADER: &str = "document;date;sku;quantity;price\n";

async fn open_with_limits(products: i32, rows: i64) -> Shop {
    let shop = Shop::open().await;
    sqlx::query!(
        "update plans set products = $1, import_rows_per_month = $2 where name = 'free'",
        products,
        rows,
    )
    .execute(&mut shop.db.owner().await)
    .await
    .unwrap();
    shop
}

/// Imports a line for each code.
async fn sell(shop: &Shop, document: &str, codes: &[&str]) -> Import {
    let lines: String = codes
        .iter()
        .map(|code| format!("{document};2026-01-05;{code};2;100\n"))
        .collect();
    let file = format!("{HEADER}{lines}");
    shop.import(Kind::Sales, "{}", file.as_bytes()).await
}

/// Panics unless the import failed by the limit and wrote nothing.
fn require_refused(import: &Import, code: &str, words: &[&str]) {
    assert_eq!(import.state, State::Failed, "{import:?}");
    assert_eq!(import.error_code.as_deref(), Some(code));
    let message = import.error_message.as_deref().unwrap();
    assert!(words.iter().all(|word| message.contains(word)), "{message}");
    assert_eq!((import.rows_imported, import.rows_updated), (0, 0));
}

async fn count_products(shop: &Shop) -> i64 {
    sqlx::query_scalar!(r#"select count(*) as "count!" from products"#)
        .fetch_one(&mut shop.db.owner().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_file_may_add_the_products_that_the_plan_has_left() {
    let shop = open_with_limits(3, 1_000).await;
    assert_eq!(sell(&shop, "F1", &["A", "B"]).await.state, State::Succeeded);
    let refused = sell(&shop, "F2", &["A", "C", "D"]).await;
    let words = ["comprend 3 produits", "en avez 2", "en ajoute 2"];
    require_refused(&refused, "plan_products", &words);
    let products = b"sku,name\nC,Riz\nD,Sel\n";
    let refused = shop.import(Kind::Products, "{}", products).await;
    require_refused(&refused, "plan_products", &words[..2]);
    let counts = b"sku;counted;date\nC;1;2026-01-01\nD;1;2026-01-01\n";
    let refused = shop.import(Kind::StockCounts, "{}", counts).await;
    require_refused(&refused, "plan_products", &words[..2]);
    assert_eq!(count_products(&shop).await, 2);
    // One more fits; once the plan is exceeded, known products still sell.
    assert_eq!(sell(&shop, "F3", &["C"]).await.state, State::Succeeded);
    sqlx::query!("update plans set products = 1 where name = 'free'")
        .execute(&mut shop.db.owner().await)
        .await
        .unwrap();
    assert_eq!(sell(&shop, "F4", &["A", "C"]).await.state, State::Succeeded);
}

#[tokio::test]
async fn rows_of_a_month_are_counted_and_those_that_change_nothing_are_not() {
    let shop = open_with_limits(100, 5).await;
    let first = sell(&shop, "F1", &["A", "B", "C"]).await;
    assert_eq!(first.rows_imported, 3);
    let refused = sell(&shop, "F2", &["A", "B", "C"]).await;
    let words = [
        "5 lignes importées par mois",
        "3 sont utilisées",
        "en ajoute 3",
    ];
    require_refused(&refused, "plan_rows", &words);
    // The whole list once more and one new line, and once more with a corrected price.
    let known = "F1;2026-01-05;A;2;100\nF1;2026-01-05;B;2;100\nF1;2026-01-05;C;2;";
    for (last, added, updated) in [("100\nF2;2026-01-05;A;2;100\n", 1, 0), ("90\n", 0, 1)] {
        let file = format!("{HEADER}{known}{last}");
        let again = shop.import(Kind::Sales, "{}", file.as_bytes()).await;
        assert_eq!((again.rows_imported, again.rows_updated), (added, updated));
    }
    let last = sell(&shop, "F3", &["A"]).await;
    assert_eq!(last.rows_imported, 1);
    require_refused(&sell(&shop, "F4", &["A"]).await, "plan_rows", &["5 sont"]);
    // What is taken back is free again.
    assert_eq!(shop.revert(last.id).await, State::Reverted);
    assert_eq!(sell(&shop, "F5", &["A"]).await.rows_imported, 1);
    shop.db.advance(Duration::from_secs(31 * 86_400)).await;
    let next = sell(&shop, "F6", &["A", "B", "C", "D", "E"]).await;
    assert_eq!(next.rows_imported, 5);
}

#[tokio::test]
async fn a_paying_company_has_the_limits_of_its_plan() {
    let shop = open_with_limits(1, 1).await;
    sqlx::query!(
        "insert into subscriptions (company_id, id, stripe_id, customer, status, plan,
           cancel_at_period_end, as_of, created_at, updated_at)
         values ($1, $1, 'sub_1', 'cus_1', 'active', 'pro', false, engine_now(), engine_now(),
           engine_now())",
        shop.company.0,
    )
    .execute(&mut shop.db.owner().await)
    .await
    .unwrap();
    assert_eq!(sell(&shop, "F1", &["A", "B"]).await.state, State::Succeeded);
    let other = shop.for_company(shop.another_company().await);
    let refused = sell(&other, "F1", &["A", "B"]).await;
    require_refused(&refused, "plan_products", &["comprend un produit"]);
}

#[tokio::test]
async fn a_months_rows_are_those_admitted_in_it_whenever_their_file_was_sent() {
    let shop = open_with_limits(100, 2).await;
    let mut sent = Vec::new();
    for document in ["F1", "F2", "F3"] {
        let file = format!("{HEADER}{document};2026-01-05;A;2;100\n");
        sent.push(shop.upload(Kind::Sales, "{}", file.as_bytes()).await);
    }
    shop.db.advance(Duration::from_secs(31 * 86_400)).await;
    for id in &sent {
        shop.run(*id).await;
    }
    assert_eq!(shop.find(sent[1]).await.state, State::Succeeded);
    let words = ["2 lignes", "2 sont utilisées"];
    require_refused(&shop.find(sent[2]).await, "plan_rows", &words);
}

/// An import of two products that was admitted, and whose worker died before it created them.
async fn admit(shop: &Shop, options: &str, moment: &str) -> ImportId {
    let file = format!("{HEADER}F1;2026-01-05;A;2;100\nF1;2026-01-05;B;2;100\n");
    let id = shop.upload(Kind::Sales, options, file.as_bytes()).await;
    let turn = shop.hold_turn().await;
    shop.die_when(id, moment).await;
    drop(turn);
    id
}

#[tokio::test]
async fn a_file_waits_for_another_that_may_take_what_the_plan_has_left() {
    for (products, rows, code) in [(3, 1_000, "plan_products"), (100, 3, "plan_rows")] {
        let shop = open_with_limits(products, rows).await;
        let options = r#"{"mode": "all_or_nothing"}"#;
        let first = admit(&shop, options, "admitted_at is not null").await;
        let file = format!("{HEADER}F2;2026-01-05;C;2;100\nF2;2026-01-05;D;2;100\n");
        let second = shop.upload(Kind::Sales, "{}", file.as_bytes()).await;
        assert_eq!(shop.run(second).await.outcome.name(), "snoozed");
        assert_eq!(shop.run(first).await.outcome.name(), "succeeded");
        shop.db.advance(Duration::from_secs(60)).await;
        shop.run(second).await;
        require_refused(&shop.find(second).await, code, &["2"]);
    }
}

#[tokio::test]
async fn products_count_once_while_the_import_that_created_them_goes_on() {
    let shop = open_with_limits(3, 1_000).await;
    let first = admit(&shop, "{}", "merged_through > 0").await;
    assert_eq!(sell(&shop, "F2", &["C"]).await.state, State::Succeeded);
    assert_eq!(shop.find(first).await.state, State::Loading);
    assert_eq!(shop.run(first).await.outcome.name(), "succeeded");
}
