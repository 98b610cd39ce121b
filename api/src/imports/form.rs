//! The form of an upload or a preview. Its file is read as it comes, and never held in memory.

use std::io;
use std::time::Duration;

use axum::BoxError;
use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest as _, Multipart, Request};
use domain::catalog::import::{Kind, Options};
use futures::TryStreamExt as _;
use futures::stream::try_unfold;
use platform::blobs::{Stored, digest_stream};
use platform::text::clean_text;

use super::parse_options;
use super::pending_file::{PendingFile, describe_blob_error};
use crate::App;
use crate::auth::Caller;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};

/// Characters of a file's name that are kept.
const MAX_NAME_CHARS: usize = 255;
/// Bytes of a field other than the file.
const MAX_FIELD_BYTES: usize = 256 * 1024;

/// The fields of a form.
pub(super) struct Upload {
    pub(super) kind: Kind,
    pub(super) options: Options,
    pub(super) file_name: String,
    pub(super) stored: Stored,
}

impl Upload {
    /// Returns what identifies the request, for its idempotency key. The form's boundary differs
    /// in every attempt, so the fields themselves are the fingerprint.
    pub(super) fn fingerprint(&self) -> Result<Vec<u8>> {
        let options = serde_json::to_vec(&self.options).map_err(Error::internal)?;
        Ok([
            self.stored.sha256.as_slice(),
            self.kind.as_str().as_bytes(),
            &options,
        ]
        .concat())
    }
}

/// Where the file of a form goes.
#[derive(Clone, Copy)]
pub(super) enum Destination<'a> {
    File(&'a PendingFile),
    /// Nowhere: the request is a repeated one.
    Nowhere,
}

/// Reads the form, and its file of up to `limit` bytes.
pub(super) async fn read_form(
    app: &App,
    caller: &Caller,
    request: Request,
    destination: Destination<'_>,
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
                let stored = receive_file(app, caller, field, destination, limit);
                file = Some((name, stored.await?));
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

/// Stores the file, or only computes its digest.
async fn receive_file(
    app: &App,
    caller: &Caller,
    field: Field<'_>,
    destination: Destination<'_>,
    limit: u64,
) -> Result<Stored> {
    let bytes = field.map_err(io::Error::other);
    match destination {
        Destination::File(pending) => pending.store(bytes, limit).await,
        Destination::Nowhere => match digest_stream(bytes, limit).await {
            Ok(stored) => Ok(stored),
            Err(cause) => Err(describe_blob_error(app, caller, cause).await),
        },
    }
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

fn unreadable_form(cause: &MultipartError) -> Error {
    Error::new(
        ErrorCode::BadRequest,
        format!("the form can't be read: {cause}"),
    )
}
