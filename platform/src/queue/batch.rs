//! Micro-batches without linger: whoever comes while a statement runs shares the next one. Under load
//! batches grow by themselves; an idle caller waits for nobody.

use std::collections::HashSet;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex, Notify, mpsc, oneshot};

use super::envelope::{Claim, Enqueued, NewJob};
use super::{finish, outbox};
use crate::db::{Db, STATEMENT_DEADLINE, with_deadline};
use crate::ids::Uuid;

/// Jobs in one insert.
const LARGEST: usize = 500;
/// Ends in one statement, with results of the usual size within one TLS record (16 KB): sqlx 0.9.0 leaves
/// Nagle's algorithm on, so a second record waits 40 ms until the server acknowledges the first.
const ENDS: usize = 300;
/// What may wait for its statement. Beyond it callers wait, so that memory stays flat.
const PENDING: usize = 2_000;
const WRITERS: usize = 2;

/// Records the ends of jobs that wrote nothing themselves.
#[derive(Debug, Clone)]
pub struct Completions {
    sender: mpsc::Sender<End>,
    open: Arc<Open>,
}

#[derive(Debug)]
struct End {
    id: Uuid,
    fence: i32,
    result: Option<String>,
}

/// The claims whose ends were handed in and aren't recorded yet, by job and fence: a reconciler that was asked
/// for again may have ended once more before the first end is struck off.
#[derive(Debug, Default)]
struct Open {
    claims: std::sync::Mutex<HashSet<(Uuid, i32)>>,
    none: Notify,
}

impl Open {
    fn claims(&self) -> MutexGuard<'_, HashSet<(Uuid, i32)>> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self, ends: &[End]) {
        let mut claims = self.claims();
        for end in ends {
            claims.remove(&(end.id, end.fence));
        }
        if claims.is_empty() {
            self.none.notify_waiters();
        }
    }
}

impl Completions {
    /// Starts the writers on the current runtime. They stop once every clone is dropped and what was
    /// handed in is recorded.
    pub fn start(db: &Db) -> Self {
        let (sender, receiver) = mpsc::channel(PENDING);
        let receiver = Arc::new(Mutex::new(receiver));
        let open = Arc::new(Open::default());
        for _ in 0..WRITERS {
            crate::task::spawn(
                "completions",
                record_ends(db.clone(), receiver.clone(), open.clone()),
            );
        }
        Self { sender, open }
    }

    /// Hands an end in; it is recorded soon after, or the job runs again once this process is gone.
    pub async fn succeed(&self, claim: &Claim, result: Option<String>) {
        self.open.claims().insert((claim.id.0, claim.fence));
        // Postgres refuses NUL in text, and one refused end would hold up its whole batch.
        let result = result.map(|text| {
            if text.contains('\0') {
                text.replace('\0', "")
            } else {
                text
            }
        });
        let end = End {
            id: claim.id.0,
            fence: claim.fence,
            result,
        };
        if let Err(unsent) = self.sender.send(end).await {
            self.open.close(&[unsent.0]);
            tracing::error!(job_id = %claim.id, "end not recorded: the writers are gone");
        }
    }

    /// The claims, by job and fence, whose end was handed in and isn't recorded yet.
    pub fn open(&self) -> Vec<(Uuid, i32)> {
        self.open.claims().iter().copied().collect()
    }

    /// Waits until everything handed in before is recorded.
    pub async fn drained(&self) {
        loop {
            let none = self.open.none.notified();
            if self.open.claims().is_empty() {
                return;
            }
            none.await;
        }
    }
}

async fn record_ends(db: Db, receiver: Arc<Mutex<mpsc::Receiver<End>>>, open: Arc<Open>) {
    let mut ends = Vec::with_capacity(ENDS);
    loop {
        if receiver.lock().await.recv_many(&mut ends, ENDS).await == 0 {
            return;
        }
        record_batch(&db, &ends).await;
        open.close(&ends);
        ends.clear();
    }
}

