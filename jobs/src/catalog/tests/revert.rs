//! An import taken back: what it added goes, what it changed becomes what it was.

use domain::catalog::import::{self, Import, Kind, State};

use super::shop::Shop;

const HEADER: &str = "document;date;sku;quantity;price\n";
const NEVER_REPEAT: &str = r#"{"documents": "never_repeat"}"#;

/// Returns everything that imports write, as text.
async fn books(shop: &Shop) -> Vec<String> {
    sqlx::query_scalar!(
        r#"select concat_ws(' ', p.sku, 'sold', trim_scale(s.quantity), s.day, s.status) as "line!"
           from sales s join products p on p.id = s.product_id where s.company_id = $1
           union all
           select concat_ws(' ', p.sku, m.kind, trim_scale(m.quantity))
           from stock_movements m join products p on p.id = m.product_id where m.company_id = $1
           union all
           select concat_ws(' ', p.sku, 'level', trim_scale(l.level))
           from stock_levels l join products p on p.id = l.product_id where l.company_id = $1
           union all
           select concat_ws(' ', sku, name, trim_scale(sale_price), draft)
           from products where company_id = $1
           order by 1"#,
        shop.company.0,
    )
    .fetch_all(&mut shop.db.owner().await)
    .await
    .unwrap()
}

async fn sell(shop: &Shop, options: &str, rows: &str) -> Import {
    let file = format!("{HEADER}{rows}");
    shop.import(Kind::Sales, options, file.as_bytes()).await
}

#[tokio::test]
async fn a_file_that_is_taken_back_leaves_nothing_and_can_be_sent_again() {
    let shop = Shop::open().await;
    let rows = "F1;2026-01-05;A;2;100\nF1;2026-01-05;B;1;50\n";
    let first = sell(&shop, "{}", rows).await;
    let written = books(&shop).await;
    assert_eq!(written.len(), 4, "{written:?}");
    // Demand and outlooks of the products that go.
    shop.run_due().await;
    assert_eq!(shop.revert(first.id).await, State::Reverted);
    assert!(books(&shop).await.is_empty());
    let again = sell(&shop, "{}", rows).await;
    assert_eq!((again.rows_imported, again.repeats_id), (2, None));
    assert_eq!(books(&shop).await, written);
}

#[tokio::test]
async fn levels_and_earlier_facts_stand_as_before_the_file() {
    let shop = Shop::open().await;
    let counted = b"sku;counted;date\nA;10;2026-01-01\n";
    let counts = shop.import(Kind::StockCounts, "{}", counted).await;
    sell(&shop, "{}", "F1;2026-01-05;A;2;100\n").await;
    let before = books(&shop).await;
    assert!(before.contains(&"A level 8".to_owned()), "{before:?}");
    let wrong = sell(
        &shop,
        "{}",
        "F2;2026-01-06;A;7;100\nF2;2026-01-06;C;7;100\n",
    )
    .await;
    assert_eq!(shop.revert(wrong.id).await, State::Reverted);
    assert_eq!(books(&shop).await, before);
    assert_eq!(shop.revert(counts.id).await, State::Reverted);
    assert_eq!(
        books(&shop).await,
        ["A A t", "A sold 2 2026-01-05 delivered"]
    );
}

#[tokio::test]
async fn a_change_is_undone_and_a_file_below_a_later_one_waits() {
    let shop = Shop::open().await;
    let first = sell(&shop, NEVER_REPEAT, "F1;2026-01-05;A;2;100\n").await;
    let before = books(&shop).await;
    let second = sell(&shop, NEVER_REPEAT, "F1;2026-01-06;A;5;100\n").await;
    assert_eq!(second.rows_updated, 1);
    assert_eq!(
        shop.revert(first.id).await,
        State::Succeeded,
        "a later file stands on it"
    );
    assert_eq!(shop.revert(second.id).await, State::Reverted);
    assert_eq!(books(&shop).await, before);
    assert_eq!(shop.revert(first.id).await, State::Reverted);
    assert!(books(&shop).await.is_empty());
}

#[tokio::test]
async fn products_become_what_they_were_unless_they_changed_again() {
    let shop = Shop::open().await;
    let file = "sku,name,sale_price\nA,Riz,100\nB,Sucre,50\n";
    shop.import(Kind::Products, "{}", file.as_bytes()).await;
    let before = books(&shop).await;
    let file = "sku,name,sale_price\nA,Riz brisé,120\nB,Sucre roux,60\nC,Sel,10\n";
    let wrong = shop.import(Kind::Products, "{}", file.as_bytes()).await;
    sqlx::query!("update products set sale_price = 70, version = version + 1 where sku = 'B'")
        .execute(&mut shop.db.owner().await)
        .await
        .unwrap();
    assert_eq!(shop.revert(wrong.id).await, State::Reverted);
    let after = books(&shop).await;
    assert_eq!(after, [&before[0], "B Sucre roux 70 f"]);
}

#[tokio::test]
async fn a_product_to_which_a_changed_sale_may_return_stays() {
    let shop = Shop::open().await;
    let own_id = |sku: &str| format!("id;date;sku;quantity;price\n7;2026-01-05;{sku};2;100\n");
    let options = r#"{"mapping": {"external_id": "id"}}"#;
    let catalog = shop
        .import(Kind::Products, "{}", b"sku,name\nA,Riz\n")
        .await;
    shop.import(Kind::Sales, options, own_id("A").as_bytes())
        .await;
    let before = books(&shop).await;
    let moved = shop
        .import(Kind::Sales, options, own_id("B").as_bytes())
        .await;
    assert_eq!(moved.rows_updated, 1);
    assert_eq!(shop.revert(catalog.id).await, State::Reverted);
    assert_eq!(shop.revert(moved.id).await, State::Reverted);
    assert_eq!(books(&shop).await, before);
}

#[tokio::test]
async fn a_file_whose_sales_came_back_by_a_later_one_stays() {
    let shop = Shop::open().await;
    let send = async |row: &str| {
        let file = format!("document;date;sku;quantity;price;customer\n{row}\n");
        shop.import(Kind::Sales, "{}", file.as_bytes()).await
    };
    let sold = send("F1;2026-01-05;A;2;100;c1").await;
    let returned = send("F2;2026-01-06;A;-2;100;c1").await;
    let before = books(&shop).await;
    let mut tx = shop.begin().await;
    let found = import::lock_revertible(&mut tx, shop.company, sold.id).await;
    let effect = import::preview_revert(&mut tx, shop.company, found.unwrap()).await;
    assert_eq!(effect.unwrap().returns, 1);
    drop(tx);
    let refused = shop.try_revert(sold.id).await;
    assert_eq!(refused.outcome.name(), "succeeded");
    assert_eq!(shop.find(sold.id).await.state, State::Succeeded);
    assert_eq!(books(&shop).await, before);
    for import in [returned, sold] {
        assert_eq!(shop.revert(import.id).await, State::Reverted);
    }
    assert!(books(&shop).await.is_empty());
}
