//! What people do to one job: stop it, run it again.

use axum::extract::State;
use axum::response::Response;
use platform::db::Tx;
use platform::ids::JobId;
use platform::queue::control::{self, Cancelled, Replayed};
use platform::queue::view;
use serde_json::json;

use super::no_job;
use super::view::JobResponse;
use crate::App;
use crate::auth::Caller;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::extract::Path;
use crate::idempotency::{Key, Outcome};

pub(super) async fn cancel_job(
    State(app): State<App>,
    caller: Caller,
    key: Key,
    Path(id): Path<JobId>,
) -> Result<Response> {
    change_job(&app, &caller, &key, id, async |tx| {
        stop_job(tx, &caller, id).await
    })
    .await
}

pub(super) async fn retry_job(
    State(app): State<App>,
    caller: Caller,
    key: Key,
    Path(id): Path<JobId>,
) -> Result<Response> {
    change_job(&app, &caller, &key, id, async |tx| {
        replay_job(tx, &caller, id).await
    })
    .await
}

/// Runs `change` once per key, and responds with the job as it is afterwards.
async fn change_job(
    app: &App,
    caller: &Caller,
    key: &Key,
    id: JobId,
    change: impl AsyncFnOnce(&mut Tx) -> Result<()>,
) -> Result<Response> {
    let mut settled = key
        .run_once(app, caller, async |tx| {
            change(tx).await?;
            Ok(Outcome::accepted_job(id))
        })
        .await?;
    let job = view::find_job(&mut settled.tx, settled.outcome.id()?)
        .await?
        .ok_or_else(no_job)?;
    settled
        .respond(&json!({ "job": JobResponse::from(job) }))
        .await
}

async fn stop_job(tx: &mut Tx, caller: &Caller, id: JobId) -> Result<()> {
    let reason = format!("cancelled by {}", caller.user);
    match control::cancel_job(tx, id, &reason).await? {
        Cancelled::NotFound => return Err(no_job()),
        Cancelled::AlreadyFinished => {
            return Err(Error::new(ErrorCode::Conflict, "the job is over"));
        }
        Cancelled::Stopped | Cancelled::Requested => {}
    }
    caller
        .record_act(tx, "jobs.cancel", ("job", id), json!({}))
        .await
}

async fn replay_job(tx: &mut Tx, caller: &Caller, id: JobId) -> Result<()> {
    let reason = format!("requested by {}", caller.user);
    match control::replay_job(tx, id, &reason).await? {
        Replayed::NotFound => return Err(no_job()),
        Replayed::KeyTaken => {
            return Err(Error::new(
                ErrorCode::Conflict,
                "another open job holds its unique key",
            ));
        }
        Replayed::NotReplayable => {
            return Err(Error::new(
                ErrorCode::Conflict,
                "only dead, parked and cancelled jobs run again",
            ));
        }
        Replayed::Requeued => tx.notify_relay_on_commit(),
    }
    caller
        .record_act(tx, "jobs.retry", ("job", id), json!({}))
        .await
}
