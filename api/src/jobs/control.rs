//! What people do to one job: stop it, run it again.

use axum::extract::State;
use axum::response::Response;
use domain::identity::Role;
use platform::db::Tx;
use platform::ids::JobId;
use platform::queue::control::{self, Cancelled, Replayed};
use platform::queue::view;
use serde_json::json;

use super::no_job;
use super::view::JobBody;
use crate::App;
use crate::auth::Caller;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::extract::Path;
use crate::idempotency::{Key, Outcome};

pub(super) async fn cancel(
    State(app): State<App>,
    caller: Caller,
    key: Key,
    Path(id): Path<JobId>,
) -> Result<Response> {
    caller.require(Role::Manager)?;
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            let reason = format!("cancelled by {}", caller.user);
            match control::cancel_job(&mut tx, id, &reason).await? {
                Cancelled::NotFound => return Err(no_job()),
                Cancelled::AlreadyFinished => {
                    return Err(Error::new(ErrorCode::Conflict, "the job is over"));
                }
                Cancelled::Stopped | Cancelled::Requested => {}
            }
            settle(&mut tx, &caller, &key, "jobs.cancel", id).await?
        }
    };
    answer(tx, &outcome).await
}

pub(super) async fn retry(
    State(app): State<App>,
    caller: Caller,
    key: Key,
    Path(id): Path<JobId>,
) -> Result<Response> {
    caller.require(Role::Manager)?;
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            let reason = format!("asked by {}", caller.user);
            match control::replay_job(&mut tx, id, &reason).await? {
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
            settle(&mut tx, &caller, &key, "jobs.retry", id).await?
        }
    };
    answer(tx, &outcome).await
}

/// Writes down what was done to a job, and what came of the request.
async fn settle(
    tx: &mut Tx,
    caller: &Caller,
    key: &Key,
    action: &'static str,
    id: JobId,
) -> Result<Outcome> {
    caller
        .audit(tx, action, ("job", Some(id.0)), json!({}))
        .await?;
    key.settle(tx, caller, Outcome::job(id)).await
}

/// Commits, and shows the job as it is now.
async fn answer(mut tx: Tx, outcome: &Outcome) -> Result<Response> {
    let job = view::find_job(&mut tx, outcome.id()?)
        .await?
        .ok_or_else(no_job)?;
    tx.commit().await?;
    Ok(outcome.respond(&json!({ "job": JobBody::from(job) })))
}
