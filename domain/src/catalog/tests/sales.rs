//! Sale lines through the exported functions.

use super::{NOW, Shop, add_company, error_codes, parse_json, parse_time};
use crate::catalog::{
    CreateSale, SaleFilter, SaleId, SaleStatus, cancel_sale, find_sales, list_sales, record_sales,
};
use platform::db::Scope;

#[tokio::test]
async fn a_sale_takes_price_and_currency_from_its_product_and_its_day_from_the_zone() {
    let shop = Shop::open().await;
    shop.create_product("a").await;
    let sold = shop
        .record_sales(&[r#""quantity": "2.500", "sold_at": "2024-05-02T23:30:00+02:00""#])
        .await
        .unwrap();
    let sale = &sold.items[0];
    assert_eq!(
        (sale.amount.to_string().as_str(), sale.currency.as_str()),
        ("250", "XOF")
    );
    assert_eq!(
        (
            sale.day.to_string().as_str(),
            sale.quantity.to_string().as_str()
        ),
        ("2024-05-02", "2.500")
    );
}

#[tokio::test]
async fn a_repeated_sale_is_deduplicated() {
    let shop = Shop::open().await;
    shop.create_product("a").await;
    let line = r#""quantity": 2, "external_id": "T-1""#;
    let first = shop
        .record_sales(&[line, r#""quantity": 1"#])
        .await
        .unwrap();
    let repeated = shop.record_sales(&[line]).await.unwrap();
    assert_eq!((first.created, repeated.created), (2, 0));
    assert_eq!(first.items[0], repeated.items[0]);
    assert_eq!(
        error_codes(
            shop.record_sales(&[r#""quantity": 3, "external_id": "T-1""#])
                .await
        ),
        ["external_id_taken"]
    );
}

#[tokio::test]
async fn one_invalid_line_rejects_the_call_and_every_invalid_line_is_named() {
    let shop = Shop::open().await;
    shop.create_product("a").await;
    let lines: Vec<CreateSale> = [
        r#"{"sku": " A ", "quantity": 1}"#,
        r#"{"sku": "nowhere", "quantity": 1}"#,
        r#"{"quantity": 1}"#,
        r#"{"sku": "a", "quantity": "0.0001", "customer_ref": "C9"}"#,
    ]
    .map(parse_json)
    .into();
    let mut tx = shop.begin().await;
    let result = record_sales(
        &mut tx,
        shop.company,
        chrono_tz::UTC,
        &lines,
        parse_time(NOW),
    )
    .await;
    assert_eq!(
        error_codes(result),
        [
            "[1].sku unknown_product",
            "[2].product_id one_of",
            "[3].customer_ref unknown_customer",
            "[3].quantity out_of_range",
            "[3].quantity not_positive",
        ]
    );
    assert!(
        list_sales(&mut tx, shop.company, &SaleFilter::default(), None, 10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_cancelled_sale_returns_its_stock_once() {
    let shop = Shop::open().await;
    let product = shop.create_product("a").await;
    shop.record_movements(&[r#""kind": "count", "quantity": 10, "at": "2024-05-01T00:00:00Z""#])
        .await
        .unwrap();
    let sold = shop.record_sales(&[r#""quantity": 4"#]).await.unwrap();
    assert_eq!(shop.find_level(product.id).await.as_deref(), Some("6"));
    for _ in 0..2 {
        let mut tx = shop.begin().await;
        let sale = cancel_sale(&mut tx, shop.company, sold.items[0].id, parse_time(NOW))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(
            (sale.status, sale.cancelled_at),
            (SaleStatus::Cancelled, Some(parse_time(NOW)))
        );
    }
    assert_eq!(shop.find_level(product.id).await.as_deref(), Some("10"));
}

/// Whether each of the sales can be cancelled, one after the other.
async fn cancel_each(shop: &Shop, sales: &[SaleId]) -> Vec<Option<String>> {
    let mut errors = Vec::new();
    for sale in sales {
        let mut tx = shop.begin().await;
        match cancel_sale(&mut tx, shop.company, *sale, parse_time(NOW)).await {
            Ok(_) => {
                tx.commit().await.unwrap();
                errors.push(None);
            }
            Err(error) => errors.push(Some(error.to_string())),
        }
    }
    errors
}

const COUNT_115: &str = r#""kind": "count", "quantity": 115, "at": "2024-05-01T00:00:00Z""#;

#[tokio::test]
async fn what_came_back_cannot_be_cancelled_too() {
    for (kind, customer) in [
        ("sale", ""),
        ("sale", r#", "customer_ref": "C-1""#),
        ("movement", ""),
    ] {
        for (back, expected) in [(15, "115"), (5, "105")] {
            let shop = Shop::open().await;
            let product = shop.create_product("a").await;
            shop.create_customer("C-1").await;
            shop.record_movements(&[COUNT_115]).await.unwrap();
            let line = format!(r#""quantity": 15, "sold_at": "2024-05-02T10:00:00Z"{customer}"#);
            let sold = shop.record_sales(&[&line]).await.unwrap().items[0].id;
            if kind == "sale" {
                let line = format!(
                    r#""quantity": {back}, "kind": "return",
                    "sold_at": "2024-05-03T10:00:00Z"{customer}"#
                );
                shop.record_sales(&[&line]).await.unwrap();
            } else {
                let line = format!(
                    r#""quantity": {back}, "kind": "return", "at": "2024-05-03T10:00:00Z""#
                );
                shop.record_movements(&[&line]).await.unwrap();
            }
            let error = cancel_each(&shop, &[sold]).await.remove(0).unwrap();
            assert!(
                error.starts_with(&format!("{back} of its 15 units")),
                "{error}"
            );
            assert_eq!(shop.find_level(product.id).await.as_deref(), Some(expected));
        }
    }
}

#[tokio::test]
async fn a_sale_can_be_cancelled_where_another_one_explains_the_return() {
    let shop = Shop::open().await;
    let product = shop.create_product("a").await;
    shop.record_movements(&[COUNT_115]).await.unwrap();
    let line = |day: u32, kind: &str| {
        format!(r#""quantity": 15, "kind": "{kind}", "sold_at": "2024-05-{day:02}T10:00:00Z""#)
    };
    let lines = [(2, "sale"), (3, "sale"), (4, "return"), (5, "sale")];
    let lines = lines.map(|(day, kind)| line(day, kind));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let sold = shop.record_sales(&lines).await.unwrap().items;
    // The last sale came after the return; of the two before it, one was returned.
    let cancelled = cancel_each(&shop, &[sold[3].id, sold[1].id, sold[0].id]).await;
    assert_eq!(
        cancelled.iter().map(Option::is_none).collect::<Vec<_>>(),
        [true, true, false]
    );
    assert_eq!(shop.find_level(product.id).await.as_deref(), Some("115"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancellation_that_waits_for_its_product_locks_no_line() {
    let shop = Shop::open().await;
    let product = shop.create_product("a").await;
    let sale = shop
        .record_sales(&[r#""quantity": 2"#])
        .await
        .unwrap()
        .items[0]
        .id;
    // A netting locks first the product, then its lines.
    let mut netting = shop.begin().await;
    sqlx::query!(
        "select from products where id = $1 for no key update",
        product.id.0
    )
    .execute(&mut *netting)
    .await
    .unwrap();
    let (mut cancelling, company) = (shop.begin().await, shop.company);
    let cancelled = platform::task::spawn_named("cancel", async move {
        let sale = cancel_sale(&mut cancelling, company, sale, parse_time(NOW))
            .await
            .unwrap();
        cancelling.commit().await.unwrap();
        sale.status
    });
    let mut conn = shop.test.owner().await;
    loop {
        let waits = sqlx::query_scalar!(
            "select exists (select from pg_locks join pg_stat_activity using (pid)
               where datname = current_database() and not granted)",
        );
        if waits.fetch_one(&mut conn).await.unwrap() == Some(true) {
            break;
        }
    }
    sqlx::query!("select from sales where id = $1 for update nowait", sale.0)
        .execute(&mut *netting)
        .await
        .unwrap();
    netting.commit().await.unwrap();
    assert_eq!(cancelled.await.unwrap(), SaleStatus::Cancelled);
}

#[tokio::test]
async fn a_return_undoes_the_latest_earlier_sale_whichever_is_entered_first() {
    let shop = Shop::open().await;
    shop.create_product("a").await;
    shop.create_customer("C-1").await;
    let line = |day: u32, more: &str| {
        format!(
            r#""quantity": 3, "customer_ref": "C-1", "sold_at": "2024-05-{day:02}T10:00:00Z"{more}"#
        )
    };
    let returned = shop
        .record_sales(&[&line(9, r#", "kind": "return""#)])
        .await
        .unwrap()
        .items[0]
        .id;
    let [old, late, after] = [3, 5, 12].map(|day| line(day, ""));
    let sold = shop
        .record_sales(&[&old, &late, &after])
        .await
        .unwrap()
        .items;
    let netted = async || {
        let mut tx = shop.begin().await;
        let ids = [returned, sold[0].id, sold[1].id, sold[2].id].map(|id| id.0);
        let lines = find_sales(&mut tx, shop.company, &ids).await.unwrap();
        lines
            .iter()
            .map(|line| line.netted_quantity.normalize().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(netted().await, ["-3", "0", "3", "0"]);
    let mut tx = shop.begin().await;
    cancel_sale(&mut tx, shop.company, sold[1].id, parse_time(NOW))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(netted().await, ["-3", "3", "0", "0"]);
    let mut tx = shop.begin().await;
    cancel_sale(&mut tx, shop.company, returned, parse_time(NOW))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(netted().await, ["0", "0", "0", "0"]);
}

#[tokio::test]
async fn another_companys_products_and_sales_do_not_exist() {
    let shop = Shop::open().await;
    let product = shop.create_product("a").await;
    let sold = shop
        .record_sales(&[r#""quantity": 1, "external_id": "T-1""#])
        .await
        .unwrap();
    let stranger = add_company(&shop.test).await;
    let mut tx = shop.test.db.begin(Scope::company(stranger)).await.unwrap();
    let line: CreateSale = parse_json(&format!(
        r#"{{"product_id": "{}", "quantity": 1}}"#,
        product.id
    ));
    let rejected = record_sales(&mut tx, stranger, chrono_tz::UTC, &[line], parse_time(NOW)).await;
    assert_eq!(error_codes(rejected), ["[0].product_id unknown_product"]);
    for company in [stranger, shop.company] {
        assert!(
            cancel_sale(&mut tx, company, sold.items[0].id, parse_time(NOW))
                .await
                .is_err()
        );
        assert!(
            list_sales(&mut tx, company, &SaleFilter::default(), None, 10)
                .await
                .unwrap()
                .is_empty()
        );
        assert!(
            crate::catalog::find_stock(&mut tx, company, product.id)
                .await
                .is_err()
        );
    }
}
