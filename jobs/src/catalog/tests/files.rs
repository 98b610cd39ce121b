//! Valid and invalid files, from the upload to the books.

use domain::catalog::import::{self, Kind, QuestionOption, State};
use platform::db::Scope;

use super::shop::Shop;

const SALES: &str = "invoice,sku,name,quantity,price,date,customer,country\n\
    1,a,Soap,3,2.50,2026-01-05 10:00,17850.0,France\n\
    1,a,Soap,3,2.50,2026-01-05 10:00,17850.0,France\n\
    1,B,Rice,1,10,2026-01-05 10:00,17850.0,France\n\
    2,A ,Soap (new),2,2.505,2026-01-06 23:30,,\n";
/// Day or month first?
const AMBIGUOUS: &str = "sku,quantity,price,date\nA,1,5,01/02/2026\nA,1,5,03/04/2026\n";

#[tokio::test]
async fn a_sales_file_becomes_products_customers_and_sales() {
    let shop = Shop::open().await;
    let import = shop.import(Kind::Sales, "{}", SALES.as_bytes()).await;
    assert_eq!(
        (import.state, import.rows_total, import.rows_imported),
        (State::Succeeded, 4, 4)
    );
    assert_eq!(
        (
            import.totals.products_created,
            import.totals.customers_created
        ),
        (2, 1)
    );
    assert_eq!(
        import.warnings[0].rows, 1,
        "one line is exactly like another"
    );
    let mut owner = shop.db.owner().await;
    let products = sqlx::query!("select sku, name, draft, currency from products order by sku_key")
        .fetch_all(&mut owner);
    let products: Vec<_> = products
        .await
        .unwrap()
        .into_iter()
        .map(|p| (p.sku, p.name, p.draft, p.currency))
        .collect();
    let product = |sku: &str, name: &str| (sku.to_owned(), name.to_owned(), true, "GBP".to_owned());
    assert_eq!(products, [product("a", "Soap"), product("B", "Rice")]);
    let books = shop.books(shop.company).await;
    let rounded = "|2026-01-06|2026-01-06 23:30:00|a|2.000|2.505000|5.0100|GBP|sale";
    assert!(
        books.iter().any(|line| line.contains(rounded)),
        "{books:#?}"
    );
}

#[tokio::test]
async fn reimporting_the_same_file_changes_nothing() {
    let shop = Shop::open().await;
    let first = shop.import(Kind::Sales, "{}", SALES.as_bytes()).await;
    let books = shop.books(shop.company).await;
    let again = shop.import(Kind::Sales, "{}", SALES.as_bytes()).await;
    assert_eq!(again.repeats_id, Some(first.id));
    assert_eq!(
        (
            again.rows_imported,
            again.rows_updated,
            again.rows_unchanged
        ),
        (0, 0, 4)
    );
    // Another file with the same rows: only the rows themselves show that it repeats.
    let other = shop
        .import(Kind::Sales, "{}", format!("{SALES}\n\n").as_bytes())
        .await;
    assert_eq!(other.repeats_id, None);
    assert_eq!(
        (
            other.rows_imported,
            other.rows_updated,
            other.rows_unchanged
        ),
        (0, 0, 4)
    );
    assert_eq!(shop.books(shop.company).await, books);
}

#[tokio::test]
async fn a_corrected_file_updates_by_key_and_keeps_what_was() {
    let shop = Shop::open().await;
    shop.import(Kind::Sales, "{}", SALES.as_bytes()).await;
    let corrected = SALES.replace("1,B,Rice,1,10", "1,B,Rice,4,9");
    let import = shop.import(Kind::Sales, "{}", corrected.as_bytes()).await;
    assert_eq!(
        (
            import.rows_imported,
            import.rows_updated,
            import.rows_unchanged
        ),
        (0, 1, 3)
    );
    let previous = sqlx::query_scalar!(
        "select previous ->> 'quantity' from import_changes where import_id = $1",
        import.id.0
    );
    assert_eq!(
        previous
            .fetch_one(&mut shop.db.owner().await)
            .await
            .unwrap()
            .as_deref(),
        Some("1.000")
    );
    assert!(
        shop.books(shop.company)
            .await
            .iter()
            .any(|l| l.contains("|b|17850|4.000|9.000000|36.0000|"))
    );
}

