//! `POST /imports`: streams the file to blob storage; it is never held in memory.

use axum::body::HttpBody as _;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::response::Response;
use domain::catalog::import::{self, FilePlace, NewImport, ParserLane};
use domain::identity;
use platform::db::load_now;

use super::form::{Destination, Upload, read_form};
use super::pending_file::PendingFile;
use super::{ImportAccepted, describe_accepted, file_rejected, start_import};
use crate::App;
use crate::auth::Caller;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::idempotency::{Key, Settled};

/// Bytes of the form around the file.
pub(super) const MAX_FORM_BYTES: u64 = 1 << 20;

pub(crate) async fn create_import(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<Response> {
    reject_long_body(&request, app.upload_limit().saturating_add(MAX_FORM_BYTES))?;
    let key = Key::from_request_head(&request)?;
    if key.is_settled(&app, &caller).await? {
        return replay_upload(&app, &caller, key, request).await;
    }
    let pending = PendingFile::reserve(&app, &caller, announced_length(&request)).await?;
    let (settled, answer) = match record_upload(&app, &caller, key, request, &pending).await {
        Ok(recorded) => recorded,
        Err(rejected) => {
            pending.discard().await;
            return Err(rejected);
        }
    };
    if answer.import.id == pending.id {
        pending.keep();
        return settled.commit().await?.respond(&answer);
    }
    let outcome = settled.commit().await?;
    pending.discard().await;
    outcome.respond(&answer)
}

/// Reads the form and stores the file; validates its header and first row.
async fn receive_upload(
    app: &App,
    caller: &Caller,
    request: Request,
    pending: &PendingFile,
) -> Result<Upload> {
    let (limit, file) = (app.upload_limit(), Destination::File(pending));
    let upload = read_form(app, caller, request, file, limit).await?;
    let file = app
        .blobs()
        .open_file(&pending.blob_key)
        .await
        .map_err(Error::internal)?;
    let (kind, options) = (upload.kind, upload.options.clone());
    let read = move || import::validate_head(file, kind, &options);
    let parsed = import::run_parser(ParserLane::Request, read);
    match parsed.await.map_err(Error::internal)? {
        Ok(()) => Ok(upload),
        Err(cause) => {
            let mut tx = caller.begin(app).await?;
            let company = identity::companies::require_company(&mut tx, caller.company).await?;
            Err(file_rejected(&cause, company.language))
        }
    }
}

/// Stores the file, then writes the import and its job in one transaction, which the caller
/// commits. A replayed request returns the import that exists.
async fn record_upload(
    app: &App,
    caller: &Caller,
    mut key: Key,
    request: Request,
    pending: &PendingFile,
) -> Result<(Settled, ImportAccepted)> {
    let upload = receive_upload(app, caller, request, pending).await?;
    key.bind_content(&upload.fingerprint()?);
    let new = NewImport {
        id: pending.id,
        kind: upload.kind,
        file_name: upload.file_name,
        blob_key: pending.blob_key.clone(),
        file_bytes: upload.stored.len,
        file_sha256: upload.stored.sha256,
        options: upload.options,
        created_by: Some(caller.user),
    };
    let place = FilePlace {
        company: caller.company,
        id: pending.id,
        bytes: new.file_bytes,
    };
    let mut settled = key
        .run_once(app, caller, async |tx| {
            // The request may have begun long ago.
            let now = load_now(tx).await?;
            import::keep_file(tx, place, app.file_quota(), now).await?;
            import::create_import(tx, caller.company, &new, caller.now).await?;
            start_import(tx, caller, new.id).await
        })
        .await?;
    let answer = describe_accepted(&mut settled, caller).await?;
    Ok((settled, answer))
}

/// Responds as to the first request with this key. Its file is read for its digest alone: a
/// repeated request needs no place in the quota, which the first one may have filled.
async fn replay_upload(
    app: &App,
    caller: &Caller,
    mut key: Key,
    request: Request,
) -> Result<Response> {
    let (limit, nowhere) = (app.upload_limit(), Destination::Nowhere);
    let upload = read_form(app, caller, request, nowhere, limit).await?;
    key.bind_content(&upload.fingerprint()?);
    let forgotten = "the Idempotency-Key has expired meanwhile: send the request again";
    let mut settled = key
        .run_once(app, caller, async |_| {
            Err(Error::new(ErrorCode::InProgress, forgotten))
        })
        .await?;
    let answer = describe_accepted(&mut settled, caller).await?;
    settled.respond(&answer).await
}

/// Rejects a request by its `Content-Length`, before its body is read.
pub(super) fn reject_long_body(request: &Request, limit: u64) -> Result<()> {
    if announced_length(request).is_some_and(|length| length > limit) {
        Err(file_too_large(limit))
    } else {
        Ok(())
    }
}

/// Returns the length of the body, which includes the form around the file, if it is known.
pub(super) fn announced_length(request: &Request) -> Option<u64> {
    let header = request.headers().get(CONTENT_LENGTH);
    header
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse().ok())
        .or_else(|| request.body().size_hint().exact())
}

pub(super) fn file_too_large(limit: u64) -> Error {
    Error::new(
        ErrorCode::BodyTooLarge,
        format!("the file is larger than {} MiB", limit >> 20),
    )
}
