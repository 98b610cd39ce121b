//! The outcome of an idempotent request: what is stored under its key, and the response made of it.

use axum::http::header::LOCATION;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::catalog::BatchId;
use domain::identity::idempotency::Stored;
use platform::db::Tx;
use platform::ids::{JobId, Uuid};
use serde::{Deserialize as _, Serialize};
use serde_json::{Value, json};

use crate::error::{Error, Result};

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A status, a `Location`, and the ids of what the request created.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(super) stored: Stored,
    is_replay: bool,
}

impl Outcome {
    /// 201 with the `Location` of the new member of `collection`.
    pub(crate) fn created(collection: &str, id: impl Into<Uuid>) -> Self {
        let id = id.into();
        Self::from_parts(
            StatusCode::CREATED,
            Some(format!("/api/v1/{collection}/{id}")),
            json!({"id": id}),
        )
    }

    /// 201 for a new thing that has no route of its own.
    pub(crate) fn created_without_location(id: impl Into<Uuid>) -> Self {
        Self::from_parts(StatusCode::CREATED, None, json!({"id": id.into()}))
    }

    /// 202 with the `Location` to poll.
    pub(crate) fn accepted(location: String, ids: Value) -> Self {
        Self::from_parts(StatusCode::ACCEPTED, Some(location), ids)
    }

    /// 202 with the job to poll.
    pub(crate) fn accepted_job(job: JobId) -> Self {
        Self::accepted(format!("/api/v1/jobs/{job}"), json!({ "id": job }))
    }

    /// 200 with the one thing that was updated.
    pub(crate) fn updated(id: impl Into<Uuid>) -> Self {
        Self::from_parts(StatusCode::OK, None, json!({"id": id.into()}))
    }

    /// 200 with a body that names no stored thing: the body itself is stored in place of ids.
    pub(crate) fn completed(body: Value) -> Self {
        Self::from_parts(StatusCode::OK, None, body)
    }

    /// 201 for recorded facts, with the `Location` of their batch, or 200 when all of them were
    /// known already.
    pub(crate) fn recorded(created: u64, ids: &[Uuid], batch: Option<BatchId>) -> Self {
        let status = if created > 0 {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        let location = batch.map(|id| format!("/api/v1/batches/{id}"));
        Self::from_parts(status, location, json!({"ids": ids}))
    }

    fn from_parts(status: StatusCode, location: Option<String>, ids: Value) -> Self {
        Self {
            stored: Stored {
                status: status.as_u16(),
                location,
                ids,
            },
            is_replay: false,
        }
    }

    /// The outcome of the first request with this key.
    pub(super) fn from_replay(stored: Stored) -> Self {
        Self {
            stored,
            is_replay: true,
        }
    }

    /// The stored ids, or what stands in their place.
    pub(crate) fn ids(&self) -> &Value {
        &self.stored.ids
    }

    /// The id stored as `name`.
    pub(crate) fn id_named<Id: From<Uuid>>(&self, name: &str) -> Result<Id> {
        let text = self.stored.ids.get(name).and_then(Value::as_str);
        text.and_then(|text| text.parse::<Uuid>().ok())
            .map(Id::from)
            .ok_or_else(|| Error::internal(format!("idempotency outcome holds no id named {name}")))
    }

    /// The id of the one thing created or updated.
    pub(crate) fn id<Id: From<Uuid>>(&self) -> Result<Id> {
        self.id_named("id")
    }

    /// The ids that [`Outcome::recorded`] stored.
    pub(crate) fn recorded_ids(&self) -> Result<Vec<Uuid>> {
        Vec::deserialize(&self.stored.ids["ids"]).map_err(Error::internal)
    }

    /// The response, with a body rendered from the ids.
    pub(crate) fn respond(&self, body: &impl Serialize) -> Result<Response> {
        let status = StatusCode::from_u16(self.stored.status).map_err(Error::internal)?;
        let mut response = (status, axum::Json(body)).into_response();
        if let Some(location) = &self.stored.location {
            let location = HeaderValue::from_str(location).map_err(Error::internal)?;
            response.headers_mut().insert(LOCATION, location);
        }
        if self.is_replay {
            response
                .headers_mut()
                .insert(REPLAYED, HeaderValue::from_static("true"));
        }
        Ok(response)
    }
}

/// An outcome, and the open transaction that holds the effect and the key.
pub(crate) struct Settled {
    /// For reads of what the response shows.
    pub(crate) tx: Tx,
    pub(crate) outcome: Outcome,
}

impl Settled {
    /// Commits. The response may still need a provider: see [`Outcome::respond`].
    pub(crate) async fn commit(self) -> Result<Outcome> {
        self.tx.commit().await?;
        Ok(self.outcome)
    }

    /// Commits, then responds with `body`.
    pub(crate) async fn respond(self, body: &impl Serialize) -> Result<Response> {
        self.commit().await?.respond(body)
    }

    /// Commits, then responds with the body that [`Outcome::completed`] stored.
    pub(crate) async fn respond_completed(self) -> Result<Response> {
        let outcome = self.commit().await?;
        outcome.respond(&outcome.stored.ids)
    }
}
