//! `POST /imports`: the file goes to blob storage as it arrives, never held in memory.

use std::io;
use std::time::Duration;

use axum::BoxError;
use axum::body::Body;
use axum::extract::multipart::Field;
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::response::Response;
use domain::catalog::import::{self, ImportId, Kind, NewImport, Options};
use domain::identity::Role;
use futures::TryStreamExt as _;
use futures::stream::try_unfold;
use platform::blobs::{BlobError, Stored};

use super::{Accepted, accepted, read_options, refuse_file, start};
use crate::App;
use crate::auth::Caller;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::idempotency::{Key, Settled};

/// Room for the form around the file.
pub(super) const FORM_LIMIT: u64 = 1 << 20;

pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<Response> {
    caller.require_role(Role::Member)?;
    refuse_long(&request, app.upload_limit().saturating_add(FORM_LIMIT))?;
    let mut key = Key::from_request_head(&request)?;
    let id = ImportId::new();
    let blob_key = format!("{}/imports/{id}", caller.company);
    let ready = async {
        let upload = take_in(&app, request, &blob_key).await?;
        key.bind_content(&upload.fingerprint());
        record(
            &app,
            &caller,
            &key,
            NewUpload {
                id,
                blob_key: blob_key.clone(),
                upload,
            },
        )
        .await
    };
    let (settled, answer) = match ready.await {
        Ok(ready) => ready,
        Err(refused) => {
            discard(&app, &blob_key).await;
            return Err(refused);
        }
    };
    // Where nobody knows whether the commit was made, the file stays: the sweep takes it if no import has it.
    let outcome = settled.commit().await?;
    if answer.import.id != id {
        discard(&app, &blob_key).await;
    }
    outcome.respond(&answer)
}

/// Removes a file that no import has; what stays is swept.
async fn discard(app: &App, blob_key: &str) {
    if let Err(cause) = app.blobs().delete(blob_key).await {
        tracing::warn!(
            blob_key,
            cause = &cause as &dyn std::error::Error,
            "a refused upload stays until the sweep"
        );
    }
}

/// What a form held.
struct Upload {
    kind: Kind,
    options: Options,
    file_name: String,
    stored: Stored,
}

struct NewUpload {
    id: ImportId,
    blob_key: String,
    upload: Upload,
}

impl Upload {
    /// The form's boundary changes with every try, so the request is told by what it holds.
    fn fingerprint(&self) -> Vec<u8> {
        let options = serde_json::to_vec(&self.options).unwrap_or_default();
        [
            self.stored.sha256.as_slice(),
            self.kind.as_str().as_bytes(),
            &options,
        ]
        .concat()
    }
}

/// Reads the form, and as much of the file as shows whether it can be one of its kind.
async fn take_in(app: &App, request: Request, blob_key: &str) -> Result<Upload> {
    let upload = read_form(app, request, blob_key).await?;
    let file = app.blobs().open(blob_key).await.map_err(Error::internal)?;
    let (kind, options) = (upload.kind, upload.options.clone());
    tokio::task::spawn_blocking(move || import::glance(file, kind, &options))
        .await
        .map_err(Error::internal)?
        .map_err(refuse_file)?;
    Ok(upload)
}

async fn read_form(app: &App, request: Request, blob_key: &str) -> Result<Upload> {
    let mut form = open_form(request, app.upload_silence()).await?;
    let (mut kind, mut options, mut file) = (None, None, None);
    while let Some(field) = form
        .next_field()
        .await
        .map_err(|cause| unreadable(&cause))?
    {
        match field.name().unwrap_or_default() {
            "kind" if kind.is_none() => {
                kind = Some(small_text(field).await?.trim().parse::<Kind>()?)
            }
            "options" if options.is_none() => {
                options = Some(read_options(small_text(field).await?.as_bytes())?)
            }
            "file" if file.is_none() => {
                let name = field
                    .file_name()
                    .unwrap_or("file")
                    .chars()
                    .filter(|c| *c != '\0')
                    .take(255)
                    .collect();
                file = Some((name, store(app, field, blob_key).await?));
            }
            name => {
                return Err(Error::invalid_field(
                    name,
                    "unknown_field",
                    "the form has kind, options and file, each once",
                ));
            }
        }
    }
    let missing = |field| Error::invalid_field(field, "required", "is missing");
    let (file_name, stored) = file.ok_or_else(|| missing("file"))?;
    Ok(Upload {
        kind: kind.ok_or_else(|| missing("kind"))?,
        options: options.unwrap_or_default(),
        file_name,
        stored,
    })
}

