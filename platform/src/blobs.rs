//! Files by key, in a local folder behind the `object_store` interface. A
//! file is complete or absent: it is written under another name, renamed, and synced before its
//! key is returned. A stored key therefore always finds its bytes.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{GetResultPayload, MultipartUpload, ObjectStoreExt as _};
use sha2::{Digest as _, Sha256};

use crate::config::Env;

const PART_BYTES: usize = 1 << 20;

/// The folder of stored files.
#[derive(Debug, Clone)]
pub struct Blobs {
    store: Arc<LocalFileSystem>,
    folder: PathBuf,
}

/// The length in bytes and the SHA-256 of a stored file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    pub len: u64,
    pub sha256: [u8; 32],
}

#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    #[error("longer than {limit} bytes")]
    TooLarge { limit: u64 },
    /// The client broke off; nothing is stored.
    #[error("the upload was cut: {0}")]
    Cut(io::Error),
    #[error("blob storage: {0}")]
    Store(#[from] object_store::Error),
    #[error("blob storage: {0}")]
    Io(#[from] io::Error),
}

impl Blobs {
    /// Opens the folder of `VIGIE_BLOB_DIR`, and creates it if it is missing.
    pub fn from_env(env: &mut Env) -> Option<Self> {
        let folder = env.read_required("VIGIE_BLOB_DIR");
        if folder.is_empty() {
            return None;
        }
        match Self::open_folder(folder.into()) {
            Ok(blobs) => Some(blobs),
            Err(cause) => {
                env.report_problem(format!("VIGIE_BLOB_DIR: {cause}"));
                None
            }
        }
    }

    /// Opens a folder, and creates it if it is missing.
    pub fn open_folder(folder: PathBuf) -> Result<Self, BlobError> {
        std::fs::create_dir_all(&folder)?;
        Ok(Self {
            store: Arc::new(LocalFileSystem::new_with_prefix(&folder)?),
            folder,
        })
    }

    /// Stores a stream of at most `limit` bytes under `key`.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`] or [`BlobError::Cut`]. After any error nothing is stored under
    /// `key`.
    pub async fn store_stream(
        &self,
        key: &str,
        stream: impl Stream<Item = io::Result<Bytes>>,
        limit: u64,
    ) -> Result<Stored, BlobError> {
        let path = Path::from(key);
        let mut upload = self.store.put_multipart(&path).await?;
        match write_parts(&mut *upload, stream, limit).await {
            Ok(stored) => {
                upload.complete().await?;
                self.sync_file(&path).await?;
                Ok(stored)
            }
            Err(cause) => {
                upload.abort().await?;
                Err(cause)
            }
        }
    }

    /// Stores a few bytes under `key`.
    pub async fn store_bytes(&self, key: &str, bytes: Bytes) -> Result<Stored, BlobError> {
        let limit = bytes.len() as u64;
        self.store_stream(key, futures::stream::iter([Ok(bytes)]), limit)
            .await
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

    /// Syncs the file, then its folder, so that the rename survives a power cut.
    async fn sync_file(&self, path: &Path) -> Result<(), BlobError> {
        let file = self.store.path_to_filesystem(path)?;
        tokio::task::spawn_blocking(move || {
            std::fs::File::open(&file)?.sync_all()?;
            let folder = file.parent().unwrap_or(&file);
            std::fs::File::open(folder)?.sync_all()
        })
        .await
        .map_err(io::Error::other)??;
        Ok(())
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

async fn write_parts(
    upload: &mut dyn MultipartUpload,
    stream: impl Stream<Item = io::Result<Bytes>>,
    limit: u64,
) -> Result<Stored, BlobError> {
    let mut stream = std::pin::pin!(stream);
    let mut digest = Sha256::new();
    let mut len = 0_u64;
    let mut part = BytesMut::with_capacity(PART_BYTES);
    while let Some(bytes) = stream.next().await {
        let bytes = bytes.map_err(BlobError::Cut)?;
        len += bytes.len() as u64;
        if len > limit {
            return Err(BlobError::TooLarge { limit });
        }
        digest.update(&bytes);
        part.extend_from_slice(&bytes);
        if part.len() >= PART_BYTES {
            upload.put_part(part.split().freeze().into()).await?;
        }
    }
    if !part.is_empty() {
        upload.put_part(part.freeze().into()).await?;
    }
    Ok(Stored {
        len,
        sha256: digest.finalize().into(),
    })
}
