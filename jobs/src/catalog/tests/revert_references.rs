//! What an import created beside products and facts: archived when it is taken back, unless
//! somebody uses or has changed it.

use std::time::Duration;

use domain::catalog::import::{self, Import, Kind, State};
use sqlx::Connection as _;

use super::shop::Shop;

/// Returns what files name beside products and isn't archived.
async fn references(shop: &Shop) -> Vec<String> {
    sqlx::query_scalar!(
        r#"select 'customer ' || external_ref as "name!" from customers where archived_at is null
           union all select 'category ' || name from categories where archived_at is null
           union all select 'supplier ' || name from suppliers where archived_at is null
           union all select 'site ' || name from sites where archived_at is null
           order by 1"#
    )
    .fetch_all(&mut shop.db.owner().await)
    .await
    .unwrap()
}

async fn preview(shop: &Shop, import: &Import) -> [i64; 4] {
    let mut tx = shop.begin().await;
    let found = import::lock_revertible(&mut tx, shop.company, import.id)
        .await
        .unwrap();
    let effect = import::preview_revert(&mut tx, shop.company, found)
        .await
        .unwrap();
    [
        effect.customers_created,
        effect.categories_created,
        effect.suppliers_created,
        effect.sites_created,
    ]
}

const CREATE_SITES: &str = r#"{"unknown_sites": "create"}"#;

async fn sell(shop: &Shop, options: &str, rows: &str) -> Import {
    let file = format!("document;date;sku;quantity;price;customer;site\n{rows}");
    shop.import(Kind::Sales, options, file.as_bytes()).await
}

#[tokio::test]
async fn customers_and_sites_go_with_the_file_that_named_them_first_unless_another_uses_them() {
    let shop = Shop::open().await;
    let sell = async |rows: &str| sell(&shop, CREATE_SITES, rows).await;
    let first = sell(
        "F1;2026-01-05;A;2;100;c1;Dakar\n\
         F1;2026-01-05;A;2;100;c2;Thiès\n\
         F2;2026-01-05;A;1;100;c3;Mbour\n",
    )
    .await;
    assert_eq!(preview(&shop, &first).await, [3, 0, 0, 3]);
    let second = sell("F3;2026-01-06;A;1;100;c1;Thiès\n").await;
    assert_eq!(preview(&shop, &second).await, [0; 4]);
    // Somebody has completed the third.
    sqlx::query!("update customers set name = 'Awa', version = 2 where external_ref = 'c3'")
        .execute(&mut shop.db.owner().await)
        .await
        .unwrap();
    assert_eq!(preview(&shop, &first).await, [2, 0, 0, 3]);
    assert_eq!(shop.revert(first.id).await, State::Reverted);
    assert_eq!(
        references(&shop).await,
        ["customer c1", "customer c3", "site Thiès"]
    );
    assert_eq!(shop.revert(second.id).await, State::Reverted);
    // They were the first file's, and nobody knows whether it will come again.
    assert_eq!(
        references(&shop).await,
        ["customer c1", "customer c3", "site Thiès"]
    );
}

#[tokio::test]
async fn what_went_with_a_file_comes_back_with_the_next_that_names_it() {
    let shop = Shop::open().await;
    let rows = "F1;2026-01-05;A;2;100;c1;Dakar\nF1;2026-01-05;A;2;100;c2;Thiès\n";
    let wrong = sell(&shop, CREATE_SITES, rows).await;
    assert_eq!(shop.revert(wrong.id).await, State::Reverted);
    assert!(references(&shop).await.is_empty());
    let unknown = sell(&shop, "{}", "F1;2026-01-05;A;1;100;c1;Dakar\n").await;
    assert_eq!(
        shop.errors(unknown.id).await,
        [(2, "site".to_owned(), "unknown_site".to_owned())]
    );
    let right = sell(&shop, CREATE_SITES, "F1;2026-01-05;A;1;100;c1;DAKAR\n").await;
    assert_eq!(right.totals.customers_created, 1);
    assert_eq!(references(&shop).await, ["customer c1", "site DAKAR"]);
    assert_eq!(preview(&shop, &right).await, [1, 0, 0, 1]);
    // What a person has archived stays so.
    sqlx::query!("update sites set archived_at = engine_now(), version = version + 1")
        .execute(&mut shop.db.owner().await)
        .await
        .unwrap();
    sell(&shop, CREATE_SITES, "F2;2026-01-05;A;1;100;c1;Dakar\n").await;
    assert_eq!(references(&shop).await, ["customer c1"]);
}

