//! Bulk commands over the jobs of a filter: cancel, retry. Up to a thousand jobs in one call;
//! `more` says that it is worth calling again.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use platform::db::Tx;
use platform::queue::JobState;
use platform::queue::control_many::{self, Changed, ManyFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::App;
use crate::auth::Caller;
use crate::error::{Error, Result};
use crate::idempotency::{Keyed, Outcome};

/// What can be stopped.
const OPEN: [JobState; 3] = [JobState::Scheduled, JobState::Queued, JobState::Running];
/// What can be run again.
const OVER: [JobState; 3] = [JobState::Dead, JobState::Parked, JobState::Cancelled];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ManyRequest {
    filter: FilterBody,
}

/// Times are those of enqueueing: from `since` on, before `until`.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct FilterBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<JobState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<DateTime<Utc>>,
}

impl FilterBody {
    /// Everything is never meant by saying nothing.
    fn check(&self, states: &[JobState]) -> Result<ManyFilter> {
        let Self {
            state,
            kind,
            since,
            until,
        } = self;
        if state.is_none() && kind.is_none() && since.is_none() && until.is_none() {
            let message = "at least one of state, kind, since and until is needed";
            return Err(Error::invalid_field("filter", "required", message));
        }
        if state.is_some_and(|state| !states.contains(&state)) {
            let names: Vec<_> = states.iter().map(|state| state.name()).collect();
            return Err(Error::invalid_field(
                "filter.state",
                "invalid_value",
                format!("one of {}", names.join(", ")),
            ));
        }
        Ok(ManyFilter {
            state: *state,
            kind: kind.clone(),
            since: *since,
            until: *until,
        })
    }
}

pub(super) async fn cancel_jobs(
    State(app): State<App>,
    caller: Caller,
    Keyed { body, key }: Keyed<ManyRequest>,
) -> Result<Response> {
    let filter = body.filter.check(&OPEN)?;
    let settled = key
        .run_once(&app, &caller, async |tx| {
            let reason = format!("cancelled by {}", caller.user);
            let changed = control_many::cancel_jobs(tx, &filter, &reason).await?;
            record_change(tx, &caller, "jobs.cancel_many", &body.filter, changed).await
        })
        .await?;
    settled.respond_completed().await
}

pub(super) async fn retry_jobs(
    State(app): State<App>,
    caller: Caller,
    Keyed { body, key }: Keyed<ManyRequest>,
) -> Result<Response> {
    let filter = body.filter.check(&OVER)?;
    let settled = key
        .run_once(&app, &caller, async |tx| {
            let reason = format!("requested by {}", caller.user);
            let changed = control_many::replay_jobs(tx, &filter, &reason).await?;
            tx.notify_relay_on_commit();
            record_change(tx, &caller, "jobs.retry_many", &body.filter, changed).await
        })
        .await?;
    settled.respond_completed().await
}

/// Records the act, and returns its counts as the outcome.
async fn record_change(
    tx: &mut Tx,
    caller: &Caller,
    action: &'static str,
    filter: &FilterBody,
    Changed {
        changed,
        skipped,
        more,
    }: Changed,
) -> Result<Outcome> {
    let details = json!({"filter": filter, "changed": changed, "skipped": skipped, "more": more});
    caller.record_act(tx, action, "job", details).await?;
    let counts = json!({"changed": changed, "skipped": skipped, "more": more});
    Ok(Outcome::completed(counts))
}
