//! Codes: which spellings are one product, and what spreadsheets do to codes.

use domain::catalog::import::{self, Kind, State, WarningCode};
use serde_json::json;

use super::shop::Shop;

/// Returns every product as `code: units sold`, in the order of the keys.
async fn products(shop: &Shop) -> Vec<String> {
    sqlx::query_scalar!(
        r#"select concat(p.sku, ': ', trim_scale(coalesce(sum(s.quantity), 0))) as "line!"
           from products p left join sales s on s.product_id = p.id
           where p.company_id = $1 group by p.id order by p.sku_key"#,
        shop.company.0,
    )
    .fetch_all(&mut shop.db.owner().await)
    .await
    .unwrap()
}

const LOOKS: &str = "Date;Code;Quantité;Prix unitaire;Facture\n\
    2026-10-05;RIZ-5;1;100;F0\n2026-10-05;riz-5;1;100;F1\n2026-10-05; RIZ-5 ;1;100;F2\n\
    2026-10-05;RIZ-5\u{a0};1;100;F3\n2026-10-05;\u{202f}RIZ-5;1;100;F4\n\
    2026-10-05;RIZ-5\u{200b};1;100;F5\n2026-10-05;\u{feff}RIZ-5;1;100;F6\n\
    2026-10-05;\u{200e}RIZ-5;1;100;F7\n2026-10-05;RIZ\u{2011}5;1;100;F8\n\
    2026-10-05;RIZ–5;1;100;F9\n2026-10-05;RIZ-５;1;100;F10\n2026-10-05;CAFÉ-1;1;100;F11\n\
    2026-10-05;CAFE\u{301}-1;1;100;F12\n2026-10-05;straße;1;100;F13\n\
    2026-10-05;STRASSE;1;100;F14\n";

#[tokio::test]
async fn case_a19_spellings_of_one_code_are_one_product() {
    let shop = Shop::open().await;
    let import = shop.import(Kind::Sales, "{}", LOOKS.as_bytes()).await;
    assert_eq!(import.state, State::Succeeded, "{:?}", import.error_message);
    assert_eq!((import.rows_imported, import.rows_rejected), (15, 0));
    assert_eq!(import.totals.products_created, 4);
    let sold = ["CAFÉ-1: 2", "RIZ-5: 10", "RIZ–5: 1", "straße: 2"];
    assert_eq!(products(&shop).await, sold);
    let again = LOOKS.replace("STRASSE", "Straße").replace("riz-5", "Riz-5");
    let again = shop.import(Kind::Sales, "{}", again.as_bytes()).await;
    assert_eq!((again.rows_imported, again.rows_unchanged), (0, 15));
}

