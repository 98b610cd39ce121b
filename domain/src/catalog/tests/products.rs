//! Products and what they refer to.

use super::{NOW, Shop, at, json, refusal};
use crate::catalog::{
    Category, CategoryId, ProductChanges, ProductFilter, ProductStatus, Supplier, create_product,
    create_reference, list_products, list_references, update_product, update_reference,
};

#[tokio::test]
async fn a_sku_is_unique_whatever_its_case() {
    let shop = Shop::open().await;
    shop.product("riz-25").await;
    let mut tx = shop.begin().await;
    let same = json(r#"{"sku": " RIZ-25 ", "name": "Riz"}"#);
    assert_eq!(
        refusal(create_product(&mut tx, shop.company, "XOF", same, at(NOW)).await),
        ["sku_taken"]
    );
}

#[tokio::test]
async fn a_change_from_an_old_version_is_refused() {
    let shop = Shop::open().await;
    let product = shop.product("a").await;
    let rename = || json::<ProductChanges>(r#"{"name": "b"}"#);
    let mut tx = shop.begin().await;
    let changed = update_product(
        &mut tx,
        shop.company,
        product.id,
        rename(),
        Some(1),
        at(NOW),
    )
    .await
    .unwrap();
    assert_eq!((changed.version, changed.name.as_str()), (2, "b"));
    let late = update_product(
        &mut tx,
        shop.company,
        product.id,
        rename(),
        Some(1),
        at(NOW),
    )
    .await;
    assert_eq!(refusal(late), ["version_mismatch"]);
    let in_body = json(r#"{"name": "c", "version": 1}"#);
    assert_eq!(
        refusal(update_product(&mut tx, shop.company, product.id, in_body, None, at(NOW)).await),
        ["version_mismatch"]
    );
    let unsaid = update_product(&mut tx, shop.company, product.id, rename(), None, at(NOW))
        .await
        .unwrap();
    assert_eq!(unsaid.version, 3);
}

#[tokio::test]
async fn an_archived_product_leaves_the_list_and_can_come_back() {
    let shop = Shop::open().await;
    let product = shop.product("a").await;
    shop.product("b").await;
    let mut tx = shop.begin().await;
    let mut listed = async |change: Option<&str>, status| {
        if let Some(change) = change {
            update_product(
                &mut tx,
                shop.company,
                product.id,
                json(change),
                None,
                at(NOW),
            )
            .await
            .unwrap();
        }
        let filter = ProductFilter {
            status,
            ..ProductFilter::default()
        };
        let rows = list_products(&mut tx, shop.company, &filter, None, 10)
            .await
            .unwrap();
        rows.into_iter().map(|p| p.sku).collect::<String>()
    };
    assert_eq!(
        listed(Some(r#"{"archived": true}"#), ProductStatus::Current).await,
        "b"
    );
    assert_eq!(listed(None, ProductStatus::Archived).await, "a");
    assert_eq!(listed(None, ProductStatus::All).await, "ab");
    assert_eq!(
        listed(
            Some(r#"{"archived": false, "active": false}"#),
            ProductStatus::Current
        )
        .await,
        "ab"
    );
    assert_eq!(listed(None, ProductStatus::Inactive).await, "a");
    assert_eq!(
        listed(Some(r#"{"draft": true}"#), ProductStatus::Draft).await,
        "a"
    );
}

#[tokio::test]
async fn products_are_found_by_part_of_sku_name_or_barcode() {
    let shop = Shop::open().await;
    let mut tx = shop.begin().await;
    for (sku, name, barcode) in [
        ("R1", "Riz brisé 25 kg", "611"),
        ("H1", "Huile 5 l", "612"),
        ("H2", "100% pur", "700"),
    ] {
        let new = json(&format!(
            r#"{{"sku": "{sku}", "name": "{name}", "barcode": "{barcode}"}}"#
        ));
        create_product(&mut tx, shop.company, "XOF", new, at(NOW))
            .await
            .unwrap();
    }
    let mut found = async |q: &str| {
        let filter = ProductFilter {
            q: Some(q.to_owned()),
            ..ProductFilter::default()
        };
        let rows = list_products(&mut tx, shop.company, &filter, None, 10)
            .await
            .unwrap();
        rows.into_iter()
            .map(|p| p.sku)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(found("riz").await, "R1");
    assert_eq!(found("h").await, "H1 H2");
    assert_eq!(found("61").await, "R1 H1");
    assert_eq!(found("%").await, "H2");
}

#[tokio::test]
async fn a_product_refers_to_categories_of_its_own_company_only() {
    let shop = Shop::open().await;
    let mut tx = shop.begin().await;
    let new = json(&format!(
        r#"{{"sku": "a", "name": "a", "category_id": "{}"}}"#,
        CategoryId::new()
    ));
    assert_eq!(
        refusal(create_product(&mut tx, shop.company, "XOF", new, at(NOW)).await),
        ["category_id unknown"]
    );
}

#[tokio::test]
async fn names_of_references_are_unique_and_changes_keep_what_they_leave_out() {
    let shop = Shop::open().await;
    let mut tx = shop.begin().await;
    let food =
        create_reference::<Category>(&mut tx, shop.company, json(r#"{"name": "Food"}"#), at(NOW))
            .await
            .unwrap();
    let archived = update_reference::<Category>(
        &mut tx,
        shop.company,
        food.id,
        json(r#"{"archived": true}"#),
        Some(1),
        at(NOW),
    )
    .await;
    assert_eq!(archived.unwrap().archived_at, Some(at(NOW)));
    let new = json(r#"{"name": "Sonacos", "email": "a@b.sn", "lead_time_days": 12}"#);
    let supplier = create_reference::<Supplier>(&mut tx, shop.company, new, at(NOW))
        .await
        .unwrap();
    let change = json(r#"{"email": null, "name": "SONACOS SA"}"#);
    let changed =
        update_reference::<Supplier>(&mut tx, shop.company, supplier.id, change, None, at(NOW))
            .await
            .unwrap();
    assert_eq!(
        (
            changed.email.as_deref(),
            changed.lead_time_days,
            changed.version
        ),
        (None, Some(12), 2)
    );
    assert_eq!(
        list_references::<Supplier>(&mut tx, shop.company, None, 10)
            .await
            .unwrap(),
        [changed]
    );
    let taken =
        create_reference::<Category>(&mut tx, shop.company, json(r#"{"name": "FOOD"}"#), at(NOW))
            .await;
    assert_eq!(refusal(taken), ["name_taken"]);
}
