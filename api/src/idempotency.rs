//! `Idempotency-Key`: the same POST twice has its effect once. The key is taken and settled in the
//! transaction of the effect; a repetition gets the same status and Location, its body rendered
//! again from the ids, and `Idempotent-Replayed: true`. Every POST that enqueues takes one, but for sign-in,
//! webhooks, and connecting to Meta, where a second time replaces the token of the first.
//!
//! ```text
//! async fn create(State(app): State<App>, caller: Caller, body: Keyed<NewThing>) -> Result<Response> {
//!     let mut tx = caller.begin(&app).await?;
//!     let outcome = match body.key.claim(&mut tx, &caller).await? {
//!         Some(replay) => replay,
//!         None => {
//!             let id = things::create(&mut tx, &body.value, caller.now).await?;
//!             body.key.settle(&mut tx, &caller, Outcome::created(format!("/api/v1/things/{id}"), id)).await?
//!         }
//!     };
//!     let thing = things::find(&mut tx, outcome.id()?).await?;
//!     tx.commit().await?;
//!     Ok(outcome.respond(&thing))
//! }
//! ```

use axum::extract::{FromRequest, FromRequestParts, OriginalUri, Request};
use axum::http::header::LOCATION;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use domain::identity::idempotency::{Claimed, IdempotencyClaim, Stored, claim_key, settle_key};
use platform::crypto::sha256;
use platform::ids::{JobId, Uuid};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::auth::Caller;
use crate::error::{Error, Result};
use crate::extract::{json_bytes, parse_json};

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A JSON body with the key it may carry.
#[derive(Debug)]
pub(crate) struct Keyed<T> {
    pub(crate) value: T,
    pub(crate) key: Key,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Keyed<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let mut key = Key::of_request(&request)?;
        let body = json_bytes(request, state).await?;
        let value = parse_json(&body)?;
        if key.key.is_some() {
            // Objects keep their fields sorted, so that order and spaces don't make another request.
            let canonical: Value = parse_json(&body)?;
            key.fingerprint(canonical.to_string().as_bytes());
        }
        Ok(Self { value, key })
    }
}

/// The key of one request; without one, every claim is a first. As an extractor, for requests that have nothing
/// to say in a body.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    method: String,
    /// The path as it was called, ids included.
    route: String,
    key: Option<String>,
    fingerprint: [u8; 32],
}

impl<S: Sync> FromRequestParts<S> for Key {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        Self::read(&parts.method, &parts.uri, &parts.extensions, &parts.headers)
    }
}

impl Key {
    /// For a body that isn't JSON; what was asked must be given to [`Key::fingerprint`].
    pub(crate) fn of_request(request: &Request) -> Result<Self> {
        Self::read(
            request.method(),
            request.uri(),
            request.extensions(),
            request.headers(),
        )
    }

    fn read(
        method: &Method,
        uri: &Uri,
        extensions: &Extensions,
        headers: &HeaderMap,
    ) -> Result<Self> {
        let path = extensions
            .get::<OriginalUri>()
            .map_or(uri, |uri| &uri.0)
            .path();
        Ok(Self {
            method: method.to_string(),
            route: path.to_owned(),
            key: key_header(headers)?,
            // To say nothing and to say it in JSON is the same.
            fingerprint: sha256(b"{}"),
        })
    }

    /// Binds the key to what is asked with it: canonical JSON, or an upload's digest, kind and options.
    pub(crate) fn fingerprint(&mut self, content: &[u8]) {
        self.fingerprint = sha256(content);
    }

    /// Whether the request came without a key.
    pub(crate) fn is_absent(&self) -> bool {
        self.key.is_none()
    }

    /// An id that the same key of the same person always makes, for a thing that the key can't be kept beside before
    /// it is there.
    pub(crate) fn derive_id(&self, owner: Uuid) -> Option<Uuid> {
        let key = self.key.as_deref()?;
        let digest = sha256(
            &[
                owner.as_bytes(),
                self.route.as_bytes(),
                b"\0",
                key.as_bytes(),
            ]
            .concat(),
        );
        digest
            .first_chunk()
            .map(|bytes| uuid::Builder::from_custom_bytes(*bytes).into_uuid())
    }

