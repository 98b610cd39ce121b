//! A prediction that a person requested.

use std::time::Duration;

use domain::rupture::{self, RunId, RunKind, RunState};
use platform::queue::{Job, JobContext, JobResult, Queue, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{refresh_outlooks, study_outlooks};
use crate::Services;
use crate::events::{Event, reactions_to};

/// Runs a prediction. As of an earlier day it is a study: it stores its own results and changes
/// neither the company's demand nor its alerts.
///
/// - Trigger: `POST /predictions/runs`.
/// - Uniqueness: one open job for each run.
/// - Rerun: nothing once the run has succeeded.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunPrediction {
    pub run_id: RunId,
}

impl Job<Services> for RunPrediction {
    const NAME: &'static str = "rupture.run_prediction";
    const QUEUE: Queue = Queue::Heavy;
    const TIMEOUT: Duration = Duration::from_secs(300);

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::WhileOpen(self.run_id.to_string())
    }

    async fn run(self, cx: JobContext<Services>) -> JobResult {
        let (company, now) = (cx.company(), cx.now());
        let mut tx = cx.begin().await?;
        let run = rupture::require_run(&mut tx, self.run_id).await?;
        if run.state == RunState::Succeeded {
            return cx.finish(tx, json!({ "state": run.state })).await;
        }
        let study = match run.requested_as_of {
            Some(day) => rupture::study_demand(&mut tx, company, day, now).await?,
            None => None,
        };
        let (made, kind, forecasts) = if let Some((made, demand)) = study {
            (
                made,
                RunKind::Study,
                study_outlooks(&mut tx, company, demand, now).await?,
            )
        } else {
            let made = rupture::recompute_demand(&mut tx, company, now).await?;
            tx.enqueue_all(reactions_to(company, Event::DemandComputed))
                .await?;
            (
                made,
                RunKind::Live,
                refresh_outlooks(&mut tx, company, now).await?,
            )
        };
        rupture::save_items(&mut tx, company, &run, &forecasts, now).await?;
        rupture::finish_run(&mut tx, run.id, &made, kind, now).await?;
        cx.finish(
            tx,
            json!({ "as_of": made.as_of, "products": made.products }),
        )
        .await
    }
}
