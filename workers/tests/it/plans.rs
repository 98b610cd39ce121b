//! Query plans of the hot statements on a long queue: none scans the table, whatever its
//! statistics.

use platform::ids::{CompanyId, Uuid};
use platform::queue::due::{self, START};
use platform::queue::{claim, success};
use sqlx::PgConnection;
use sqlx::postgres::{PgPool, PgPoolOptions};

use crate::support::{Ping, TestFleet, company_job, guarded};

/// Returns how often `jobs_open` was scanned as a whole and by its key.
async fn count_scans(pool: &PgPool, owner: &mut PgConnection) -> (i64, i64) {
    // Statistics are otherwise flushed only within the next second.
    sqlx::query!("select pg_stat_force_next_flush()")
        .execute(pool)
        .await
        .unwrap();
    let row = sqlx::query!(
        r#"select t.seq_scan as "whole!", i.idx_scan as "keyed!"
           from pg_stat_user_tables t join pg_stat_user_indexes i using (relid)
           where t.relname = 'jobs_open' and i.indexrelname = 'jobs_open_pkey'"#,
    )
    .fetch_one(owner)
    .await
    .unwrap();
    (row.whole, row.keyed)
}

#[tokio::test]
async fn claims_and_successes_find_their_rows_by_key_in_a_long_queue() {
    guarded(async {
        let fleet = TestFleet::start().await;
        let company = CompanyId::new();
        let mut ids: Vec<Uuid> = Vec::new();
        for _ in 0..4 {
            let batch = (0..5_000)
                .map(|n| company_job(company, &Ping { n }))
                .collect();
            ids.extend(fleet.enqueue_all(batch).await.into_iter().map(|id| id.0));
        }
        let mut owner = fleet.test.owner().await;
        let worker = fleet.register_silent_worker().await;
        let hot = fleet.test.db.hot().connect_options();
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .connect_with((*hot).clone())
            .await
            .unwrap();
        // Postgres may choose a generic plan from the sixth execution on.
        for batch in ids.chunks(100).take(7) {
            let before = count_scans(&pool, &mut owner).await;
            let claims = claim::claim_jobs(&pool, worker, batch).await.unwrap();
            let after = count_scans(&pool, &mut owner).await;
            assert_eq!(
                (claims.len(), after.0),
                (100, before.0),
                "claiming scans the table"
            );
            assert!(after.1 > before.1);

            let fences: Vec<_> = claims.iter().map(|claim| claim.fence).collect();
            let ids: Vec<_> = claims.iter().map(|claim| claim.id.0).collect();
            let mut conn = pool.acquire().await.unwrap();
            let recorded = success::record_successes(&mut conn, &ids, &fences, &vec![None; 100])
                .await
                .unwrap();
            drop(conn);
            assert_eq!(
                (recorded.len(), count_scans(&pool, &mut owner).await.0),
                (100, after.0),
                "recording scans the table"
            );
        }
        pool.close().await;
    })
    .await;
}

/// How many entries of the index of due rows were read.
async fn due_entries_read(pool: &PgPool, owner: &mut PgConnection) -> i64 {
    sqlx::query!("select pg_stat_force_next_flush()")
        .execute(pool)
        .await
        .unwrap();
    sqlx::query_scalar!(
        r#"select idx_tup_read as "read!" from pg_stat_user_indexes
           where indexrelname = 'jobs_open_queue_run_at_id'"#,
    )
    .fetch_one(owner)
    .await
    .unwrap()
}

#[tokio::test]
async fn the_relay_reads_no_more_due_rows_than_it_lists() {
    guarded(async {
        let fleet = TestFleet::start().await;
        let company = CompanyId::new();
        let jobs = (0..5_000)
            .map(|n| company_job(company, &Ping { n }))
            .collect();
        fleet.enqueue_all(jobs).await;
        let mut owner = fleet.test.owner().await;
        let hot = fleet.test.db.hot().connect_options();
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .connect_with((*hot).clone())
            .await
            .unwrap();
        let before = due_entries_read(&pool, &mut owner).await;
        let listed = due::list_due_after(&pool, START, 100).await.unwrap();
        let read = due_entries_read(&pool, &mut owner).await - before;
        assert_eq!(listed.len(), 100);
        assert!(
            read < 1_000,
            "{read} entries read: the plan sorts the queue"
        );
        pool.close().await;
    })
    .await;
}
