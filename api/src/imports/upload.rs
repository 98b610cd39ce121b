//! `POST /imports`: streams the file to blob storage; it is never held in memory.

use std::io;
use std::time::Duration;

use axum::BoxError;
use axum::body::Body;
use axum::extract::multipart::Field;
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::response::Response;
use domain::catalog::import::{self, ImportId, Kind, NewImport, Options, ParserLane};
use domain::identity;
use futures::TryStreamExt as _;
use futures::stream::try_unfold;
use platform::blobs::{BlobError, Stored};
use platform::ids::CompanyId;
use platform::text::clean_text;

use super::{ImportAccepted, describe_accepted, file_rejected, parse_options, start_import};
use crate::App;
use crate::auth::Caller;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::idempotency::{Key, Settled};

/// Characters of a file's name that are kept.
const MAX_NAME_CHARS: usize = 255;
/// Bytes of a field other than the file.
const MAX_FIELD_BYTES: usize = 256 * 1024;
/// Bytes of the form around the file.
pub(super) const MAX_FORM_BYTES: u64 = 1 << 20;

pub(crate) async fn create_import(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<Response> {
    reject_long_body(&request, app.upload_limit().saturating_add(MAX_FORM_BYTES))?;
    let key = Key::from_request_head(&request)?;
    let place = BlobPlace::new(caller.company);
    let (settled, answer) = match record_upload(&app, &caller, key, request, &place).await {
        Ok(recorded) => recorded,
        Err(rejected) => {
            discard_file(&app, &place.blob_key).await;
            return Err(rejected);
        }
    };
    // Where the outcome of the commit is unknown, the file stays. `catalog.sweep_files` deletes it
    // if no import names it.
    let outcome = settled.commit().await?;
    if answer.import.id != place.import_id {
        discard_file(&app, &place.blob_key).await;
    }
    outcome.respond(&answer)
}

/// Where the file of a new import is stored.
pub(super) struct BlobPlace {
    import_id: ImportId,
    pub(super) blob_key: String,
}

impl BlobPlace {
    pub(super) fn new(company: CompanyId) -> Self {
        let import_id = ImportId::new();
        Self {
            import_id,
            blob_key: format!("{company}/imports/{import_id}"),
        }
    }
}

/// Deletes a file that no import names; `catalog.sweep_files` deletes what stays.
pub(super) async fn discard_file(app: &App, blob_key: &str) {
    if let Err(cause) = app.blobs().delete_file(blob_key).await {
        tracing::warn!(
            blob_key,
            cause = &cause as &dyn std::error::Error,
            "file of a rejected upload not deleted, left to catalog.sweep_files"
        );
    }
}

/// The fields of a form.
pub(super) struct Upload {
    pub(super) kind: Kind,
    pub(super) options: Options,
    file_name: String,
    pub(super) stored: Stored,
}

impl Upload {
    /// Returns what identifies the request, for its idempotency key. The form's boundary differs
    /// in every attempt, so the fields themselves are the fingerprint.
    fn fingerprint(&self) -> Result<Vec<u8>> {
        let options = serde_json::to_vec(&self.options).map_err(Error::internal)?;
        Ok([
            self.stored.sha256.as_slice(),
            self.kind.as_str().as_bytes(),
            &options,
        ]
        .concat())
    }
}

/// Reads the form and stores the file; validates its header and first row.
async fn receive_upload(
    app: &App,
    caller: &Caller,
    request: Request,
    blob_key: &str,
) -> Result<Upload> {
    let upload = read_form(app, request, blob_key, app.upload_limit()).await?;
    let file = app
        .blobs()
        .open_file(blob_key)
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

/// Reads the form and stores its file, of up to `limit` bytes.
pub(super) async fn read_form(
    app: &App,
    request: Request,
    blob_key: &str,
    limit: u64,
) -> Result<Upload> {
    let mut form = open_form(request, app.upload_idle_timeout()).await?;
    let (mut kind, mut options, mut file) = (None, None, None);
    while let Some(field) = form
        .next_field()
        .await
        .map_err(|cause| unreadable_form(&cause))?
    {
        match field.name().unwrap_or_default() {
            "kind" if kind.is_none() => {
                kind = Some(read_small_text(field).await?.trim().parse::<Kind>()?)
            }
            "options" if options.is_none() => {
                options = Some(parse_options(read_small_text(field).await?.as_bytes())?)
            }
            "file" if file.is_none() => {
                let name = clean_text(field.file_name().unwrap_or("file"), MAX_NAME_CHARS);
                file = Some((name, store_file(app, field, blob_key, limit).await?));
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

/// Opens the form of an upload, which fails where no byte arrives for `idle_timeout`.
async fn open_form(request: Request, idle_timeout: Duration) -> Result<Multipart> {
    let request = request.map(|body| limit_idle_time(body, idle_timeout));
    Multipart::from_request(request, &())
        .await
        .map_err(|_| Error::new(ErrorCode::UnsupportedMediaType, "send multipart/form-data"))
}

/// Fails a body of which no part arrives for `idle_timeout`. A part that has arrived is read before
/// the timeout is checked, so that our own work on the part before doesn't count.
fn limit_idle_time(body: Body, idle_timeout: Duration) -> Body {
    Body::from_stream(try_unfold(
        body.into_data_stream(),
        move |mut parts| async move {
            match tokio::time::timeout(idle_timeout, parts.try_next()).await {
                Ok(part) => Ok(part?.map(|part| (part, parts))),
                Err(_) => Err(BoxError::from(format!("no data for {idle_timeout:?}"))),
            }
        },
    ))
}

async fn store_file(app: &App, field: Field<'_>, blob_key: &str, limit: u64) -> Result<Stored> {
    let bytes = field.map_err(io::Error::other);
    app.blobs()
        .store_stream(blob_key, bytes, limit)
        .await
        .map_err(|error| match error {
            BlobError::TooLarge { limit } => file_too_large(limit),
            BlobError::Cut(cause) => Error::new(
                ErrorCode::BadRequest,
                format!("the upload was cut: {cause}"),
            ),
            other => Error::internal(other),
        })
}

/// Reads a field other than the file.
async fn read_small_text(mut field: Field<'_>) -> Result<String> {
    let name = field.name().unwrap_or_default().to_owned();
    let mut text = Vec::new();
    while let Some(bytes) = field
        .chunk()
        .await
        .map_err(|cause| unreadable_form(&cause))?
    {
        text.extend_from_slice(&bytes);
        if text.len() > MAX_FIELD_BYTES {
            return Err(Error::new(
                ErrorCode::BodyTooLarge,
                format!("the field {name} is too large"),
            ));
        }
    }
    String::from_utf8(text).map_err(|_| Error::invalid_field(name, "invalid_value", "isn't UTF-8"))
}

/// Rejects a request by its `Content-Length`, before its body is read.
pub(super) fn reject_long_body(request: &Request, limit: u64) -> Result<()> {
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse().ok());
    if announced.is_some_and(|length: u64| length > limit) {
        Err(file_too_large(limit))
    } else {
        Ok(())
    }
}

fn file_too_large(limit: u64) -> Error {
    Error::new(
        ErrorCode::BodyTooLarge,
        format!("the file is larger than {} MiB", limit >> 20),
    )
}

fn unreadable_form(cause: &axum::extract::multipart::MultipartError) -> Error {
    Error::new(
        ErrorCode::BadRequest,
        format!("the form can't be read: {cause}"),
    )
}

/// Stores the file, then writes the import and its job in one transaction, which the caller
/// commits. A replayed request returns the import that exists.
async fn record_upload(
    app: &App,
    caller: &Caller,
    mut key: Key,
    request: Request,
    place: &BlobPlace,
) -> Result<(Settled, ImportAccepted)> {
    let upload = receive_upload(app, caller, request, &place.blob_key).await?;
    key.bind_content(&upload.fingerprint()?);
    let new = NewImport {
        id: place.import_id,
        kind: upload.kind,
        file_name: upload.file_name,
        blob_key: place.blob_key.clone(),
        file_bytes: upload.stored.len,
        file_sha256: upload.stored.sha256,
        options: upload.options,
        created_by: Some(caller.user),
    };
    let mut settled = key
        .run_once(app, caller, async |tx| {
            import::create_import(tx, caller.company, &new, caller.now).await?;
            start_import(tx, caller, new.id).await
        })
        .await?;
    let answer = describe_accepted(&mut settled, caller).await?;
    Ok((settled, answer))
}
