//! Holding up whoever writes a certain row, so that a process can be killed there, not before it or after.

use sqlx::{AssertSqlSafe, PgConnection};

use super::{System, eventually, look};

/// Any number that nobody else locks.
const LOCK: u32 = 7;

/// From [`Halt::at`] to [`Halt::let_go`], whoever fires the trigger waits.
pub(crate) struct Halt {
    conn: PgConnection,
}

impl Halt {
    /// `moment` is what stands in a trigger's definition in front of its function:
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

    /// Whether somebody waits.
    pub(crate) async fn is_reached(&mut self) -> bool {
        let statement = format!(
            "select pid::text from pg_locks where locktype = 'advisory' and objid = {LOCK} and not granted
               and database = (select oid from pg_database where datname = current_database())"
        );
        !look(&mut self.conn, &statement).await.is_empty()
    }

    /// Returns once somebody waits.
    pub(crate) async fn reached(&mut self) {
        eventually("somebody is in the middle of it", async || {
            self.is_reached().await.then_some(())
        })
        .await;
    }

    /// The worker that waits, in a job of this kind, by its place among the processes.
    pub(crate) async fn worker(&mut self, system: &System, kind: &str) -> usize {
        self.reached().await;
        // A tick's evaluation may have come there first.
        eventually("the job runs", async || system.workers_of(kind).await.pop()).await
    }

    /// Who waited goes on; where its process is dead, it is undone.
    pub(crate) async fn let_go(mut self) {
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
    /// The processes that run a job of this kind, by their places.
    pub(crate) async fn workers_of(&self, kind: &str) -> Vec<usize> {
        let statement = format!(
            "select distinct w.name from jobs_open r join workers w on w.id = r.worker_id
             where r.state = 'running' and r.kind = '{kind}' order by w.name"
        );
        let names = look(&mut self.db.owner().await, &statement).await;
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