#[tokio::test]
async fn of_lines_with_the_callers_own_id_the_last_counts() {
    let shop = Shop::open().await;
    let file = "external_id,sku,quantity,price,date\n\
        x1,A,1,5,2026-01-05\nx2,A,1,5,2026-01-05\nx1,A,2,5,2026-01-05\n";
    let import = shop.import(Kind::Sales, "{}", file.as_bytes()).await;
    assert_eq!((import.rows_imported, import.totals.superseded), (2, 1));
    let books = shop.books(shop.company).await;
    assert_eq!(books.iter().filter(|l| l.contains("|a|2.000|")).count(), 1);
}

#[tokio::test]
async fn valid_rows_are_imported_and_the_others_reported_unless_the_mode_is_all_or_nothing() {
    let shop = Shop::open().await;
    let file = format!("{SALES}3,A,Soap,x,1,2026-01-05,,\n4,A,Soap,1,1,2026-02-30,,\n");
    let all = shop
        .import(
            Kind::Sales,
            r#"{"mode": "all_or_nothing"}"#,
            file.as_bytes(),
        )
        .await;
    assert_eq!(
        (all.state, all.error_code.as_deref()),
        (State::Failed, Some("rows_rejected"))
    );
    let expected = [
        (6, "quantity".into(), "not_a_number".into()),
        (7, "date".into(), "not_a_date".into()),
    ];
    assert_eq!(shop.errors(all.id).await, expected);
    assert!(shop.books(shop.company).await.is_empty());
    let valid = shop.import(Kind::Sales, "{}", file.as_bytes()).await;
    assert_eq!(
        (valid.state, valid.rows_imported, valid.rows_rejected),
        (State::Succeeded, 4, 2)
    );
    assert_eq!(shop.errors(valid.id).await, expected);
    let whole = shop
        .import(
            Kind::Sales,
            r#"{"mode": "all_or_nothing"}"#,
            SALES.as_bytes(),
        )
        .await;
    assert_eq!((whole.state, whole.rows_unchanged), (State::Succeeded, 4));
}

#[tokio::test]
async fn unknown_products_are_rejected_where_the_options_say_so() {
    let shop = Shop::open().await;
    shop.import(Kind::Products, "{}", b"sku,name\na,Soap\n")
        .await;
    let import = shop
        .import(
            Kind::Sales,
            r#"{"unknown_products": "reject"}"#,
            SALES.as_bytes(),
        )
        .await;
    assert_eq!((import.rows_imported, import.rows_rejected), (3, 1));
    assert_eq!(
        shop.errors(import.id).await,
        [(4, "sku".into(), "unknown_product".into())]
    );
}

