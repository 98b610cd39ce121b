//! Records in micro-batches the successes of jobs that wrote nothing themselves.

use std::convert::Infallible;
use std::time::Duration;

use super::claim::{Claim, ClaimKey};
use super::claim_tracker::ClaimTracker;
use super::success;
use crate::db::{Db, STATEMENT_DEADLINE, with_deadline};
use crate::ids::Uuid;
use crate::micro_batch::{MicroBatchConfig, MicroBatcher};
use crate::text::clean_text;

const BATCHES: MicroBatchConfig = MicroBatchConfig {
    name: "completions",
    // Results of the usual size then fit into one TLS record (16 KB). sqlx 0.9.0 leaves Nagle's
    // algorithm on: a second record waits 40 ms until the server acknowledges the first.
    max_batch_requests: 300,
    max_pending_requests: 2_000,
    lanes: 2,
};

/// Records successes, and tracks the claims of the process until they are recorded.
#[derive(Debug, Clone)]
pub struct Completions {
    batcher: MicroBatcher<Success, (), Infallible>,
    claims: ClaimTracker,
}

#[derive(Debug)]
struct Success {
    key: ClaimKey,
    result: Option<String>,
}

impl Completions {
    /// Starts the lanes on the current runtime. They stop once every clone is dropped and what was
    /// handed in is recorded.
    pub fn start(db: &Db) -> Self {
        let claims = ClaimTracker::default();
        let (db, tracker) = (db.clone(), claims.clone());
        let batcher = MicroBatcher::start(BATCHES, move |successes| {
            record_batch(db.clone(), tracker.clone(), successes)
        });
        Self { batcher, claims }
    }

    /// Returns the tracker of this process's claims.
    pub fn claims(&self) -> &ClaimTracker {
        &self.claims
    }

    /// Hands a success in. It is recorded soon after; if this process dies before, the job is
    /// rescued and runs again.
    pub async fn record_success(&self, claim: &Claim, result: Option<String>) {
        let key = claim.key();
        self.claims.begin_recording(key);
        // Postgres rejects NUL in text, and one rejected success would hold up its whole batch.
        let result = result.map(|text| {
            if text.contains('\0') {
                clean_text(&text, usize::MAX)
            } else {
                text
            }
        });
        if let Err(unsent) = self.batcher.submit(Success { key, result }).await {
            self.claims.end_recording([unsent.key]);
            tracing::error!(
                job_id = %claim.id,
                "success not recorded: the lanes have ended"
            );
        }
    }

    /// Waits until every success that was handed in is recorded.
    pub async fn wait_until_recorded(&self) {
        self.claims.wait_until_recorded().await;
    }
}

/// Repeats until Postgres accepts the batch: while this process has a heartbeat, nobody else would
/// record these successes.
async fn record_batch(
    db: Db,
    claims: ClaimTracker,
    successes: Vec<Success>,
) -> Result<Vec<()>, Infallible> {
    let (ids, fences): (Vec<_>, Vec<_>) = successes.iter().map(|s| s.key).unzip();
    let results: Vec<_> = successes.iter().map(|s| s.result.as_deref()).collect();
    let mut wait = Duration::from_millis(50);
    let recorded = loop {
        match record_successes(&db, &ids, &fences, &results).await {
            Ok(recorded) => break recorded,
            Err(cause) => {
                tracing::warn!(%cause, successes = ids.len(), "successes not recorded yet");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(Duration::from_secs(5));
            }
        }
    };
    if recorded < ids.len() {
        tracing::info!(
            lost = ids.len() - recorded,
            "claims were lost before their success was recorded"
        );
    }
    claims.end_recording(successes.iter().map(|s| s.key));
    Ok(vec![(); successes.len()])
}

/// Returns how many of the successes were recorded.
async fn record_successes(
    db: &Db,
    ids: &[Uuid],
    fences: &[i32],
    results: &[Option<&str>],
) -> sqlx::Result<usize> {
    let recorded = with_deadline(db.hot(), STATEMENT_DEADLINE, async |conn| {
        success::record_successes(conn, ids, fences, results).await
    })
    .await?;
    if recorded.iter().any(|success| success.rerun) {
        db.notify_relay();
    }
    Ok(recorded.len())
}
