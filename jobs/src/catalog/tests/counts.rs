//! What the lines of a file of counts mean for the levels.

use domain::catalog::import::{Import, Kind, QuestionOption, State, WarningCode};

use super::shop::Shop;

async fn levels(shop: &Shop) -> Vec<String> {
    sqlx::query_scalar!(
        r#"select concat_ws(' ', p.sku, trim_scale(l.level)) as "line!"
           from stock_levels l join products p on p.id = l.product_id
           where l.company_id = $1 order by p.sku"#,
        shop.company.0,
    )
    .fetch_all(&mut shop.db.owner().await)
    .await
    .unwrap()
}

async fn count(shop: &Shop, options: &str, file: &str) -> Import {
    shop.import(Kind::StockCounts, options, file.as_bytes())
        .await
}

#[tokio::test]
async fn totals_and_subtotals_are_left_out_with_a_warning() {
    let shop = Shop::open().await;
    let file = "Référence;Désignation;Stock compté\nRIZ-5;Riz 5 kg;40\nSUCRE-1;Sucre 1 kg;25\n\
        Sous-total épicerie;;65\nSAVON;Savon;5\n;Total droguerie;5\nTOTAL;;70\n";
    let import = count(&shop, "{}", file).await;
    assert_eq!((import.rows_imported, import.rows_ignored), (3, 3));
    let warning = &import.warnings[0];
    assert_eq!(
        (warning.code, warning.rows, &warning.lines[..]),
        (WarningCode::TotalRows, 3, &[4, 6, 7][..])
    );
    assert_eq!(levels(&shop).await, ["RIZ-5 40", "SAVON 5", "SUCRE-1 25"]);
}