/// Tries until the database answers: while this process shows that it lives, nobody else would.
async fn record_batch(db: &Db, ends: &[End]) {
    let ids: Vec<_> = ends.iter().map(|e| e.id).collect();
    let fences: Vec<_> = ends.iter().map(|e| e.fence).collect();
    let results: Vec<_> = ends.iter().map(|e| e.result.as_deref()).collect();
    let mut wait = Duration::from_millis(50);
    let recorded = loop {
        match try_record(db, &ids, &fences, &results).await {
            Ok(recorded) => break recorded,
            Err(cause) => {
                tracing::warn!(%cause, ends = ends.len(), "ends not recorded yet");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(Duration::from_secs(5));
            }
        }
    };
    if recorded < ids.len() {
        tracing::info!(
            lost = ids.len() - recorded,
            "claims were lost before their end"
        );
    }
}

async fn try_record(
    db: &Db,
    ids: &[Uuid],
    fences: &[i32],
    results: &[Option<&str>],
) -> sqlx::Result<usize> {
    let recorded = with_deadline(db.hot(), STATEMENT_DEADLINE, async |conn| {
        finish::succeed_all(conn, ids, fences, results).await
    })
    .await?;
    if recorded.iter().any(|success| success.restarted) {
        db.notify_relay();
    }
    Ok(recorded.len())
}

/// Enqueues jobs that come alone, one commit for all that wait.
#[derive(Debug, Clone)]
pub struct Enqueuer {
    sender: mpsc::Sender<Request>,
}

struct Request {
    job: NewJob,
    answer: oneshot::Sender<sqlx::Result<Enqueued>>,
}

impl Enqueuer {
    pub fn start(db: &Db) -> Self {
        let (sender, receiver) = mpsc::channel(PENDING);
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..WRITERS {
            crate::task::spawn("enqueuer", enqueue_batches(db.clone(), receiver.clone()));
        }
        Self { sender }
    }

    /// Returns once the job is durable.
    ///
    /// # Errors
    /// The database's.
    pub async fn enqueue(&self, job: NewJob) -> sqlx::Result<Enqueued> {
        let (answer, answered) = oneshot::channel();
        self.sender
            .send(Request { job, answer })
            .await
            .map_err(|_| sqlx::Error::PoolClosed)?;
        answered.await.map_err(|_| sqlx::Error::PoolClosed)?
    }
}

async fn enqueue_batches(db: Db, receiver: Arc<Mutex<mpsc::Receiver<Request>>>) {
    let mut requests = Vec::with_capacity(LARGEST);
    loop {
        if receiver
            .lock()
            .await
            .recv_many(&mut requests, LARGEST)
            .await
            == 0
        {
            return;
        }
        let (jobs, answers): (Vec<_>, Vec<_>) =
            requests.drain(..).map(|r| (r.job, r.answer)).unzip();
        match enqueue_batch(&db, &jobs).await {
            Ok(enqueued) => {
                for (answer, enqueued) in answers.into_iter().zip(enqueued) {
                    let _ = answer.send(Ok(enqueued));
                }
            }
            Err(cause @ sqlx::Error::Database(_)) => {
                tracing::warn!(%cause, jobs = jobs.len(), "batch refused, its jobs are tried one by one");
                for (job, answer) in jobs.into_iter().zip(answers) {
                    let alone = enqueue_batch(&db, &[job]).await;
                    let _ = answer.send(alone.map(|enqueued| enqueued[0]));
                }
            }
            // Whether it committed is unknown, and one by one would wait for the same connection.
            Err(cause) => {
                tracing::warn!(%cause, jobs = jobs.len(), "batch not enqueued");
                for answer in answers {
                    let _ = answer.send(Err(sqlx::Error::Protocol(cause.to_string())));
                }
            }
        }
    }
}

async fn enqueue_batch(db: &Db, jobs: &[NewJob]) -> sqlx::Result<Vec<Enqueued>> {
    // One statement: its own transaction.
    let enqueued = with_deadline(db.engine(), STATEMENT_DEADLINE, async |conn| {
        outbox::enqueue(conn, jobs).await
    })
    .await?;
    db.notify_relay();
    Ok(enqueued)
}
