//! What the lines of a sales file mean: which are the same sale, and what was paid.

use domain::catalog::import::{Kind, State, WarningCode};

use super::outcomes::sale_lines;
use super::shop::Shop;

async fn import(shop: &Shop, options: &str, file: &str) {
    let import = shop.import(Kind::Sales, options, file.as_bytes()).await;
    assert_eq!(
        (import.state, import.rows_rejected),
        (State::Succeeded, 0),
        "{file}"
    );
}

#[tokio::test]
async fn a_till_that_restarts_its_numbers_loses_no_sale() {
    let header = "Ticket;Date;Article;Qté;Prix\n";
    let monday = format!("{header}1;05/03/2026;A1;2;500\n");
    let tuesday = format!("{header}1;06/03/2026;A1;3;500\n");
    let options = r#"{"date_format": "d/m/Y"}"#;
    let shop = Shop::open().await;
    for file in [&monday, &tuesday, &tuesday, &monday] {
        import(&shop, options, file).await;
    }
    assert_eq!(
        sale_lines(&shop).await,
        ["A1 sale delivered 2 1000", "A1 sale delivered 3 1500"]
    );

    let shop = Shop::open().await;
    let unique = r#"{"date_format": "d/m/Y", "documents": "never_repeat"}"#;
    import(&shop, unique, &monday).await;
    import(&shop, unique, &tuesday).await;
    assert_eq!(sale_lines(&shop).await, ["A1 sale delivered 3 1500"]);
}

#[tokio::test]
async fn two_sites_and_two_times_of_a_day_are_two_sales() {
    let shop = Shop::open().await;
    let header = "Date;Article;Qté;Prix;Magasin\n";
    let options = r#"{"unknown_sites": "create"}"#;
    for line in [
        "2026-10-01;PAIN;2;150;Dakar",
        "2026-10-01;PAIN;2;150;Thiès",
        "2026-10-01 09:00;PAIN;2;150;Dakar",
        "2026-10-01 18:30;PAIN;2;150;Dakar",
        "2026-10-01 18:30;PAIN;2;150;dakar",
    ] {
        import(&shop, options, &format!("{header}{line}\n")).await;
    }
    assert_eq!(
        sale_lines(&shop).await,
        [
            "Dakar PAIN sale delivered 2 300",
            "Thiès PAIN sale delivered 2 300",
            "Dakar PAIN sale delivered 2 300",
            "Dakar PAIN sale delivered 2 300",
        ]
    );
}

#[tokio::test]
async fn the_amount_is_what_was_paid_and_a_negative_one_is_a_return() {
    let shop = Shop::open().await;
    let file = "date,sku,quantity,price,amount,discount\n\
        2026-10-01,A,10,3500,31500,\n2026-10-02,B,2,3500,-7000,\n2026-10-03,C,2,3500,,500\n\
        2026-10-04,D,-2,3500,7000,\n2026-10-05,E,2,,7000,9\n";
    let imported = shop.import(Kind::Sales, "{}", file.as_bytes()).await;
    assert_eq!(imported.rows_imported, 5);
    assert_eq!(
        sale_lines(&shop).await,
        [
            "A sale delivered 10 31500",
            "B return delivered -2 -7000",
            "C sale delivered 2 6500",
            "D return delivered -2 -7000",
            "E sale delivered 2 7000",
        ]
    );
    let warnings = &imported.warnings.0;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0].code, WarningCode::DifferingAmounts);
    assert_eq!((warnings[0].rows, &warnings[0].lines), (1, &vec![2]));
    assert!(warnings[0].message.contains("le montant n'est pas le prix"));
}

#[tokio::test]
async fn the_receipts_of_a_till_are_read_with_their_types_and_states() {
    let shop = Shop::open().await;
    let file = "\u{feff}Date,Receipt number,Receipt type,SKU,Item,Quantity,Gross sales,Discounts,\
        Net sales,Taxes,Store,Status\n\
        25/10/2026 23:50,2-1678,Sale,10221,CAFÉ 3EN1,1.000,1500,0,1500,0,Boutique A,Closed\n\
        25/10/2026 23:50,2-1678,Sale,98000001,LESSIVE,6.000,11988,88,11900,0,Boutique A,Closed\n\
        26/10/2026 00:10,2-1679,Refund,98000001,LESSIVE,2.000,-3996,0,-3996,0,Boutique A,Closed\n\
        26/10/2026 09:00,2-1680,Sale,10221,CAFÉ 3EN1,3.000,4500,0,4500,0,Boutique A,Voided\n\
        26/10/2026 09:05,2-1681,Sale,,Montant libre,1.000,700,0,700,0,Boutique A,Closed\n";
    let options = r#"{"unknown_sites": "create", "decimal": {"quantity": "."},
        "values": {"status": {"voided": "cancelled"}, "site": {"Boutique A": "Dakar"}}}"#;
    let imported = shop.import(Kind::Sales, options, file.as_bytes()).await;
    assert_eq!((imported.rows_imported, imported.rows_rejected), (4, 1));
    let rejected = (6, "SKU".to_owned(), "missing_value".to_owned());
    assert_eq!(shop.errors(imported.id).await, [rejected]);
    assert_eq!(
        sale_lines(&shop).await,
        [
            "Dakar 10221 sale delivered 1 1500",
            "Dakar 98000001 sale delivered 6 11900",
            "Dakar 98000001 return delivered -2 -3996",
            "Dakar 10221 sale cancelled 3 4500",
        ]
    );
    let ignored = imported.detected.unwrap().0.ignored_columns;
    assert_eq!(ignored, ["Item", "Gross sales", "Taxes"]);
}
