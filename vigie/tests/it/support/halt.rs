//! Halts the process that writes a certain row, so that a test can kill it exactly there.

use sqlx::{AssertSqlSafe, PgConnection};

use super::{System, eventually, select_texts};

/// An advisory lock that nothing else uses.
const LOCK: u32 = 7;

/// From [`Halt::at`] to [`Halt::release`], a process that fires the trigger waits.
pub(crate) struct Halt {
    conn: PgConnection,
}

impl Halt {
    /// `moment` is a trigger's definition up to its function:
    /// `trigger halt before insert on sales for each row when (new.document = '7000')`.
    pub(crate) async fn at(system: &System, moment: &str) -> Self {
        let mut conn = system.db.owner().await;
        let statements = format!(
            "create function halt() returns trigger language plpgsql as
                 $$ begin perform pg_advisory_xact_lock({LOCK}); return new; end $$;
             create {moment} execute function halt();
             select pg_advisory_lock({LOCK})"
        );
        sqlx::raw_sql(AssertSqlSafe(statements))
            .execute(&mut conn)
            .await
            .unwrap();
        Self { conn }
    }

    /// Returns whether a process waits.
    pub(crate) async fn is_reached(&mut self) -> bool {
        let statement = format!(
            "select pid::text from pg_locks
               where locktype = 'advisory' and objid = {LOCK} and not granted
               and database = (select oid from pg_database where datname = current_database())"
        );
        !select_texts(&mut self.conn, &statement).await.is_empty()
    }

    /// Returns when a process waits.
    pub(crate) async fn until_reached(&mut self) {
        eventually("a process has reached the halt", async || {
            self.is_reached().await.then_some(())
        })
        .await;
    }

    /// Waits for the worker that is halted in a job of this kind, and returns its index among the
    /// processes.
    pub(crate) async fn until_worker(&mut self, system: &System, kind: &str) -> usize {
        self.until_reached().await;
        // The evaluation of a tick may have reached the halt first.
        eventually("the job runs", async || {
            system.workers_running(kind).await.pop()
        })
        .await
    }

    /// Releases the waiting process; the transaction of a killed one is rolled back.
    pub(crate) async fn release(mut self) {
        let statements = [
            format!("select pg_advisory_unlock({LOCK})"),
            "drop function halt() cascade".to_owned(),
        ];
        for statement in statements {
            sqlx::raw_sql(AssertSqlSafe(statement))
                .execute(&mut self.conn)
                .await
                .unwrap();
        }
    }
}

impl System {
    /// Returns the indices of the processes that run a job of this kind.
    pub(crate) async fn workers_running(&self, kind: &str) -> Vec<usize> {
        let statement = format!(
            "select distinct w.name from jobs_open o join workers w on w.id = o.worker_id
             where o.state = 'running' and o.kind = '{kind}' order by w.name"
        );
        let names = select_texts(&mut self.db.owner().await, &statement).await;
        let ids = names
            .iter()
            .map(|name| name.split('-').next().unwrap().parse::<u32>().unwrap());
        ids.map(|id| {
            self.processes
                .iter()
                .position(|process| process.id() == id)
                .expect("one of ours")
        })
        .collect()
    }
}
