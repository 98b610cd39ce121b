//! Waits for a state of the engine's tables, which it reads at each change of a row.

use platform::ids::JobId;
use platform::queue::view::{self, JobView};
use sqlx::PgConnection;
use sqlx::postgres::PgListener;
use testing::TestDb;

/// Is notified of every change of the engine's tables.
pub(crate) struct Watch {
    listener: PgListener,
    conn: PgConnection,
}

impl Watch {
    pub(crate) async fn new(test: &TestDb) -> Self {
        let mut conn = test.owner().await;
        sqlx::raw_sql(
            "create function announce_change() returns trigger language plpgsql as
                 $$ begin notify engine_test; return null; end $$;
             create trigger changed after insert or update or delete on jobs_open
                 for each statement execute function announce_change();
             create trigger changed after insert on jobs_finished
                 for each statement execute function announce_change();
             create trigger changed after update on workers
                 for each statement execute function announce_change();
             create trigger changed after insert or update on schedules
                 for each statement execute function announce_change();
             create trigger changed after insert on schedule_ticks
                 for each statement execute function announce_change();",
        )
        .execute(&mut conn)
        .await
        .unwrap();
        let mut listener = PgListener::connect_with(test.db.engine()).await.unwrap();
        listener.listen("engine_test").await.unwrap();
        Self { listener, conn }
    }

    /// Returns the job once it is in `state`.
    pub(crate) async fn until(&mut self, id: JobId, state: &str) -> JobView {
        loop {
            let job = view::find_job(&mut self.conn, id).await.unwrap();
            if let Some(job) = job.filter(|job| job.state.name() == state) {
                return job;
            }
            self.listener.recv().await.unwrap();
        }
    }

    /// Returns once `condition` holds.
    pub(crate) async fn until_true(&mut self, condition: impl AsyncFn(&mut PgConnection) -> bool) {
        while !condition(&mut self.conn).await {
            self.listener.recv().await.unwrap();
        }
    }
}
