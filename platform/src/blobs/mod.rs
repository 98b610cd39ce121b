//! Files by key, in a local folder behind the `object_store` interface. A
//! file is complete or absent: it is written under another name, renamed, and synced before its
//! key is returned. A stored key therefore always finds its bytes.
//!
//! Uploads leave a reserve of the file system free, for what else writes to it: a database or a log
//! on the same disk stops everything once the disk is full.

mod space;
mod write;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{GetResultPayload, ObjectStoreExt as _};

pub use self::space::HeldSpace;
pub use self::write::{STEP_BYTES, Stored, digest_stream};
use crate::config::Env;

/// 1 GiB.
const DEFAULT_RESERVE_MIB: u64 = 1 << 10;

/// The folder of stored files.
#[derive(Debug, Clone)]
pub struct Blobs {
    store: Arc<LocalFileSystem>,
    folder: PathBuf,
    /// Bytes of the file system that uploads leave free.
    reserve: u64,
    /// Bytes that uploads of this process hold and haven't written yet.
    held: Arc<AtomicU64>,
}

#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    #[error("longer than {limit} bytes")]
    TooLarge { limit: u64 },
    /// The file would take of the reserve of the file system, or of what other uploads hold.
    #[error("no space: {free} bytes are free, {reserve} of them in reserve, uploads hold {held}")]
    NoSpace { free: u64, reserve: u64, held: u64 },
    /// The client broke off; nothing is stored.
    #[error("the upload was cut: {0}")]
    Cut(io::Error),
    #[error("blob storage: {0}")]
    Store(#[from] object_store::Error),
    #[error("blob storage: {0}")]
    Io(#[from] io::Error),
}

impl BlobError {
    /// Whether the file system, or its quota, has no room.
    pub fn is_full_disk(&self) -> bool {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(self);
        while let Some(next) = cause {
            let kind = next.downcast_ref::<io::Error>().map(io::Error::kind);
            if matches!(
                kind,
                Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            ) {
                return true;
            }
            cause = next.source();
        }
        matches!(self, Self::NoSpace { .. })
    }
}

impl Blobs {
    /// Opens the folder of `VIGIE_BLOB_DIR`, and creates it if it is missing.
    pub fn from_env(env: &mut Env) -> Option<Self> {
        let folder = env.read_required("VIGIE_BLOB_DIR");
        let reserve_mib = env.parse_or("VIGIE_BLOB_RESERVE_MIB", DEFAULT_RESERVE_MIB);
        if folder.is_empty() {
            return None;
        }
        match Self::open_folder(folder.into()) {
            Ok(blobs) => Some(blobs.with_reserve(reserve_mib.saturating_mul(1 << 20))),
            Err(cause) => {
                env.report_problem(format!("VIGIE_BLOB_DIR: {cause}"));
                None
            }
        }
    }

    /// Opens a folder, and creates it if it is missing. Its uploads leave nothing in reserve.
    pub fn open_folder(folder: PathBuf) -> Result<Self, BlobError> {
        std::fs::create_dir_all(&folder)?;
        Ok(Self {
            store: Arc::new(LocalFileSystem::new_with_prefix(&folder)?),
            folder,
            reserve: 0,
            held: Arc::default(),
        })
    }

    /// Leaves that many bytes of the file system free.
    #[must_use]
    pub fn with_reserve(self, reserve: u64) -> Self {
        Self { reserve, ..self }
    }

    /// Opens a stored file for blocking reads.
    pub async fn open_file(&self, key: &str) -> Result<std::fs::File, BlobError> {
        match self.store.get(&Path::from(key)).await?.payload {
            GetResultPayload::File(file, _) => Ok(file),
            GetResultPayload::Stream(_) => Err(BlobError::Io(io::Error::other("not a local file"))),
        }
    }

    /// Deletes a file. An absent file is no error.
    pub async fn delete_file(&self, key: &str) -> Result<(), BlobError> {
        match self.store.delete(&Path::from(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(cause) => Err(cause.into()),
        }
    }

    /// Lists the names of all files last written before `moment`: keys, and the remains of uploads
    /// whose process died, whose names are no keys.
    pub async fn list_older_files(&self, moment: DateTime<Utc>) -> Result<Vec<String>, BlobError> {
        let folder = self.folder.clone();
        let found = tokio::task::spawn_blocking(move || list_old_files(&folder, moment.into()));
        Ok(found.await.map_err(io::Error::other)??)
    }

    /// Deletes files by the names that [`Blobs::list_older_files`] returned.
    pub async fn delete_files(&self, names: Vec<String>) -> Result<(), BlobError> {
        let folder = self.folder.clone();
        let deleted = tokio::task::spawn_blocking(move || {
            names
                .iter()
                .try_for_each(|name| match std::fs::remove_file(folder.join(name)) {
                    Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
                    _ => Ok(()),
                })
        });
        Ok(deleted.await.map_err(io::Error::other)??)
    }
}

fn list_old_files(folder: &std::path::Path, moment: SystemTime) -> io::Result<Vec<String>> {
    let (mut folders, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next)? {
            let path = entry?.path();
            // Renamed meanwhile, because its upload completed.
            let Ok(metadata) = path.symlink_metadata() else {
                continue;
            };
            if metadata.is_dir() {
                folders.push(path);
            } else if metadata.modified()? < moment
                && let Some(name) = path
                    .strip_prefix(folder)
                    .ok()
                    .and_then(|name| name.to_str())
            {
                found.push(name.to_owned());
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
