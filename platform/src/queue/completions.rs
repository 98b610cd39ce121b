//! Records in micro-batches the ends of jobs that wrote nothing themselves.

use std::convert::Infallible;
use std::time::Duration;

use super::claim::Claim;
use super::claim_tracker::{ClaimKey, ClaimTracker};
use super::finish;
use crate::db::{Db, STATEMENT_DEADLINE, with_deadline};
use crate::ids::Uuid;
use crate::micro_batch::{MicroBatchConfig, MicroBatcher};

const BATCHES: MicroBatchConfig = MicroBatchConfig {
    name: "completions",
    // Results of the usual size then fit into one TLS record (16 KB). sqlx 0.9.0 leaves Nagle's
    // algorithm on: a second record waits 40 ms until the server acknowledges the first.
    max_batch_requests: 300,
    max_pending_requests: 2_000,
    lanes: 2,
};

/// Records successful ends, and tracks the claims of the process until they are recorded.
#[derive(Debug, Clone)]
pub struct Completions {
    batcher: MicroBatcher<Completion, (), Infallible>,
    claims: ClaimTracker,
}

#[derive(Debug)]
struct Completion {
    key: ClaimKey,
    result: Option<String>,
}

impl Completions {
    /// Starts the lanes on the current runtime. They stop once every clone is dropped and what was
    /// handed in is recorded.
    pub fn start(db: &Db) -> Self {
        let claims = ClaimTracker::default();
        let (db, tracker) = (db.clone(), claims.clone());
        let batcher = MicroBatcher::start(BATCHES, move |completions| {
            record_batch(db.clone(), tracker.clone(), completions)
        });
        Self { batcher, claims }
    }

    /// Returns the tracker of this process's claims.
    pub fn claims(&self) -> &ClaimTracker {
        &self.claims
    }

    /// Hands a successful end in. It is recorded soon after; if this process dies before, the job
    /// is rescued and runs again.
    pub async fn record_success(&self, claim: &Claim, result: Option<String>) {
        let key = claim.key();
        self.claims.begin_ending(key);
        // Postgres rejects NUL in text, and one rejected end would hold up its whole batch.
        let result = result.map(|text| {
            if text.contains('\0') {
                text.replace('\0', "")
            } else {
                text
            }
        });
        if let Err(unsent) = self.batcher.submit(Completion { key, result }).await {
            self.claims.finish_ending([unsent.key]);
            tracing::error!(
                job_id = %claim.id,
                "end not recorded: the completion lanes have ended"
            );
        }
    }

    /// Waits until every end that was handed in is recorded.
    pub async fn wait_until_recorded(&self) {
        self.claims.wait_for_ends().await;
    }
}

/// Repeats until Postgres accepts the batch: while this process has a heartbeat, nobody else would
/// record these ends.
async fn record_batch(
    db: Db,
    claims: ClaimTracker,
    completions: Vec<Completion>,
) -> Result<Vec<()>, Infallible> {
    let (ids, fences): (Vec<_>, Vec<_>) = completions.iter().map(|c| c.key).unzip();
    let results: Vec<_> = completions.iter().map(|c| c.result.as_deref()).collect();
    let mut wait = Duration::from_millis(50);
    let recorded = loop {
        match record_successes(&db, &ids, &fences, &results).await {
            Ok(recorded) => break recorded,
            Err(cause) => {
                tracing::warn!(%cause, ends = ids.len(), "ends not recorded yet");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(Duration::from_secs(5));
            }
        }
    };
    if recorded < ids.len() {
        tracing::info!(
            lost = ids.len() - recorded,
            "claims were lost before their end was recorded"
        );
    }
    claims.finish_ending(completions.iter().map(|c| c.key));
    Ok(vec![(); completions.len()])
}

/// Returns how many of the ends were recorded.
async fn record_successes(
    db: &Db,
    ids: &[Uuid],
    fences: &[i32],
    results: &[Option<&str>],
) -> sqlx::Result<usize> {
    let recorded = with_deadline(db.hot(), STATEMENT_DEADLINE, async |conn| {
        finish::record_successes(conn, ids, fences, results).await
    })
    .await?;
    if recorded.iter().any(|success| success.restarted) {
        db.notify_relay();
    }
    Ok(recorded.len())
}