#[tokio::test]
async fn each_use_of_a_site_or_customer_keeps_it() {
    let shop = Shop::open().await;
    let sites = ["Sold", "Counted", "Watched", "Left", "Unused"];
    let rows = sites.map(|site| format!("F1;2026-01-05;A;2;100;of {site};{site}\n"));
    let first = sell(&shop, CREATE_SITES, &rows.concat()).await;
    sell(&shop, "{}", "F2;2026-01-06;A;2;100;of Sold;Sold\n").await;
    // A line that becomes what it was, should its correction be taken back.
    for site in ["Left", "Sold"] {
        let file = format!(
            "external_id;date;sku;quantity;price;customer;site\n\
             x1;2026-01-06;A;1;100;of {site};{site}\n"
        );
        let written = shop.import(Kind::Sales, "{}", file.as_bytes()).await;
        assert_eq!(written.rows_imported + written.rows_updated, 1);
    }
    let count = b"sku;counted;date;site\nA;5;2026-01-07;Counted\n";
    shop.import(Kind::StockCounts, "{}", count).await;
    sqlx::query!(
        "insert into alert_rules (company_id, id, name, kind, filter, channels, created_at,
           updated_at)
         select company_id, gen_random_uuid(), 'Watch', 'rupture',
           jsonb_build_object('site_id', id), '{email}', engine_now(), engine_now()
         from sites where name = 'Watched'"
    )
    .execute(&mut shop.db.owner().await)
    .await
    .unwrap();
    assert_eq!(shop.revert(first.id).await, State::Reverted);
    let kept = [
        "customer of Left",
        "customer of Sold",
        "site Counted",
        "site Left",
        "site Sold",
        "site Watched",
    ];
    assert_eq!(references(&shop).await, kept);
}

#[tokio::test]
async fn an_import_is_not_taken_back_while_another_looks_up_what_it_created() {
    let shop = Shop::open().await;
    let rows = "F1;2026-01-05;A;2;100;c1;Dakar\n";
    let first = sell(&shop, CREATE_SITES, rows).await;
    let file = "document;date;sku;quantity;price;customer;site\nF2;2026-01-06;A;2;100;c1;Dakar\n";
    let second = shop.upload(Kind::Sales, "{}", file.as_bytes()).await;
    let turn = shop.hold_turn().await;
    shop.die_when(second, "merged_through > 0").await;
    drop(turn);
    assert_eq!(shop.try_revert(first.id).await.outcome.name(), "snoozed");
    assert_eq!(shop.run(second).await.outcome.name(), "succeeded");
    shop.db.advance(Duration::from_secs(60)).await;
    assert_eq!(shop.revert(first.id).await, State::Reverted);
    assert_eq!(references(&shop).await, ["customer c1", "site Dakar"]);
}

#[tokio::test]
async fn an_import_that_ended_before_its_rows_takes_back_what_it_had_created() {
    let shop = Shop::open().await;
    let file = "document;date;sku;quantity;price;customer;site\nF1;2026-01-06;A;2;100;c1;Dakar\n";
    let id = shop
        .upload(Kind::Sales, CREATE_SITES, file.as_bytes())
        .await;
    let mut owner = shop.db.owner().await;
    let mut lock = owner.begin().await.unwrap();
    sqlx::raw_sql("lock table sales in share mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    shop.die_when(id, "totals ->> 'products_created' = '1'")
        .await;
    lock.rollback().await.unwrap();
    shop.cancel(id).await;
    shop.run(id).await;
    assert_eq!(shop.revert(id).await, State::Reverted);
    assert!(references(&shop).await.is_empty());
}

#[tokio::test]
async fn categories_and_suppliers_go_unless_a_product_or_a_rule_has_them_or_may_have_them_again() {
    let shop = Shop::open().await;
    let import = async |rows: &str| {
        let file = format!("sku,name,category,supplier\n{rows}");
        shop.import(Kind::Products, "{}", file.as_bytes()).await
    };
    let first = import("A,Riz,Grains,Sow\nB,Sel,Epices,Ba\nC,Mil,Vrac,Fall\n").await;
    assert_eq!(preview(&shop, &first).await, [0, 3, 3, 0]);
    sqlx::query!(
        "insert into alert_rules (company_id, id, name, kind, filter, channels, created_at,
           updated_at)
         select company_id, gen_random_uuid(), 'Vrac', 'rupture',
           jsonb_build_object('category_ids', jsonb_build_array(id)), '{email}', engine_now(),
           engine_now()
         from categories where name = 'Vrac'"
    )
    .execute(&mut shop.db.owner().await)
    .await
    .unwrap();
    // Moves B out of what the first file created, into what both know and what is new.
    let second = import("B,Sel,Grains,Diop\n").await;
    assert_eq!(preview(&shop, &second).await, [0, 0, 1, 0]);
    assert_eq!(shop.revert(first.id).await, State::Reverted);
    let kept = ["category Epices", "category Grains", "category Vrac"];
    assert_eq!(
        references(&shop).await,
        [&kept[..], &["supplier Ba", "supplier Diop"]].concat()
    );
    assert_eq!(shop.revert(second.id).await, State::Reverted);
    assert_eq!(
        references(&shop).await,
        [&kept[..], &["supplier Ba"]].concat()
    );
}
