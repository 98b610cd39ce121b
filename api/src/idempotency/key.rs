//! The key of a request, and the one way to run an effect under it.

use axum::extract::{FromRequest, FromRequestParts, OriginalUri, Request};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, Uri};
use domain::identity::idempotency::{
    Claimed, IdempotencyClaim, claim_key, is_key_settled, settle_key,
};
use platform::crypto::hash_sha256;
use platform::db::Tx;
use platform::ids::Uuid;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::outcome::{Outcome, Settled};
use crate::App;
use crate::auth::Caller;
use crate::error::{Error, Result};
use crate::extract::{parse_json, read_json_bytes};

/// A JSON body, and the key of its request.
#[derive(Debug)]
pub(crate) struct Keyed<T> {
    pub(crate) body: T,
    pub(crate) key: Key,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Keyed<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let mut key = Key::from_request_head(&request)?;
        let bytes = read_json_bytes(request, state).await?;
        let body = parse_json(&bytes)?;
        if key.key.is_some() {
            // `Value` sorts the fields of objects, so neither order nor spaces change the
            // fingerprint.
            let canonical: Value = parse_json(&bytes)?;
            key.bind_content(canonical.to_string().as_bytes());
        }
        Ok(Self { body, key })
    }
}

/// The key of one request. Without the header, the effect always runs. Handlers without a body take
/// the key itself as an extractor.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    method: String,
    /// The path of the request, ids included.
    route: String,
    key: Option<String>,
    fingerprint: [u8; 32],
}

impl<S: Sync> FromRequestParts<S> for Key {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        Self::from_parts(&parts.method, &parts.uri, &parts.extensions, &parts.headers)
    }
}

impl Key {
    /// For a body that isn't JSON; [`Key::bind_content`] must follow.
    pub(crate) fn from_request_head(request: &Request) -> Result<Self> {
        Self::from_parts(
            request.method(),
            request.uri(),
            request.extensions(),
            request.headers(),
        )
    }

    fn from_parts(
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
            key: read_header(headers)?,
            // No body and an empty JSON object are the same request.
            fingerprint: hash_sha256(b"{}"),
        })
    }

    /// Binds the key to the content of its request: canonical JSON, or an upload's digest, kind and
    /// options.
    pub(crate) fn bind_content(&mut self, content: &[u8]) {
        self.fingerprint = hash_sha256(content);
    }

    /// Whether the request came without a key.
    pub(crate) fn is_absent(&self) -> bool {
        self.key.is_none()
    }

    /// The id that the same key of the same `owner` always yields. A thing whose key cannot be
    /// stored before it exists is created under this id.
    pub(crate) fn derive_id(&self, owner: Uuid) -> Option<Uuid> {
        let key = self.key.as_deref()?;
        let digest = hash_sha256(
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

    /// Runs `effect` in a transaction of the caller, unless an earlier request with this key did.
    ///
    /// # Errors
    /// 409 `in_progress` after two seconds of waiting, 422 if the key came with another request.
    pub(crate) async fn run_once(
        &self,
        app: &App,
        caller: &Caller,
        effect: impl AsyncFnOnce(&mut Tx) -> Result<Outcome>,
    ) -> Result<Settled> {
        let mut tx = caller.begin(app).await?;
        let Some(claim) = self.claim_for(caller) else {
            let outcome = effect(&mut tx).await?;
            return Ok(Settled { tx, outcome });
        };
        let outcome = match claim_key(&mut tx, &claim, caller.now).await? {
            Claimed::Replay(stored) => Outcome::from_replay(stored),
            Claimed::First => {
                let outcome = effect(&mut tx).await?;
                settle_key(&mut tx, &claim, &outcome.stored).await?;
                outcome
            }
        };
        Ok(Settled { tx, outcome })
    }

    /// Whether an earlier request with this key has taken effect, whatever its content. For a
    /// request whose content is dear to receive: [`Key::run_once`] must follow.
    pub(crate) async fn is_settled(&self, app: &App, caller: &Caller) -> Result<bool> {
        let Some(claim) = self.claim_for(caller) else {
            return Ok(false);
        };
        let mut tx = caller.begin(app).await?;
        Ok(is_key_settled(&mut tx, &claim).await?)
    }

    fn claim_for(&self, caller: &Caller) -> Option<IdempotencyClaim<'_>> {
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

fn read_header(headers: &HeaderMap) -> Result<Option<String>> {
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