/// The form of an upload, broken off where nothing comes for `silence`.
pub(super) async fn open_form(request: Request, silence: Duration) -> Result<Multipart> {
    Multipart::from_request(request.map(|body| unless_silent(body, silence)), &())
        .await
        .map_err(|_| Error::new(ErrorCode::UnsupportedMediaType, "send multipart/form-data"))
}

/// What is there is taken before the time is looked at: how long we ourselves take with a part doesn't count.
fn unless_silent(body: Body, silence: Duration) -> Body {
    Body::from_stream(try_unfold(
        body.into_data_stream(),
        move |mut parts| async move {
            match tokio::time::timeout(silence, parts.try_next()).await {
                Ok(part) => Ok(part?.map(|part| (part, parts))),
                Err(_) => Err(BoxError::from(format!("nothing came for {silence:?}"))),
            }
        },
    ))
}

async fn store(app: &App, field: Field<'_>, blob_key: &str) -> Result<Stored> {
    let bytes = field.map_err(io::Error::other);
    app.blobs()
        .put_stream(blob_key, bytes, app.upload_limit())
        .await
        .map_err(|error| match error {
            BlobError::TooLarge { limit } => too_large(limit),
            BlobError::Cut(cause) => Error::new(
                ErrorCode::BadRequest,
                format!("the upload was cut: {cause}"),
            ),
            other => Error::internal(other),
        })
}

/// A field that isn't the file.
pub(super) async fn small_text(mut field: Field<'_>) -> Result<String> {
    let name = field.name().unwrap_or_default().to_owned();
    let mut text = Vec::new();
    while let Some(bytes) = field.chunk().await.map_err(|cause| unreadable(&cause))? {
        text.extend_from_slice(&bytes);
        if text.len() > 256 * 1024 {
            return Err(Error::new(
                ErrorCode::BodyTooLarge,
                format!("the field {name} is too large"),
            ));
        }
    }
    String::from_utf8(text).map_err(|_| Error::invalid_field(name, "invalid_value", "isn't UTF-8"))
}

/// Refuses by the length announced, before a byte of the body is read.
pub(super) fn refuse_long(request: &Request, limit: u64) -> Result<()> {
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse().ok());
    if announced.is_some_and(|length: u64| length > limit) {
        Err(too_large(limit))
    } else {
        Ok(())
    }
}

pub(super) fn too_large(limit: u64) -> Error {
    Error::new(
        ErrorCode::BodyTooLarge,
        format!("the file is larger than {} MiB", limit >> 20),
    )
}

pub(super) fn unreadable(cause: &axum::extract::multipart::MultipartError) -> Error {
    Error::new(
        ErrorCode::BadRequest,
        format!("the form can't be read: {cause}"),
    )
}

/// The import and its job in one transaction, to be committed; of a repetition those that are there.
async fn record(
    app: &App,
    caller: &Caller,
    key: &Key,
    new: NewUpload,
) -> Result<(Settled, Accepted)> {
    let mut settled = key
        .run_once(app, caller, async |tx| {
            let NewUpload {
                id,
                blob_key,
                upload,
            } = new;
            let new = NewImport {
                id,
                kind: upload.kind,
                file_name: upload.file_name,
                blob_key,
                file_bytes: upload.stored.len,
                file_sha256: upload.stored.sha256,
                options: upload.options,
                created_by: Some(caller.user),
            };
            import::create_import(tx, caller.company, &new, caller.now).await?;
            start(tx, caller, id).await
        })
        .await?;
    let answer = accepted(&mut settled, caller).await?;
    Ok((settled, answer))
}