    /// Takes the key for this transaction; gives what came of the first request where there was one.
    ///
    /// # Errors
    /// 409 `in_progress` after two seconds of waiting, 422 when the key came with another request.
    pub(crate) async fn claim(
        &self,
        conn: &mut PgConnection,
        caller: &Caller,
    ) -> Result<Option<Outcome>> {
        let Some(claim) = self.of_caller(caller) else {
            return Ok(None);
        };
        match claim_key(conn, &claim, caller.now).await? {
            Claimed::First => Ok(None),
            Claimed::Replay(stored) => Ok(Some(Outcome {
                stored,
                replayed: true,
            })),
        }
    }

    /// Writes what came of the request, before the commit.
    pub(crate) async fn settle(
        &self,
        conn: &mut PgConnection,
        caller: &Caller,
        outcome: Outcome,
    ) -> Result<Outcome> {
        if let Some(claim) = self.of_caller(caller) {
            settle_key(conn, &claim, &outcome.stored).await?;
        }
        Ok(outcome)
    }

    fn of_caller(&self, caller: &Caller) -> Option<IdempotencyClaim<'_>> {
        self.key.as_deref().map(|key| IdempotencyClaim {
            company: caller.company,
            actor: caller.actor.id(),
            method: &self.method,
            route: &self.route,
            key,
            fingerprint: self.fingerprint,
        })
    }
}

/// What came of a request: a status, where to look, and the ids of what it made.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    stored: Stored,
    replayed: bool,
}

impl Outcome {
    /// 201, with one thing made.
    pub(crate) fn created(location: impl Into<String>, id: impl Into<Uuid>) -> Self {
        Self::of(
            StatusCode::CREATED,
            Some(location.into()),
            json!({"id": id.into()}),
        )
    }

    /// 202, with a job to poll.
    pub(crate) fn accepted(location: impl Into<String>, ids: Value) -> Self {
        Self::of(StatusCode::ACCEPTED, Some(location.into()), ids)
    }

    /// 202, with a job to poll that is all there is to see.
    pub(crate) fn job(job: JobId) -> Self {
        Self::accepted(format!("/api/v1/jobs/{job}"), json!({ "id": job }))
    }

    /// 200, with the one thing that was changed.
    pub(crate) fn changed(id: impl Into<Uuid>) -> Self {
        Self::of(StatusCode::OK, None, json!({"id": id.into()}))
    }

    /// 200, with an answer that leads to nothing else: it is kept whole in place of ids.
    pub(crate) fn done(answer: Value) -> Self {
        Self::of(StatusCode::OK, None, answer)
    }

    pub(crate) fn of(status: StatusCode, location: Option<String>, ids: Value) -> Self {
        Self {
            stored: Stored {
                status: status.as_u16(),
                location,
                ids,
            },
            replayed: false,
        }
    }

    /// The id under `name`.
    pub(crate) fn id_of<Id: From<Uuid>>(&self, name: &str) -> Result<Id> {
        let text = self.stored.ids.get(name).and_then(Value::as_str);
        text.and_then(|text| text.parse::<Uuid>().ok())
            .map(Id::from)
            .ok_or_else(|| {
                Error::internal(format!(
                    "no id {name} in the outcome of an idempotent request"
                ))
            })
    }

    /// The id of the one thing made.
    pub(crate) fn id<Id: From<Uuid>>(&self) -> Result<Id> {
        self.id_of("id")
    }

    pub(crate) fn ids(&self) -> &Value {
        &self.stored.ids
    }

    /// The answer, with the body rendered from what the ids lead to.
    pub(crate) fn respond(&self, body: &impl Serialize) -> Response {
        let status = StatusCode::from_u16(self.stored.status).unwrap_or(StatusCode::OK);
        let mut response = (status, axum::Json(body)).into_response();
        let location = self
            .stored
            .location
            .as_deref()
            .and_then(|l| HeaderValue::from_str(l).ok());
        if let Some(location) = location {
            response.headers_mut().insert(LOCATION, location);
        }
        if self.replayed {
            response
                .headers_mut()
                .insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

fn key_header(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    value
        .to_str()
        .ok()
        .filter(|key| (1..=255).contains(&key.len()))
        .map(|key| Some(key.to_owned()))
        .ok_or_else(|| {
            Error::invalid_field(
                "Idempotency-Key",
                "invalid_value",
                "1 to 255 printable characters",
            )
        })
}
