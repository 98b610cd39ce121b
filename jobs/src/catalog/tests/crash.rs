//! Workers that die in the middle.

use std::fmt::Write as _;

use domain::catalog::import::{Kind, State};

use super::shop::Shop;

/// More rows than one chunk and one range hold, with repeated rows and cancellations.
fn large_file() -> Vec<u8> {
    let mut file = String::from("invoice,sku,quantity,price,date,customer\n");
    for line in 0..120_000 {
        let (invoice, sku, customer) = (line / 7, line % 90, line % 41);
        let day = 1 + line / 5_000;
        let (prefix, sign) = if line % 25 == 24 {
            ("C", "-")
        } else {
            ("", "")
        };
        writeln!(
            file,
            "{prefix}{invoice},p{sku},{sign}{},2.5,2026-01-{day:02},c{customer}",
            1 + line % 3
        )
        .unwrap();
    }
    file.into_bytes()
}

#[tokio::test]
async fn a_worker_killed_in_any_pass_costs_nothing_but_time() {
    let shop = Shop::open().await;
    let file = large_file();
    let options = r#"{"cancellation_prefix": "C"}"#;
    let unharmed = shop.import(Kind::Sales, options, &file).await;
    assert_eq!(
        (unharmed.state, unharmed.rows_imported),
        (State::Succeeded, 120_000)
    );
    assert!(unharmed.totals.netted > 0);
    let books = shop.books(shop.company).await;
    for death in [
        "staged_through > 0",
        "staged_at is not null",
        "merged_through > 0",
    ] {
        let shop = Shop::open().await;
        let id = shop.upload(Kind::Sales, options, &file).await;
        shop.die_when(id, death).await;
        let ran = shop.run(id).await;
        assert_eq!(ran.outcome.name(), "succeeded", "{death}: {:?}", ran.error);
        let import = shop.find(id).await;
        assert_eq!(
            (
                import.rows_imported,
                import.rows_updated,
                import.rows_unchanged
            ),
            (120_000, 0, 0),
            "{death}"
        );
        assert_eq!(import.totals, unharmed.totals, "{death}");
        assert!(
            shop.books(shop.company).await == books,
            "{death}: the books differ"
        );
    }
}

#[tokio::test]
async fn staging_that_a_crash_of_the_server_emptied_is_staged_again() {
    let shop = Shop::open().await;
    let id = shop.upload(Kind::Sales, "{}", &large_file()).await;
    shop.die_when(id, "merged_through > 0").await;
    let mut owner = shop.db.owner().await;
    sqlx::query!("truncate staging.sale_lines")
        .execute(&mut owner)
        .await
        .unwrap();
    assert_eq!(shop.run(id).await.outcome.name(), "succeeded");
    let import = shop.find(id).await;
    assert_eq!(
        (import.rows_total, import.rows_imported),
        (120_000, 120_000)
    );
    let left = sqlx::query_scalar!("select count(*) from staging.sale_lines")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert_eq!(left, Some(0), "staging is empty once the import is over");
}
