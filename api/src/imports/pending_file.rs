//! The file of an upload or a preview while its request runs: its place in the company's quota, and
//! what is left of it however the request ends.

use std::io;

use bytes::Bytes;
use domain::catalog::import::{self, FilePlace, ImportId, NO_SPACE};
use domain::identity;
use futures::Stream;
use platform::blobs::{BlobError, HeldSpace, STEP_BYTES, Stored};
use platform::db::{Scope, load_now};
use platform::ids::CompanyId;
use platform::task::spawn_named;

use crate::App;
use crate::auth::Caller;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};

/// A file that no import names yet. Deleted, and its place freed, unless it is kept.
pub(super) struct PendingFile {
    app: App,
    caller: Caller,
    pub(super) id: ImportId,
    pub(super) blob_key: String,
    /// The length of the body, if the request has it.
    announced: Option<u64>,
    space: HeldSpace,
    is_settled: bool,
}

impl PendingFile {
    /// Reserves a place in the company's quota, before a byte of the body is read: of what the
    /// request announces, or of one step.
    ///
    /// # Errors
    /// 409 where the quota has no place left, 507 where the disk has none.
    pub(super) async fn reserve(
        app: &App,
        caller: &Caller,
        announced: Option<u64>,
    ) -> Result<Self> {
        let space = app.blobs().hold_space(announced.unwrap_or(STEP_BYTES));
        let space = match space.await {
            Ok(space) => space,
            Err(cause) => return Err(describe_blob_error(app, caller, cause).await),
        };
        let id = ImportId::new();
        let mut pending = Self {
            app: app.clone(),
            caller: caller.clone(),
            id,
            blob_key: blob_key_of(caller.company, id),
            announced,
            space,
            is_settled: false,
        };
        match pending.reserve_bytes(1).await {
            Ok(bytes) => {
                pending.space.lower_to(bytes);
                Ok(pending)
            }
            Err(rejected) => {
                pending.is_settled = true;
                Err(rejected)
            }
        }
    }

    /// Reserves or renews the place for a file that has `len` bytes or more. Returns the bytes of
    /// the place.
    async fn reserve_bytes(&self, len: u64) -> Result<u64> {
        let (bytes, ahead) = match self.announced {
            Some(announced) => (announced.max(len), 0),
            None => (len, STEP_BYTES),
        };
        let place = FilePlace {
            company: self.caller.company,
            id: self.id,
            bytes,
        };
        let mut tx = self.caller.begin(&self.app).await?;
        // The request began long ago.
        let now = load_now(&mut tx).await?;
        let quota = self.app.file_quota();
        let bytes = import::reserve_file(&mut tx, place, ahead, quota, now).await?;
        tx.commit().await?;
        Ok(bytes)
    }

    /// Stores the file while it fits into `limit`, the company's quota and the disk.
    pub(super) async fn store(
        &self,
        bytes: impl Stream<Item = io::Result<Bytes>>,
        limit: u64,
    ) -> Result<Stored> {
        let blobs = self.app.blobs();
        let grow = |len| self.grow(len);
        let stored = blobs.store_stream(&self.blob_key, bytes, limit, &self.space, grow);
        match stored.await {
            Ok(stored) => Ok(stored),
            Err(Interruption::Rejected(rejected)) => Err(rejected),
            Err(Interruption::Failed(cause)) => {
                Err(describe_blob_error(&self.app, &self.caller, cause).await)
            }
        }
    }

    /// Renews the place of a file of which `len` bytes have come. Returns the length up to which it
    /// may grow.
    async fn grow(&self, len: u64) -> Result<u64, Interruption> {
        let reserved = self.reserve_bytes(len).await;
        let reserved = reserved.map_err(Interruption::Rejected)?;
        Ok(reserved.min(len + STEP_BYTES))
    }

    /// Leaves the file to the import that names it. Call it before the commit, of which the outcome
    /// may stay unknown: `catalog.sweep_files` deletes a file that no import names.
    pub(super) fn keep(mut self) {
        self.is_settled = true;
    }

    pub(super) async fn discard(mut self) {
        discard_file(&self.app, self.caller.company, self.id).await;
        self.is_settled = true;
    }
}

impl Drop for PendingFile {
    fn drop(&mut self) {
        if !self.is_settled {
            let (app, company, id) = (self.app.clone(), self.caller.company, self.id);
            spawn_named("pending file", async move {
                discard_file(&app, company, id).await;
            });
        }
    }
}

/// Why a file isn't stored.
enum Interruption {
    Failed(BlobError),
    Rejected(Error),
}

impl From<BlobError> for Interruption {
    fn from(cause: BlobError) -> Self {
        Self::Failed(cause)
    }
}

fn blob_key_of(company: CompanyId, id: ImportId) -> String {
    format!("{company}/imports/{id}")
}

/// Deletes a file that nobody needs, then frees its place. `catalog.sweep_files` deletes what
/// stays, and the reservation expires.
async fn discard_file(app: &App, company: CompanyId, id: ImportId) {
    delete_file(app, company, id).await;
    let released = async {
        let mut tx = app.db().begin(Scope::company(company)).await?;
        import::release_file(&mut tx, company, id).await?;
        Ok::<_, domain::Error>(tx.commit().await?)
    };
    if let Err(cause) = released.await {
        tracing::warn!(import_id = %id, %cause, "place of an upload not freed, it will expire");
    }
}

/// Deletes the file of an import, or leaves it to `catalog.sweep_files` where that fails.
pub(super) async fn delete_file(app: &App, company: CompanyId, id: ImportId) {
    let blob_key = blob_key_of(company, id);
    if let Err(cause) = app.blobs().delete_file(&blob_key).await {
        tracing::warn!(
            blob_key,
            cause = &cause as &dyn std::error::Error,
            "file not deleted, left to catalog.sweep_files"
        );
    }
}

/// Returns the response to a file that could not be read or stored.
pub(super) async fn describe_blob_error(app: &App, caller: &Caller, error: BlobError) -> Error {
    match error {
        BlobError::TooLarge { limit } => super::upload::file_too_large(limit),
        BlobError::Cut(cause) => Error::new(
            ErrorCode::BadRequest,
            format!("the upload was cut: {cause}"),
        ),
        full if full.is_full_disk() => {
            tracing::error!(
                cause = &full as &dyn std::error::Error,
                "no space for uploads in VIGIE_BLOB_DIR"
            );
            describe_full_disk(app, caller).await.unwrap_or_else(|e| e)
        }
        other => Error::internal(other),
    }
}

async fn describe_full_disk(app: &App, caller: &Caller) -> Result<Error> {
    let mut tx = caller.begin(app).await?;
    let company = identity::companies::require_company(&mut tx, caller.company).await?;
    let detail = NO_SPACE.render(company.language);
    Ok(Error::new(ErrorCode::InsufficientStorage, detail))
}
