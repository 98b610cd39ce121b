//! Products and what they refer to.

use super::{NOW, Shop, error_codes, parse_json, parse_time};
use crate::catalog::{
    Category, CategoryId, ProductChanges, ProductFilter, ProductStatus, Supplier, create_product,
    create_reference, list_products, list_references, require_product, update_product,
    update_reference,
};

#[tokio::test]
async fn a_sku_is_unique_whatever_its_case() {
    let shop = Shop::open().await;
    shop.create_product("riz-25").await;
    let mut tx = shop.begin().await;
    let same = parse_json(r#"{"sku": " RIZ-25 ", "name": "Riz"}"#);
    assert_eq!(
        error_codes(create_product(&mut tx, shop.company, "XOF", same, parse_time(NOW)).await),
        ["sku_taken"]
    );
}

#[tokio::test]
async fn a_change_of_an_old_version_is_a_conflict() {
    let shop = Shop::open().await;
    let product = shop.create_product("a").await;
    let rename = || parse_json::<ProductChanges>(r#"{"name": "b"}"#);
    let mut tx = shop.begin().await;
    let changed = update_product(
        &mut tx,
        shop.company,
        product.id,
        rename(),
        Some(1),
        parse_time(NOW),
    )
    .await
    .unwrap();
    assert_eq!((changed.version, changed.name.as_str()), (2, "b"));
    let outdated = update_product(
        &mut tx,
        shop.company,
        product.id,
        rename(),
        Some(1),
        parse_time(NOW),
    )
    .await;
    assert_eq!(error_codes(outdated), ["version_mismatch"]);
    let in_body = parse_json(r#"{"name": "c", "version": 1}"#);
    assert_eq!(
        error_codes(
            update_product(
                &mut tx,
                shop.company,
                product.id,
                in_body,
                None,
                parse_time(NOW)
            )
            .await
        ),
        ["version_mismatch"]
    );
    let unversioned = update_product(
        &mut tx,
        shop.company,
        product.id,
        rename(),
        None,
        parse_time(NOW),
    )
    .await
    .unwrap();
    assert_eq!(unversioned.version, 3);
}

#[tokio::test]
async fn an_archived_product_leaves_the_list_and_can_come_back() {
    let shop = Shop::open().await;
    let product = shop.create_product("a").await;
    shop.create_product("b").await;
    let mut tx = shop.begin().await;
    let mut listed = async |change: Option<&str>, status| {
        if let Some(change) = change {
            update_product(
                &mut tx,
                shop.company,
                product.id,
                parse_json(change),
                None,
                parse_time(NOW),
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
        let new = parse_json(&format!(
            r#"{{"sku": "{sku}", "name": "{name}", "barcode": "{barcode}"}}"#
        ));
        create_product(&mut tx, shop.company, "XOF", new, parse_time(NOW))
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
    assert_eq!(found("ｈ２").await, "H2");
    assert_eq!(found("r 1").await, "R1");
}

#[tokio::test]
async fn a_product_refers_to_categories_of_its_own_company_only() {
    let shop = Shop::open().await;
    let mut tx = shop.begin().await;
    let new = parse_json(&format!(
        r#"{{"sku": "a", "name": "a", "category_id": "{}"}}"#,
        CategoryId::new()
    ));
    assert_eq!(
        error_codes(create_product(&mut tx, shop.company, "XOF", new, parse_time(NOW)).await),
        ["category_id unknown"]
    );
}

#[tokio::test]
async fn names_of_references_are_unique_and_changes_keep_what_they_leave_out() {
    let shop = Shop::open().await;
    let mut tx = shop.begin().await;
    let food = create_reference::<Category>(
        &mut tx,
        shop.company,
        parse_json(r#"{"name": "Food"}"#),
        parse_time(NOW),
    )
    .await
    .unwrap();
    let archived = update_reference::<Category>(
        &mut tx,
        shop.company,
        food.id,
        parse_json(r#"{"archived": true}"#),
        Some(1),
        parse_time(NOW),
    )
    .await;
    assert_eq!(archived.unwrap().archived_at, Some(parse_time(NOW)));
    let new = parse_json(r#"{"name": "Sonacos", "email": "a@b.sn", "lead_time_days": 12}"#);
    let supplier = create_reference::<Supplier>(&mut tx, shop.company, new, parse_time(NOW))
        .await
        .unwrap();
    let change = parse_json(r#"{"email": null, "name": "SONACOS SA"}"#);
    let changed = update_reference::<Supplier>(
        &mut tx,
        shop.company,
        supplier.id,
        change,
        None,
        parse_time(NOW),
    )
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
    let taken = create_reference::<Category>(
        &mut tx,
        shop.company,
        parse_json(r#"{"name": "FOOD"}"#),
        parse_time(NOW),
    )
    .await;
    assert_eq!(error_codes(taken), ["name_taken"]);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
async fn every_field_of_a_product_is_stored_and_changed() {
    let shop = Shop::open().await;
    let mut tx = shop.begin().await;
    let category =
        create_reference::<Category>(&mut tx, shop.company, parse_json(NAMED), parse_time(NOW))
            .await
            .unwrap();
    let supplier =
        create_reference::<Supplier>(&mut tx, shop.company, parse_json(NAMED), parse_time(NOW))
            .await
            .unwrap();
    let fields = |n: i32, flag: bool| {
        format!(
            r#""sku": "s{n}", "name": "n{n}", "category_id": "{}", "supplier_id": "{}",
               "unit": "u{n}", "purchase_price": "{n}.1", "sale_price": "{n}.2",
               "currency": "EUR", "barcode": "b{n}", "min_stock": "{n}.001",
               "max_stock": "{n}.002", "lead_time_days": {n}, "minimum_order_quantity": "{n}.003",
               "pack_multiple": "{n}.004", "active": {flag}"#,
            category.id, supplier.id,
        )
    };
    let new = parse_json(&format!("{{{}}}", fields(1, false)));
    let created = create_product(&mut tx, shop.company, "XOF", new, parse_time(NOW))
        .await
        .unwrap();
    let stored = require_product(&mut tx, shop.company, created.id).await;
    assert_eq!(stored.unwrap(), created);
    let changes = parse_json(&format!(
        r#"{{{}, "draft": true, "archived": true}}"#,
        fields(2, true)
    ));
    let changed = update_product(
        &mut tx,
        shop.company,
        created.id,
        changes,
        None,
        parse_time(NOW),
    )
    .await
    .unwrap();
    let stored = require_product(&mut tx, shop.company, created.id).await;
    assert_eq!(stored.unwrap(), changed);
    let (before, after) = (
        serde_json::to_value(&created).unwrap(),
        serde_json::to_value(&changed).unwrap(),
    );
    let mut unchanged: Vec<_> = before
        .as_object()
        .unwrap()
        .iter()
        .filter(|(field, value)| after[field.as_str()] == **value)
        .map(|(field, _)| field.as_str())
        .collect();
    unchanged.sort_unstable();
    assert_eq!(
        unchanged,
        [
            "category_id",
            "created_at",
            "currency",
            "id",
            "supplier_id",
            "updated_at"
        ]
    );
}

const NAMED: &str = r#"{"name": "a"}"#;
