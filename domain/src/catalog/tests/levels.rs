//! How facts make the level of a product.

use super::{NOW, Shop, error_codes, parse_time};
use crate::catalog::stock::LedgerKind;
use crate::catalog::{FactPosition, Site, cancel_sale, create_reference, list_ledger};

const COUNT_10_IN_MAY: &str = r#""kind": "count", "quantity": 10, "at": "2024-05-01T00:00:00Z""#;

#[tokio::test]
async fn a_product_without_count_or_entry_has_an_unknown_level() {
    let shop = Shop::open().await;
    let product = shop.create_product("a").await;
    shop.record_movements(&[r#""kind": "exit", "quantity": 2"#])
        .await
        .unwrap();
    shop.record_sales(&[r#""quantity": 3"#]).await.unwrap();
    let stock = shop.find_stock(product.id).await;
    assert_eq!(
        (stock.level, stock.tracked_since, stock.sites.len()),
        (None, None, 0)
    );
}

#[tokio::test]
async fn past_sales_do_not_change_a_counted_level_and_later_ones_do() {
    let shop = Shop::open().await;
    let product = shop.create_product("a").await;
    shop.record_movements(&[COUNT_10_IN_MAY]).await.unwrap();
    shop.record_sales(&[r#""quantity": 400, "sold_at": "2024-04-30T10:00:00Z""#])
        .await
        .unwrap();
    assert_eq!(shop.find_level(product.id).await.as_deref(), Some("10"));
    shop.record_sales(&[r#""quantity": 12, "sold_at": "2024-05-02T10:00:00Z""#])
        .await
        .unwrap();
    assert_eq!(
        shop.find_level(product.id).await.as_deref(),
        Some("-2"),
        "levels may be negative"
    );
}

#[tokio::test]
async fn without_a_count_the_level_is_the_sum_since_the_first_entry() {
    let shop = Shop::open().await;
    let product = shop.create_product("a").await;
    shop.record_movements(&[
        r#""kind": "adjustment", "quantity": 50, "at": "2024-01-01T00:00:00Z""#,
        r#""kind": "entry", "quantity": 20, "at": "2024-02-01T00:00:00Z""#,
        r#""kind": "exit", "quantity": "1.5", "at": "2024-02-02T00:00:00Z""#,
        r#""kind": "return", "quantity": 1, "at": "2024-02-03T00:00:00Z""#,
    ])
    .await
    .unwrap();
    assert_eq!(shop.find_level(product.id).await.as_deref(), Some("19.5"));
}

#[tokio::test]
async fn a_count_that_arrives_late_counts_from_its_own_time() {
    let shop = Shop::open().await;
    let product = shop.create_product("a").await;
    shop.record_movements(&[r#""kind": "count", "quantity": 3, "at": "2024-05-20T00:00:00Z""#])
        .await
        .unwrap();
    shop.record_movements(&[COUNT_10_IN_MAY]).await.unwrap();
    assert_eq!(shop.find_level(product.id).await.as_deref(), Some("3"));
}

#[tokio::test]
async fn movements_of_one_call_without_a_time_follow_each_other() {
    let shop = Shop::open().await;
    let product = shop.create_product("a").await;
    shop.record_movements(&[
        r#""kind": "count", "quantity": 10"#,
        r#""kind": "exit", "quantity": 4"#,
    ])
    .await
    .unwrap();
    assert_eq!(shop.find_level(product.id).await.as_deref(), Some("6"));
}

#[tokio::test]
async fn facts_of_one_instant_make_one_level_whatever_their_order() {
    let at = r#""at": "2024-05-01T00:00:00Z""#;
    let exit = format!(r#""kind": "exit", "quantity": 10, {at}"#);
    let count = format!(r#""kind": "count", "quantity": 100, {at}"#);
    let entry = format!(r#""kind": "entry", "quantity": 50, {at}"#);
    // A count stands after the others; with the first entry, all of its instant count.
    for (anchor, expected) in [(&count, "100"), (&entry, "40")] {
        for facts in [[anchor, &exit], [&exit, anchor]] {
            let shop = Shop::open().await;
            let product = shop.create_product("a").await;
            for fact in facts {
                shop.record_movements(&[fact]).await.unwrap();
            }
            assert_eq!(shop.find_level(product.id).await.as_deref(), Some(expected));
        }
    }
}

#[tokio::test]
async fn a_repeated_movement_is_deduplicated() {
    let shop = Shop::open().await;
    let product = shop.create_product("a").await;
    let delivery = r#""kind": "entry", "quantity": 5, "external_id": "BL-1""#;
    assert_eq!(
        shop.record_movements(&[delivery, delivery]).await.unwrap(),
        1
    );
    assert_eq!(shop.record_movements(&[delivery]).await.unwrap(), 0);
    assert_eq!(shop.find_level(product.id).await.as_deref(), Some("5"));
    let other = r#""kind": "entry", "quantity": 6, "external_id": "BL-1""#;
    assert_eq!(
        error_codes(shop.record_movements(&[other]).await),
        ["external_id_taken"]
    );
}

#[tokio::test]
async fn movements_recorded_at_the_same_moment_all_count() {
    let shop = Shop::open().await;
    let product = shop.create_product("a").await;
    shop.record_movements(&[COUNT_10_IN_MAY]).await.unwrap();
    let exits = (0..6).map(|_| shop.record_movements(&[r#""kind": "exit", "quantity": 1"#]));
    for created in futures::future::join_all(exits).await {
        assert_eq!(created.unwrap(), 1);
    }
    assert_eq!(shop.find_level(product.id).await.as_deref(), Some("4"));
}

#[tokio::test]
async fn sites_have_levels_of_their_own_and_sales_without_a_site_lower_the_total() {
    let shop = Shop::open().await;
    let product = shop.create_product("a").await;
    let mut tx = shop.begin().await;
    let now = parse_time(NOW);
    let site = create_reference::<Site>(
        &mut tx,
        shop.company,
        super::parse_json(r#"{"name": "Plateau"}"#),
        now,
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let count = format!(r#"{COUNT_10_IN_MAY}, "site_id": "{}""#, site.id);
    shop.record_movements(&[&count]).await.unwrap();
    let sold = shop
        .record_sales(&[r#""quantity": 3, "sold_at": "2024-05-02T10:00:00Z""#])
        .await
        .unwrap();
    let here = format!(
        r#""quantity": 1, "sold_at": "2024-05-02T10:00:00Z", "site_id": "{}""#,
        site.id
    );
    shop.record_sales(&[&here]).await.unwrap();
    let stock = shop.find_stock(product.id).await;
    let levels: Vec<_> = stock
        .sites
        .iter()
        .map(|s| (s.site_id, s.level.normalize().to_string()))
        .collect();
    assert_eq!(
        levels,
        [(None, "-3".to_owned()), (Some(site.id), "9".to_owned())]
    );
    assert_eq!(stock.level.unwrap().normalize().to_string(), "6");

    let mut tx = shop.begin().await;
    cancel_sale(&mut tx, shop.company, sold.items[0].id, now)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let sites: Vec<_> = shop
        .find_stock(product.id)
        .await
        .sites
        .iter()
        .map(|s| s.site_id)
        .collect();
    assert_eq!(sites, [Some(site.id)], "nothing is left without a site");
}

#[tokio::test]
async fn the_ledger_shows_movements_and_sales_latest_first() {
    let shop = Shop::open().await;
    let product = shop.create_product("a").await;
    shop.create_product("b").await;
    shop.record_movements(&[COUNT_10_IN_MAY]).await.unwrap();
    let sold = shop
        .record_sales(&[r#""quantity": 3, "document": "F-12""#, r#""quantity": 1"#])
        .await
        .unwrap();
    let mut tx = shop.begin().await;
    cancel_sale(&mut tx, shop.company, sold.items[1].id, parse_time(NOW))
        .await
        .unwrap();
    let ledger = list_ledger(&mut tx, shop.company, Some(product.id), None, 10)
        .await
        .unwrap();
    let lines: Vec<_> = ledger
        .iter()
        .map(|l| (l.kind, l.quantity.normalize().to_string()))
        .collect();
    assert_eq!(
        lines,
        [
            (LedgerKind::Sale, "-3".to_owned()),
            (LedgerKind::Count, "10".to_owned())
        ]
    );
    assert_eq!(ledger[0].reference.as_deref(), Some("F-12"));
    let after = FactPosition {
        day: ledger[0].day,
        id: ledger[0].id,
    };
    let next = list_ledger(&mut tx, shop.company, None, Some(after), 10)
        .await
        .unwrap();
    assert_eq!(next, ledger[1..]);
}
