//! The timetable as it is stored, and the cost of a page of a timer's rows.

use domain::rupture::list_watched_companies;
use domain::{ads, billing, catalog};
use platform::db::Tx;
use platform::queue::schedule::ScheduleSpec;
use testing::TestDb;

use super::list_schedules;

const PAGE_ROWS: i64 = 100;

/// Inserts 5,000 rows for each timer, and as many imports that have ended.
async fn insert_rows(test: &TestDb) {
    sqlx::raw_sql(
        "insert into companies (id, name, created_by, created_at, updated_at)
           select gen_random_uuid(), 'shop', gen_random_uuid(), now(), now()
           from generate_series(1, 5000);
         insert into products (company_id, id, sku, sku_key, name, currency)
           select id, gen_random_uuid(), sku::text, sku::text, 'rice', 'XOF'
           from companies cross join generate_series(1, 3) sku;
         insert into imports (company_id, id, kind, state, job_id, file_name, blob_key, file_bytes,
                              file_sha256)
           select id, gen_random_uuid(), 'sales', state, gen_random_uuid(), '', '', 0,
                  sha256('')
           from companies cross join unnest(array['loading', 'succeeded']) state;
         insert into jobs_open (id, run_at, queue, max_attempts, kind)
           select gen_random_uuid(), now(), 0, 1, 'other' from generate_series(1, 5000);
         insert into users (id, email, password_hash, full_name, created_at, updated_at)
           values (gen_random_uuid(), 'awa@example.sn', '', 'Awa', now(), now());
         insert into ad_connections (company_id, id, connected_by, status, sealed_token,
                                     created_at, updated_at)
           select companies.id, gen_random_uuid(), users.id, 'ok', '', now(), now()
           from companies cross join users;
         insert into ad_accounts (company_id, id, connection_id, external_id, name, timezone,
                                  currency, created_at, updated_at)
           select company_id, gen_random_uuid(), id, 'act_1', 'a', 'UTC', 'EUR', now(), now()
           from ad_connections;
         insert into subscriptions (company_id, id, stripe_id, customer, status, plan,
                                    cancel_at_period_end, as_of, created_at, updated_at)
           select id, gen_random_uuid(), 'sub_' || id, 'c', 'active', 'pro', false, now(), now(),
                  now()
           from companies;
         analyze;",
    )
    .execute(&mut test.owner().await)
    .await
    .unwrap();
}

/// Returns how many rows this connection has read from tables.
async fn count_rows_read(tx: &mut Tx) -> i64 {
    sqlx::query_scalar!(
        r#"select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint as "rows!"
           from pg_stat_xact_user_tables"#,
    )
    .fetch_one(&mut **tx)
    .await
    .unwrap()
}

/// Lists two pages and compares what they read with their size.
async fn check_pages<Row: Clone + PartialEq>(
    test: &TestDb,
    name: &str,
    list: impl AsyncFn(&mut Tx, Option<Row>) -> domain::Result<Vec<Row>>,
) {
    let mut tx = test.db.begin_engine().await.unwrap();
    let before = count_rows_read(&mut tx).await;
    let first = list(&mut tx, None).await.unwrap();
    let second = list(&mut tx, first.last().cloned()).await.unwrap();
    let read = count_rows_read(&mut tx).await - before;
    assert_eq!((first.len(), second.len()), (100, 100), "{name}");
    assert!(
        first.iter().all(|row| !second.contains(row)),
        "{name}: the pages overlap"
    );
    assert!(
        read <= 6 * PAGE_ROWS,
        "{name}: two pages of 100 rows read {read} rows"
    );
}

#[tokio::test]
async fn a_page_of_rows_reads_no_rows_of_other_pages() {
    let test = TestDb::new().await;
    insert_rows(&test).await;
    check_pages(&test, "companies", async |tx, last| {
        list_watched_companies(tx, last, PAGE_ROWS).await
    })
    .await;
    check_pages(&test, "ad accounts", async |tx, last: Option<(_, _)>| {
        ads::list_refreshable_accounts(tx, last.map(|row| row.1), PAGE_ROWS).await
    })
    .await;
    check_pages(&test, "subscriptions", async |tx, last: Option<(_, _)>| {
        billing::list_running_subscriptions(tx, last.map(|row| row.1), PAGE_ROWS).await
    })
    .await;
    check_pages(&test, "imports", async |tx, last: Option<(_, _)>| {
        let last = last.map(|row| row.1);
        catalog::import::list_abandoned_imports(tx, last, PAGE_ROWS).await
    })
    .await;
}

/// Timers are stored by name: a renamed timer has no last tick.
#[test]
fn the_timetable_holds_what_is_stored() {
    let line = |timer: ScheduleSpec| {
        let job = (timer.job)();
        let (name, cron, queue) = (timer.name, timer.cron, job.queue.name());
        format!("{name} at {cron} on {queue}: {} {}", job.kind, job.args)
    };
    let lines: Vec<_> = list_schedules().into_iter().map(line).collect();
    assert_eq!(
        lines,
        [
            r#"evaluate-alerts at 0 */5 * * * * on fast: schedule.enqueue_for_each {"timer":"evaluate-alerts"}"#,
            r#"compute-demand at 0 17 2 * * * on default: schedule.enqueue_for_each {"timer":"compute-demand"}"#,
            r#"refresh-ads at 0 7 */2 * * * on default: schedule.enqueue_for_each {"timer":"refresh-ads"}"#,
            r#"reconcile-subscriptions at 0 29 4 * * * on default: schedule.enqueue_for_each {"timer":"reconcile-subscriptions"}"#,
            r#"end-imports at 40 */5 * * * * on default: schedule.enqueue_for_each {"timer":"end-imports"}"#,
            "sweep-identity at 0 41 * * * * on default: identity.sweep {}",
            "sweep-files at 0 53 3 * * * on heavy: catalog.sweep_files {}",
            "prune-jobs at 20 */10 * * * * on default: ops.prune_jobs {}",
        ]
    );
}