#[tokio::test]
async fn codes_that_look_alike_are_warned_of_once() {
    let shop = Shop::open().await;
    let file = b"sku;quantity\nBIC-10;5\nRIZ;8\nB1C-1O;7\nRIZ-5;1\nB1C-1O ;2\n";
    let import = shop
        .import(Kind::StockCounts, r#"{"repeated_counts": "sum"}"#, file)
        .await;
    let warning = &import.warnings[0];
    assert_eq!(
        (warning.code, &warning.lines[..]),
        (WarningCode::LookAlikeCodes, &[4][..])
    );
    let mut tx = shop.begin().await;
    let rows = import::list_row_issues(&mut tx, shop.company, import.id, None, 0, 10).await;
    drop(tx);
    let issue = &rows.unwrap()[0].issues[0];
    assert_eq!(
        (issue.column.as_deref(), issue.value.as_str()),
        (Some("sku"), "B1C-1O")
    );
    assert!(issue.reason.contains("BIC-10"), "{}", issue.reason);
    // A code of the catalog isn't new, and one that looks like it is.
    let import = shop
        .import(Kind::StockCounts, "{}", b"sku;quantity\nB1C-1O;7\n")
        .await;
    assert_eq!(import.warnings.len(), 0);
    let import = shop
        .import(Kind::StockCounts, "{}", b"sku;quantity\nBIC-IO;7\nR1Z;3\n")
        .await;
    assert_eq!(import.warnings[0].lines, [2, 3]);
}

#[tokio::test]
async fn case_wedge_sharp_s_and_double_s_are_one_code() {
    let lines = "Date;Code;Quantité;Prix unitaire\n2026-10-05;straße;1;100\n\
        2026-10-05;STRASSE;1;100\n";
    for options in ["{}", r#"{"mode": "all_or_nothing"}"#] {
        let shop = Shop::open().await;
        let import = shop.import(Kind::Sales, options, lines.as_bytes()).await;
        assert_eq!((import.state, import.rows_imported), (State::Succeeded, 2));
        assert_eq!(products(&shop).await, ["straße: 2"]);
    }
}

#[tokio::test]
async fn names_of_one_key_are_one_site_category_and_supplier() {
    let shop = Shop::open().await;
    let sales = "Date;Code;Quantité;Prix unitaire;Magasin;Désignation\n\
        2026-10-05;B;1;100;Thiès;\n2026-10-05;b;1;100;THIE\u{300}S\u{a0};Sel\n";
    let options = r#"{"unknown_sites": "create"}"#;
    shop.import(Kind::Sales, options, sales.as_bytes()).await;
    let catalog = "Code;Nom;Famille;Fournisseur\n\
        A;Riz;Épicerie;Großhandel\nb;;E\u{301}PICERIE;GROSSHANDEL\nＡ;Riz long;épicerie ;\n";
    let import = shop.import(Kind::Products, "{}", catalog.as_bytes()).await;
    assert_eq!(
        (
            import.rows_imported,
            import.rows_updated,
            import.rows_unchanged
        ),
        (1, 1, 1)
    );
    let names = sqlx::query_scalar!(
        r#"select name as "name!" from sites union all select name from categories
           union all select name from suppliers
           union all select sku || ' ' || name from products order by 1"#
    );
    let mut names = names.fetch_all(&mut shop.db.owner().await).await.unwrap();
    names.sort_unstable();
    assert_eq!(
        names,
        ["A Riz long", "B Sel", "Großhandel", "Thiès", "Épicerie"]
    );
    let counts = "Code;Stock;Magasin\nＢ;7;thiès\n";
    let counted = shop
        .import(Kind::StockCounts, "{}", counts.as_bytes())
        .await;
    assert_eq!((counted.rows_imported, counted.rows_rejected), (1, 0));
    assert_eq!(products(&shop).await, ["A: 0", "B: 2"]);
}

#[tokio::test]
async fn a_code_or_a_name_without_a_visible_character_is_rejected() {
    let shop = Shop::open().await;
    let sales = "sku,quantity,price,date,site\nA,1,5,2026-01-05,\n\u{200b},1,5,2026-01-05,\n\
        A,1,5,2026-01-05,\u{2060}\n";
    let import = shop.import(Kind::Sales, "{}", sales.as_bytes()).await;
    let code = || "no_visible_character".to_owned();
    assert_eq!(
        shop.errors(import.id).await,
        [(3, "sku".into(), code()), (4, "site".into(), code())]
    );
    let catalog = "sku,name,category\nB,b,\u{200e}\nC,c,\n";
    let import = shop.import(Kind::Products, "{}", catalog.as_bytes()).await;
    let expected = [(2, "category".into(), code())];
    assert_eq!(shop.errors(import.id).await, expected);
}

#[tokio::test]
async fn unknown_and_ignored_codes_are_found_by_their_keys() {
    let shop = Shop::open().await;
    shop.import(Kind::Products, "{}", "sku\nCAFÉ 1\n".as_bytes())
        .await;
    let sales = "sku,quantity,price,date\ncafe\u{301}1,2,5,2026-01-05\nthé,1,5,2026-01-05\n\
        Ｐｏｒｔ,1,5,2026-01-05\nfrais-x,1,5,2026-01-05\n";
    let options = r#"{"unknown_products": "reject", "ignore_codes": ["PO RT", "FRAIS*"]}"#;
    let import = shop.import(Kind::Sales, options, sales.as_bytes()).await;
    let expected = [(3, "sku".into(), "unknown_product".into())];
    assert_eq!(shop.errors(import.id).await, expected);
    assert_eq!((import.rows_imported, import.rows_ignored), (1, 2));
    assert_eq!(products(&shop).await, ["CAFÉ 1: 2"]);
}

#[tokio::test]
async fn case_a02_rounded_codes_are_rejected_with_what_to_do() {
    let shop = Shop::open().await;
    let file = "SKU;Name;Barcode;Sale price\nSAR-155;Sardines 155 g;7,48485E+11;650\n\
        SAR-155R;Sardines 155 g piquantes;7,48485E+11;650\nEAU-6L;Eau 6 L;4,80001E+12;1800\n\
        LAIT-400;Lait en poudre 400 g;6.12E+12;2400\nSUCRE-1;Sucre 1 kg;6191234500013;900\n\
        1E5;Vis;;900\n6,19E+12;Clou;;900\n";
    let import = shop.import(Kind::Products, "{}", file.as_bytes()).await;
    let damaged = |line, column: &str| (line, column.to_owned(), "damaged_code".to_owned());
    let mut expected: Vec<_> = (2..=5).map(|line| damaged(line, "Barcode")).collect();
    expected.push(damaged(8, "SKU"));
    assert_eq!(shop.errors(import.id).await, expected);
    assert_eq!(products(&shop).await, ["1E5: 0", "SUCRE-1: 0"]);
    let sales = "date,sku,quantity,price,ticket,line id\n2026-01-05,A,1,5,\"1,23E+11\",\n\
        2026-01-05,A,1,5,7,4.5E+15\n2026-01-05,A,1,5,8,9\n";
    let import = shop.import(Kind::Sales, "{}", sales.as_bytes()).await;
    assert_eq!(
        shop.errors(import.id).await,
        [damaged(2, "ticket"), damaged(3, "line id")]
    );
}

const CATALOGUE: &str = "SKU;Name\n0017;Clou 17\n0042;Clou 42\n";

#[tokio::test]
async fn case_a04_wrapped_codes_are_those_of_the_catalogue() {
    let shop = Shop::open().await;
    shop.import(Kind::Products, "{}", CATALOGUE.as_bytes())
        .await;
    let wrapped = "Date;SKU;Quantity;Unit price\n2026-10-05;=\"0017\";2;100\n\
        2026-10-06;\"=\"\"0042\"\"\";1;100\n2026-10-07;'0017;=\"3\";100\n";
    let import = shop.import(Kind::Sales, "{}", wrapped.as_bytes()).await;
    assert_eq!((import.state, import.rows_imported), (State::Succeeded, 3));
    assert_eq!(products(&shop).await, ["0017: 5", "0042: 1"]);
}

#[tokio::test]
async fn case_a04_codes_that_lost_their_zeros_are_asked_about() {
    let bare = "Date;SKU;Quantity;Unit price\n2026-10-05;17;2;100\n2026-10-05;18;1;100\n\
        2026-10-06;42;1;100\n2026-10-06;0042;4;100\n";
    for (answer, sold) in [
        (
            r#"{"leading_zeros": "same"}"#,
            &["0017: 2", "0042: 5", "18: 1"][..],
        ),
        (
            r#"{"leading_zeros": "distinct"}"#,
            &["0017: 0", "0042: 4", "17: 2", "18: 1", "42: 1"],
        ),
    ] {
        let shop = Shop::open().await;
        shop.import(Kind::Products, "{}", CATALOGUE.as_bytes())
            .await;
        let waiting = shop.import(Kind::Sales, "{}", bare.as_bytes()).await;
        assert_eq!(waiting.state, State::NeedsInput);
        let questions = serde_json::to_value(&waiting.questions.0).unwrap();
        assert_eq!(
            questions,
            json!([{
                "option": "leading_zeros",
                "reason": "similar_codes",
                "field": "sku",
                "column": "SKU",
                "choices": ["same", "distinct"],
                "message": "des codes de la colonne « SKU » ne diffèrent de codes connus que par \
                    des zéros en tête, que les tableurs suppriment : « 17 » (ligne 2) et « 0017 », \
                    « 42 » (ligne 4) et « 0042 » ; est-ce que ce sont les mêmes produits ?",
                "examples": [{"line": 2, "value": "17"}, {"line": 4, "value": "42"}],
            }])
        );
        let import = shop.answer(waiting.id, answer).await;
        assert_eq!((import.state, import.rows_imported), (State::Succeeded, 4));
        assert_eq!(products(&shop).await, sold, "{answer}");
        let again = format!("{bare}\n");
        let again = shop.import(Kind::Sales, answer, again.as_bytes()).await;
        assert_eq!(again.rows_unchanged, 4, "{answer}");
    }
}

#[tokio::test]
async fn codes_of_one_file_that_differ_by_zeros_are_the_first_one() {
    let shop = Shop::open().await;
    // The first row is rejected, so that another one creates the product.
    let sales = "sku,quantity,price,date\n007,x,5,2026-01-05\n7,2,5,2026-01-05\n\
        '007,1,5,2026-01-06\n";
    let asked = shop.import(Kind::Sales, "{}", sales.as_bytes()).await;
    assert_eq!(asked.state, State::NeedsInput);
    let same = r#"{"leading_zeros": "same"}"#;
    let import = shop.answer(asked.id, same).await;
    assert_eq!((import.rows_imported, import.rows_rejected), (2, 1));
    assert_eq!(products(&shop).await, ["007: 3"]);
    // Two products of the catalog that both may be meant.
    let distinct = r#"{"leading_zeros": "distinct"}"#;
    let both = shop.import(Kind::Products, distinct, b"sku,name\n07,Seven\n");
    assert_eq!(both.await.rows_imported, 1);
    let sales = "sku,quantity,price,date\n7,2,5,2026-01-08\n07,2,5,2026-01-08\n";
    let import = shop.import(Kind::Sales, same, sales.as_bytes()).await;
    let expected = [(2, "sku".into(), "ambiguous_code".into())];
    assert_eq!(shop.errors(import.id).await, expected);
    let counts = "sku,stock\n0007,4\n12,1\n";
    let asked = shop
        .import(Kind::StockCounts, "{}", counts.as_bytes())
        .await;
    assert_eq!(asked.state, State::NeedsInput);
}