#[tokio::test]
async fn an_ambiguous_file_waits_for_an_answer_and_continues_with_it() {
    let shop = Shop::open().await;
    let waiting = shop.import(Kind::Sales, "{}", AMBIGUOUS.as_bytes()).await;
    assert_eq!(
        (waiting.state, waiting.questions[0].option),
        (State::NeedsInput, QuestionOption::DateFormat)
    );
    assert!(shop.books(shop.company).await.is_empty());
    let answered = shop.answer(waiting.id, r#"{"date_format": "d/m/Y"}"#).await;
    assert_eq!(answered.rows_imported, 2);
    assert!(
        shop.books(shop.company)
            .await
            .iter()
            .any(|l| l.contains("|2026-02-01|"))
    );
}

#[tokio::test]
async fn a_file_that_is_no_table_ends_its_import_with_the_reason() {
    let shop = Shop::open().await;
    for (file, code) in [
        (&b""[..], "empty_file"),
        (b"sku,quantity,price,date\n", "no_rows"),
        (b"a;b\n1;2\n", "missing_column"),
        (b"\0\0\0\0\0\0\0\0\0\0\0\0", "not_a_table"),
        (
            b"sku,quantity,price,date\nA,x,1,2026-01-01\n",
            "no_valid_rows",
        ),
    ] {
        let import = shop.import(Kind::Sales, "{}", file).await;
        assert_eq!(
            (import.state, import.error_code.as_deref()),
            (State::Failed, Some(code))
        );
    }
    assert!(shop.books(shop.company).await.is_empty());
}

#[tokio::test]
async fn products_are_created_and_completed_and_an_empty_cell_changes_nothing() {
    let shop = Shop::open().await;
    shop.import(Kind::Sales, "{}", SALES.as_bytes()).await;
    let file = "Code;Nom;Famille;Fournisseur;Prix de vente;Stock mini;Délai\n\
        A;Savon;Hygiène;Sarl Ndiaye;2,5;10;5\nC;Thé;;;3,75;;\nc;Thé vert;;;;;\n";
    let import = shop.import(Kind::Products, "{}", file.as_bytes()).await;
    assert_eq!(
        (
            import.rows_imported,
            import.rows_updated,
            import.rows_unchanged
        ),
        (1, 1, 1)
    );
    let rows = || async {
        sqlx::query_scalar!(
            r#"select concat_ws('|', p.sku, p.name, c.name, s.name, trim_scale(p.sale_price),
                 trim_scale(p.min_stock),
                 p.lead_time_days, p.draft) as "row!"
               from products p
               left join categories c on c.id = p.category_id
               left join suppliers s on s.id = p.supplier_id
               order by p.sku_key"#
        )
        .fetch_all(&mut shop.db.owner().await)
        .await
        .unwrap()
    };
    assert_eq!(
        rows().await,
        [
            "a|Savon|Hygiène|Sarl Ndiaye|2.5|10|5|f",
            "B|Rice|t",
            "C|Thé vert|f"
        ]
    );
    let file = "code,min stock\nA,12\n";
    let again = shop.import(Kind::Products, "{}", file.as_bytes()).await;
    assert_eq!((again.rows_updated, again.rows_unchanged), (1, 0));
    assert_eq!(rows().await[0], "a|Savon|Hygiène|Sarl Ndiaye|2.5|12|5|f");
}

#[tokio::test]
async fn counts_fix_levels_and_sales_after_them_move_them() {
    let shop = Shop::open().await;
    let counts = "sku,stock,date\nA,10,2026-01-06 08:00\nB,4,2026-01-06 08:00\n";
    let import = shop
        .import(Kind::StockCounts, "{}", counts.as_bytes())
        .await;
    assert_eq!(
        (import.rows_imported, import.totals.products_created),
        (2, 2)
    );
    shop.import(Kind::Sales, "{}", SALES.as_bytes()).await;
    let levels = || async {
        let levels = sqlx::query!(
            "select p.sku, l.level from stock_levels l join products p on p.id = l.product_id
             order by p.sku_key"
        );
        let rows = levels.fetch_all(&mut shop.db.owner().await).await.unwrap();
        rows.into_iter()
            .map(|r| format!("{} {}", r.sku, r.level.normalize()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        levels().await,
        ["A 8", "B 4"],
        "only the sale after the count moves the level"
    );
    let again = shop
        .import(Kind::StockCounts, "{}", format!("{counts}\n").as_bytes())
        .await;
    assert_eq!((again.rows_imported, again.rows_unchanged), (0, 2));
    let corrected = counts.replace("A,10", "A,12");
    shop.import(Kind::StockCounts, "{}", corrected.as_bytes())
        .await;
    assert_eq!(levels().await, ["A 10", "B 4"]);
}

#[tokio::test]
async fn another_company_sees_nothing_of_an_import() {
    let shop = Shop::open().await;
    let import = shop.import(Kind::Sales, "{}", SALES.as_bytes()).await;
    let other = shop.another_company().await;
    let mut tx = shop.db.db.begin(Scope::company(other)).await.unwrap();
    assert!(matches!(
        import::require_import(&mut tx, other, import.id).await,
        Err(domain::Error::NotFound(_))
    ));
    assert!(
        import::list_imports(&mut tx, other, None, 10)
            .await
            .unwrap()
            .is_empty()
    );
}
