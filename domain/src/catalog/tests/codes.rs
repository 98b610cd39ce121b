//! Codes and names that are compared by their keys.

use super::{NOW, Shop, error_codes, parse_json, parse_time};
use crate::catalog::{
    Category, ProductChanges, create_reference, update_product, update_reference,
};

#[tokio::test]
async fn every_spelling_of_a_sku_is_taken_until_it_is_renamed() {
    let shop = Shop::open().await;
    let street = shop.create_product("Straße 5").await;
    let other = shop.create_product("other").await;
    let rename = async |id, sku: &str| {
        let mut tx = shop.begin().await;
        let change = parse_json::<ProductChanges>(&format!(r#"{{"sku": "{sku}"}}"#));
        let renamed =
            update_product(&mut tx, shop.company, id, change, None, parse_time(NOW)).await;
        if renamed.is_ok() {
            tx.commit().await.unwrap();
        }
        renamed.map(|product| product.sku)
    };
    for spelling in ["STRASSE5", "straße\u{a0}５", "Straße\u{200b} 5"] {
        let taken = rename(other.id, spelling).await;
        assert_eq!(error_codes(taken), ["sku_taken"], "{spelling}");
    }
    let empty = rename(other.id, "\u{200b}").await;
    assert_eq!(error_codes(empty), ["sku no_visible_character"]);
    assert_eq!(rename(street.id, "A").await.unwrap(), "A");
    assert_eq!(rename(other.id, "STRASSE 5").await.unwrap(), "STRASSE 5");
    // The lines of a call find a product by its new sku.
    let sales = [r#""quantity": 1"#];
    assert_eq!(shop.record_sales(&sales).await.unwrap().created, 1);
    rename(street.id, "b").await.unwrap();
    let lost = shop.record_sales(&sales).await;
    assert_eq!(error_codes(lost), ["[0].sku unknown_product"]);
}

#[tokio::test]
async fn every_spelling_of_a_name_is_taken() {
    let shop = Shop::open().await;
    let mut tx = shop.begin().await;
    let named = |name: &str| parse_json(&format!(r#"{{"name": "{name}"}}"#));
    let (food, drinks) = (named("Épicerie"), named("Boissons"));
    create_reference::<Category>(&mut tx, shop.company, food, parse_time(NOW))
        .await
        .unwrap();
    let drinks = create_reference::<Category>(&mut tx, shop.company, drinks, parse_time(NOW))
        .await
        .unwrap();
    let empty = named("\u{2060}");
    let empty = create_reference::<Category>(&mut tx, shop.company, empty, parse_time(NOW)).await;
    assert_eq!(error_codes(empty), ["name no_visible_character"]);
    let renamed = update_reference::<Category>(
        &mut tx,
        shop.company,
        drinks.id,
        parse_json(&format!(r#"{{"name": "{}"}}"#, "E\u{301}PICERIE")),
        None,
        parse_time(NOW),
    );
    assert_eq!(error_codes(renamed.await), ["name_taken"]);
}