#[tokio::test]
async fn a_product_named_like_a_total_is_kept_or_asked_about() {
    let shop = Shop::open().await;
    let file = "Référence;Stock compté\nRIZ-5;40\nTOTAL QUARTZ 5W30;7\nTOTAL;12\n";
    let import = count(&shop, "{}", file).await;
    assert_eq!((import.rows_imported, import.rows_rejected), (2, 1));
    let rejected = (4, String::new(), "total_row".to_owned());
    assert_eq!(shop.errors(import.id).await, [rejected]);
    let kept = count(&shop, r#"{"total_rows": "keep"}"#, file).await;
    assert_eq!((kept.rows_imported, kept.rows_rejected), (3, 0));
    assert_eq!(
        levels(&shop).await,
        ["RIZ-5 40", "TOTAL 12", "TOTAL QUARTZ 5W30 7"]
    );
}

#[tokio::test]
async fn a_product_whose_code_begins_like_a_total_is_sold() {
    let shop = Shop::open().await;
    let file = "date,sku,name,quantity,price\n2026-10-05,PAIN,Pain,1,150\n\
        2026-10-05,TOTAL-5W30,Huile,1,9000\n2026-10-05,RIZ,Riz,1,500\n\
        2026-10-05,TOTAL QUARTZ,Huile,3,9000\n,Total du jour,,6,\n";
    let import = shop.import(Kind::Sales, "{}", file.as_bytes()).await;
    assert_eq!((import.rows_imported, import.rows_ignored), (4, 1));
    assert_eq!(import.warnings[0].lines, [6]);
    let alone = "sku,counted\nPAIN,7\nTOTAL QUARTZ,7\n";
    let import = count(&shop, "{}", alone).await;
    assert_eq!((import.rows_imported, import.rows_ignored), (2, 0));
}

#[tokio::test]
async fn two_shelves_of_one_product_are_asked_about() {
    let file = "Référence;Emplacement;Quantité comptée\n\
        RIZ-5;Rayon A;12\nSUCRE-1;Rayon A;4\nRIZ-5;Réserve;30\n";
    for (answer, level) in [("sum", "RIZ-5 42"), ("last", "RIZ-5 30")] {
        let shop = Shop::open().await;
        let asked = count(&shop, "{}", file).await;
        assert_eq!(asked.state, State::NeedsInput);
        let question = &asked.questions[0];
        assert_eq!(question.option, QuestionOption::RepeatedCounts);
        assert_eq!(question.choices, ["sum", "last"]);
        let lines: Vec<_> = question.examples.iter().map(|e| e.line).collect();
        assert_eq!(lines, [2, 4]);
        let options = format!(r#"{{"repeated_counts": "{answer}"}}"#);
        let import = count(&shop, &options, file).await;
        assert_eq!((import.rows_total, import.rows_imported), (3, 2));
        assert_eq!(import.totals.superseded, 1);
        assert_eq!(levels(&shop).await, [level, "SUCRE-1 4"]);
    }
}

#[tokio::test]
async fn a_count_without_a_date_is_a_count_now_each_time() {
    let shop = Shop::open().await;
    let file = "sku,counted\nRIZ-5,10\n";
    assert_eq!(count(&shop, "{}", file).await.rows_imported, 1);
    let product = sqlx::query_scalar!("select id from products")
        .fetch_one(&mut shop.db.owner().await)
        .await
        .unwrap();
    let mut owner = shop.db.owner().await;
    sqlx::query!(
        "insert into stock_movements (company_id, id, at, day, product_id, kind, quantity)
         values ($1, gen_random_uuid(), engine_now(), engine_now()::date, $2, 'exit', -3)",
        shop.company.0,
        product,
    )
    .execute(&mut owner)
    .await
    .unwrap();
    let again = count(&shop, "{}", file).await;
    assert_eq!((again.rows_imported, again.repeats_id), (1, None));
    assert_eq!(levels(&shop).await, ["RIZ-5 10"]);
}

#[tokio::test]
async fn a_count_of_a_day_stands_at_the_end_of_that_day() {
    let shop = Shop::open().await;
    let sales =
        "date,sku,quantity,price\n2026-01-05 09:00,RIZ-5,5,100\n2026-01-06 08:00,RIZ-5,2,100\n";
    shop.import(Kind::Sales, "{}", sales.as_bytes()).await;
    count(&shop, "{}", "sku,counted,date\nRIZ-5,15,2026-01-05\n").await;
    assert_eq!(levels(&shop).await, ["RIZ-5 13"]);
    let again = count(&shop, "{}", "sku,counted,date\nRIZ-5,15,2026-01-05\n").await;
    assert_eq!((again.rows_imported, again.rows_unchanged), (0, 1));
}

#[tokio::test]
async fn sales_sent_as_counts_are_refused() {
    let shop = Shop::open().await;
    let file = "Date;Article;Qté;Prix\n2026-10-05;A1;2;500\n2026-10-06;A1;3;500\n";
    let import = count(&shop, "{}", file).await;
    assert_eq!(import.state, State::Failed);
    assert_eq!(
        import.error_code.as_deref(),
        Some("columns_of_another_kind")
    );
    assert!(levels(&shop).await.is_empty());
}

#[tokio::test]
async fn sales_of_a_day_that_a_count_of_that_day_leaves_without_effect_are_warned_of() {
    let shop = Shop::open().await;
    count(
        &shop,
        "{}",
        "sku;quantity;date\nRIZ;20;2026-10-05T01:00:00Z\n",
    )
    .await;
    let file = "sku,quantity,price,date\nRIZ,18,500,2026-10-05\nRIZ,1,500,2026-10-04\n\
        RIZ,2,500,2026-10-06\nMIL,1,500,2026-10-05\n";
    let import = shop.import(Kind::Sales, "{}", file.as_bytes()).await;
    let warning = &import.warnings[0];
    assert_eq!(
        (warning.code, warning.rows, &warning.lines[..]),
        (WarningCode::UnmovedLines, 1, &[2][..])
    );
    assert!(
        warning.message.contains("ne change pas le niveau"),
        "{warning:?}"
    );
    assert_eq!(levels(&shop).await, ["RIZ 18"]);
    // With a time, nothing is left open.
    let file = "sku,quantity,price,date\nRIZ,3,500,2026-10-05 00:30\nRIZ,4,500,2026-10-05 09:30\n";
    let import = shop.import(Kind::Sales, "{}", file.as_bytes()).await;
    assert_eq!(import.warnings.len(), 0);
    assert_eq!(levels(&shop).await, ["RIZ 14"]);
    // An option that moves every level leaves nothing open either.
    let file = "sku,quantity,price,date\nRIZ,5,400,2026-10-05\n";
    let import = shop
        .import(
            Kind::Sales,
            r#"{"stock": "all", "same_day": "add"}"#,
            file.as_bytes(),
        )
        .await;
    assert_eq!(import.warnings.len(), 0);
    assert_eq!(levels(&shop).await, ["RIZ 9"]);
}
