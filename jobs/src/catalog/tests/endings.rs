//! Imports that end before their file: what they had committed is settled, and none stays open.

use domain::catalog::import::{self, ImportId, Kind, State};
use domain::catalog::{StackChange, net_stacks, recompute_levels};
use platform::ids::{JobId, Uuid};
use platform::queue::{JobError, control};

use super::shop::Shop;
use crate::catalog::import_pass::take_turn;

const COUNTS: &[u8] = b"sku,stock,date\nA,10,2026-01-01\nB,5,2026-01-01\n";
const SALES: &[u8] =
    b"invoice,sku,quantity,price,date,customer\n1,A,3,2,2026-01-05,c1\n1,B,1,2,2026-01-05,c1\n\
    C2,A,-3,2,2026-01-06,c1\n";

/// An import whose worker died once all rows were committed, before their levels were.
async fn die_after_merge(shop: &Shop) -> ImportId {
    shop.import(Kind::StockCounts, "{}", COUNTS).await;
    let id = shop
        .upload(Kind::Sales, r#"{"cancellation_prefix": "C"}"#, SALES)
        .await;
    let turn = shop.hold_turn().await;
    shop.die_when(id, "merged_through > 0").await;
    drop(turn);
    id
}

async fn job_of(shop: &Shop, id: ImportId) -> JobId {
    shop.find(id).await.job_id.expect("the import has a job")
}

/// Panics unless levels and netting agree with the facts and demand has been recomputed.
async fn expect_settled(shop: &Shop, id: ImportId, state: State) {
    let import = shop.find(id).await;
    assert_eq!((import.state, import.rows_imported), (state, 3));
    let mut owner = shop.db.owner().await;
    let levels = sqlx::query_scalar!(
        "select string_agg(upper(p.sku) || trunc(l.level), ' ' order by p.sku_key)
         from stock_levels l join products p on p.id = l.product_id"
    );
    assert_eq!(
        levels.fetch_one(&mut owner).await.unwrap().as_deref(),
        Some("A10 B4")
    );
    let books = shop.books(shop.company).await;
    let products: Vec<Uuid> = sqlx::query_scalar!("select id from products")
        .fetch_all(&mut owner)
        .await
        .unwrap();
    let mut tx = shop.begin().await;
    let stacks = sqlx::query_as!(
        StackChange,
        r#"select product_id, customer_id as "customer_id!", size,
             min(sold_at) as "since!", max(sold_at) as "until!", count(*) as "lines!"
           from sales where customer_id is not null group by 1, 2, 3"#
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert_eq!(net_stacks(&mut tx, shop.company, &stacks).await.unwrap(), 1);
    assert_eq!(
        recompute_levels(&mut tx, shop.company, &products)
            .await
            .unwrap(),
        0
    );
    tx.commit().await.unwrap();
    assert_eq!(shop.books(shop.company).await, books);
    let follow = sqlx::query_scalar!(
        "select count(*) from job_bodies where kind = 'rupture.compute_demand'"
    );
    assert!(
        follow.fetch_one(&mut owner).await.unwrap() > Some(0),
        "demand is computed anew"
    );
    let staged = sqlx::query_scalar!("select count(*) from staging.sale_lines");
    assert_eq!(staged.fetch_one(&mut owner).await.unwrap(), Some(0));
}

#[tokio::test]
async fn a_cancelled_import_settles_what_it_had_committed() {
    let shop = Shop::open().await;
    let id = die_after_merge(&shop).await;
    shop.cancel(id).await;
    assert_eq!(shop.run(id).await.outcome.name(), "succeeded");
    expect_settled(&shop, id, State::Cancelled).await;
}

#[tokio::test]
async fn an_import_that_fails_on_its_last_attempt_settles_what_it_had_committed() {
    let shop = Shop::open().await;
    let id = die_after_merge(&shop).await;
    let last = sqlx::query!(
        "update jobs_open set attempt = max_attempts - 1 where kind = 'catalog.import_file'"
    );
    last.execute(&mut shop.db.owner().await).await.unwrap();
    shop.services
        .blobs
        .delete_file(&format!("{}/imports/{id}", shop.company))
        .await
        .unwrap();
    assert_eq!(shop.run(id).await.outcome.name(), "dead");
    expect_settled(&shop, id, State::Failed).await;
    assert_eq!(shop.find(id).await.error_code.as_deref(), Some("internal"));
}

#[tokio::test]
async fn an_import_whose_job_was_cancelled_as_it_waited_is_closed_by_the_sweep() {
    let shop = Shop::open().await;
    let id = die_after_merge(&shop).await;
    let mut tx = shop.begin().await;
    control::cancel_job(&mut tx, job_of(&shop, id).await, "by hand")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    shop.end_imports().await;
    expect_settled(&shop, id, State::Cancelled).await;
}

#[tokio::test]
async fn an_import_whose_job_is_gone_is_closed_by_the_sweep_as_failed() {
    let shop = Shop::open().await;
    let id = die_after_merge(&shop).await;
    let mut tx = shop.db.db.begin_engine().await.unwrap();
    assert_eq!(
        import::list_abandoned_imports(&mut tx, None, 10)
            .await
            .unwrap(),
        [],
        "its job waits"
    );
    tx.commit().await.unwrap();
    let gone = sqlx::query!(
        "delete from jobs_open where id = $1",
        job_of(&shop, id).await.0
    );
    gone.execute(&mut shop.db.owner().await).await.unwrap();
    shop.end_imports().await;
    expect_settled(&shop, id, State::Failed).await;
    assert_eq!(shop.find(id).await.error_code.as_deref(), Some("job_ended"));
}

#[tokio::test]
async fn an_import_that_is_over_stays_over() {
    let shop = Shop::open().await;
    let import = shop.import(Kind::Sales, "{}", SALES).await;
    let detected = import.detected.unwrap().0;
    let mut tx = shop.begin().await;
    let cause = import::FileError::new("no_rows");
    for step in [
        import::record_questions(&mut tx, shop.company, import.id, &detected, &[]).await,
        import::start_loading(&mut tx, shop.company, import.id, &detected).await,
        import::fail_import(&mut tx, shop.company, import.id, &cause).await,
    ] {
        assert!(
            matches!(step, Err(domain::Error::Conflict { .. })),
            "{step:?}"
        );
    }
    tx.commit().await.unwrap();
    assert_eq!(shop.find(import.id).await.state, State::Succeeded);
}

#[tokio::test]
async fn a_value_that_the_database_rejects_fails_the_import_at_once() {
    let shop = Shop::open().await;
    let reject = "create function reject() returns trigger language plpgsql as
           $$ begin raise exception 'numeric field overflow' using errcode = '22003'; end $$;
         create trigger reject before insert on sales for each row execute function reject()";
    sqlx::raw_sql(reject)
        .execute(&mut shop.db.owner().await)
        .await
        .unwrap();
    let import = shop.import(Kind::Sales, "{}", SALES).await;
    assert_eq!(
        (import.state, import.error_code.as_deref()),
        (State::Failed, Some("value_out_of_range"))
    );
}

#[tokio::test]
async fn waiting_for_another_import_of_the_company_spends_no_attempt() {
    let shop = Shop::open().await;
    let _turn = shop.hold_turn().await;
    let mut tx = shop.begin().await;
    sqlx::raw_sql("set local lock_timeout = '20ms'")
        .execute(&mut *tx)
        .await
        .unwrap();
    let waited = take_turn(&mut tx, shop.company).await;
    assert!(matches!(waited, Err(JobError::Snooze(..))), "{waited:?}");
}

#[tokio::test]
async fn a_cancelled_import_writes_nothing_more() {
    let shop = Shop::open().await;
    let id = shop.upload(Kind::Sales, "{}", SALES).await;
    shop.cancel(id).await;
    shop.run(id).await;
    assert_eq!(shop.find(id).await.state, State::Cancelled);
    assert!(shop.books(shop.company).await.is_empty());
}
