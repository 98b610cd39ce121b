//! What people do to all jobs that a filter names: stop them, run them again. Up to a thousand in one call; `more`
//! says that it is worth calling again.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use domain::identity::Role;
use platform::db::Tx;
use platform::queue::JobState;
use platform::queue::control_many::{self, Changed, ManyFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::App;
use crate::auth::Caller;
use crate::error::{Error, Result};
use crate::idempotency::{Key, Keyed, Outcome};

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

pub(super) async fn cancel(
    State(app): State<App>,
    caller: Caller,
    body: Keyed<ManyRequest>,
) -> Result<Response> {
    caller.require(Role::Manager)?;
    let Keyed {
        value: ManyRequest { filter },
        key,
    } = body;
    let wanted = filter.check(&OPEN)?;
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            let reason = format!("cancelled by {}", caller.user);
            let changed = control_many::cancel_jobs(&mut tx, &wanted, &reason).await?;
            settle(&mut tx, &caller, &key, "jobs.cancel_many", &filter, changed).await?
        }
    };
    tx.commit().await?;
    Ok(outcome.respond(outcome.ids()))
}

pub(super) async fn retry(
    State(app): State<App>,
    caller: Caller,
    body: Keyed<ManyRequest>,
) -> Result<Response> {
    caller.require(Role::Manager)?;
    let Keyed {
        value: ManyRequest { filter },
        key,
    } = body;
    let wanted = filter.check(&OVER)?;
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            let reason = format!("asked by {}", caller.user);
            let changed = control_many::replay_jobs(&mut tx, &wanted, &reason).await?;
            tx.notify_relay_on_commit();
            settle(&mut tx, &caller, &key, "jobs.retry_many", &filter, changed).await?
        }
    };
    tx.commit().await?;
    Ok(outcome.respond(outcome.ids()))
}

/// Writes down what was done to how many, and what came of the request.
async fn settle(
    tx: &mut Tx,
    caller: &Caller,
    key: &Key,
    action: &'static str,
    filter: &FilterBody,
    Changed {
        changed,
        skipped,
        more,
    }: Changed,
) -> Result<Outcome> {
    let counts = json!({"changed": changed, "skipped": skipped, "more": more});
    let details = json!({"filter": filter, "changed": changed, "skipped": skipped, "more": more});
    caller.audit(tx, action, ("job", None), details).await?;
    key.settle(tx, caller, Outcome::done(counts)).await
}
