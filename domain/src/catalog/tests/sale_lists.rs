//! Lists of sale lines through the exported function.

use super::Shop;
use crate::catalog::{FactPosition, SaleFilter, SaleStatus, list_sales};

/// Lists the quantities page by page, in pages of one line.
async fn list_quantities(shop: &Shop, filter: &SaleFilter) -> String {
    let mut tx = shop.begin().await;
    let (mut found, mut after) = (String::new(), None);
    while let [sale] = &list_sales(&mut tx, shop.company, filter, after, 1)
        .await
        .unwrap()[..]
    {
        found += &sale.quantity.normalize().to_string();
        after = Some(FactPosition {
            day: sale.day,
            id: sale.id.0,
        });
    }
    found
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "a table of filters, one line each but for its layout"
)]
async fn sales_are_listed_latest_day_first_by_every_filter() {
    let shop = Shop::open().await;
    let product = shop.create_product("a").await;
    shop.create_customer("c").await;
    // Entered in another order than sold.
    let sold = shop
        .record_sales(&[
            r#""quantity": 3, "sold_at": "2024-05-03T10:00:00Z", "customer_ref": "c""#,
            r#""quantity": 1, "sold_at": "2024-05-01T10:00:00Z", "document": "F-1""#,
            r#""quantity": 2, "sold_at": "2024-05-02T10:00:00Z", "status": "pending",
               "due_at": "2024-07-01T10:00:00Z", "customer_ref": "c", "document": "F-1""#,
        ])
        .await
        .unwrap();
    let all = SaleFilter::default;
    let (product_id, customer_id) = (Some(product.id), sold.items[0].customer_id);
    let day = "2024-05-02".parse().ok();
    let document = Some("F-1".to_owned());
    let pending = Some(SaleStatus::Pending);
    for (filter, expected) in [
        (all(), "321"),
        (SaleFilter { from: day, ..all() }, "32"),
        (SaleFilter { to: day, ..all() }, "21"),
        (
            SaleFilter {
                product_id,
                from: day,
                to: day,
                ..all()
            },
            "2",
        ),
        (
            SaleFilter {
                product_id,
                ..all()
            },
            "321",
        ),
        (
            SaleFilter {
                customer_id,
                ..all()
            },
            "32",
        ),
        (
            SaleFilter {
                customer_id,
                product_id,
                to: day,
                ..all()
            },
            "2",
        ),
        (
            SaleFilter {
                document: document.clone(),
                ..all()
            },
            "21",
        ),
        (
            SaleFilter {
                document,
                customer_id,
                ..all()
            },
            "2",
        ),
        (
            SaleFilter {
                status: pending,
                ..all()
            },
            "2",
        ),
        (
            SaleFilter {
                status: Some(SaleStatus::Delivered),
                ..all()
            },
            "31",
        ),
    ] {
        assert_eq!(
            list_quantities(&shop, &filter).await,
            expected,
            "{filter:?}"
        );
    }
}
