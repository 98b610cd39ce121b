//! Writing a file: in parts, under another name, renamed and synced at the end.

use std::future::ready;
use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt as _};
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt as _};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::{BlobError, Blobs, HeldSpace};

const PART_BYTES: usize = 1 << 20;
/// Bytes between two looks at the room of an upload: other uploads take it too.
pub const STEP_BYTES: u64 = 16 << 20;
/// The longest time between two looks.
const STEP_TIME: Duration = Duration::from_secs(10 * 60);

/// The length in bytes and the SHA-256 of a stored file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    pub len: u64,
    pub sha256: [u8; 32],
}

impl Blobs {
    /// Stores a stream of at most `limit` bytes under `key`, within `space` at first. `grow` is
    /// called with the length that was received at every [`STEP_BYTES`], before bytes beyond what
    /// it has returned are written, and every ten minutes. It returns the length up to which the
    /// file may grow.
    ///
    /// # Errors
    /// What `grow` returns, [`BlobError::TooLarge`], [`BlobError::Cut`], and what
    /// [`BlobError::is_full_disk`] names. After any error nothing is stored under `key`.
    pub async fn store_stream<E: From<BlobError>, F: Future<Output = Result<u64, E>>>(
        &self,
        key: &str,
        stream: impl Stream<Item = io::Result<Bytes>>,
        limit: u64,
        space: &HeldSpace,
        grow: impl Fn(u64) -> F,
    ) -> Result<Stored, E> {
        let room = Room {
            granted: space.count_bytes().min(STEP_BYTES),
            seen_at: space.held_since,
            space,
            grow,
        };
        self.write_file(key, stream, limit, room).await
    }

    /// Stores a few bytes under `key`, from the reserve too.
    pub async fn store_bytes(&self, key: &str, bytes: Bytes) -> Result<Stored, BlobError> {
        let limit = bytes.len() as u64;
        let space = &self.hold_nothing();
        let room = Room {
            granted: limit,
            seen_at: space.held_since,
            space,
            grow: |len| ready(Ok::<_, BlobError>(len)),
        };
        self.write_file(key, futures::stream::iter([Ok(bytes)]), limit, room)
            .await
    }

    async fn write_file<E: From<BlobError>, F: Future<Output = Result<u64, E>>>(
        &self,
        key: &str,
        stream: impl Stream<Item = io::Result<Bytes>>,
        limit: u64,
        room: Room<'_, impl Fn(u64) -> F>,
    ) -> Result<Stored, E> {
        let path = Path::from(key);
        let upload = self.store.put_multipart(&path).await;
        let mut upload = upload.map_err(BlobError::from)?;
        let stored = match write_parts(&mut *upload, stream, limit, room).await {
            Ok(stored) => stored,
            Err(cause) => {
                if let Err(cause) = upload.abort().await {
                    tracing::warn!(key, %cause, "parts of a failed upload not deleted");
                }
                return Err(cause);
            }
        };
        if let Err(cause) = self.complete_file(&mut *upload, &path).await {
            if let Err(cause) = self.delete_file(key).await {
                tracing::warn!(key, %cause, "file that was not synced is not deleted");
            }
            return Err(cause.into());
        }
        Ok(stored)
    }

    /// Renames the file, then syncs it and its folder, so that the rename survives a power cut.
    async fn complete_file(
        &self,
        upload: &mut dyn MultipartUpload,
        path: &Path,
    ) -> Result<(), BlobError> {
        upload.complete().await?;
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

/// What an upload may write.
struct Room<'a, G> {
    /// The length up to which nothing has to be looked at.
    granted: u64,
    seen_at: Instant,
    space: &'a HeldSpace,
    grow: G,
}

impl<G> Room<'_, G> {
    /// Requires room for a file of `len` bytes, of which `unwritten` aren't written yet.
    async fn require<E, F>(&mut self, len: u64, unwritten: u64) -> Result<(), E>
    where
        E: From<BlobError>,
        F: Future<Output = Result<u64, E>>,
        G: Fn(u64) -> F,
    {
        if len <= self.granted && self.seen_at.elapsed() < STEP_TIME {
            return Ok(());
        }
        self.granted = (self.grow)(len).await?;
        self.seen_at = Instant::now();
        let ahead = self.granted.saturating_sub(len) + unwritten;
        Ok(self.space.raise_to(ahead).await?)
    }
}

async fn write_parts<E: From<BlobError>, F: Future<Output = Result<u64, E>>>(
    upload: &mut dyn MultipartUpload,
    stream: impl Stream<Item = io::Result<Bytes>>,
    limit: u64,
    mut room: Room<'_, impl Fn(u64) -> F>,
) -> Result<Stored, E> {
    let mut stream = std::pin::pin!(stream);
    let mut digest = Digest::new(limit);
    let mut part = BytesMut::with_capacity(PART_BYTES);
    while let Some(bytes) = stream.next().await {
        let bytes = bytes.map_err(BlobError::Cut)?;
        digest.add(&bytes)?;
        part.extend_from_slice(&bytes);
        room.require(digest.len, part.len() as u64).await?;
        if part.len() >= PART_BYTES {
            put_part(upload, &mut part, room.space).await?;
        }
    }
    if !part.is_empty() {
        put_part(upload, &mut part, room.space).await?;
    }
    room.space.lower_to(0);
    Ok(digest.finish())
}

async fn put_part(
    upload: &mut dyn MultipartUpload,
    part: &mut BytesMut,
    space: &HeldSpace,
) -> Result<(), BlobError> {
    let bytes = part.split().freeze();
    let written = bytes.len() as u64;
    upload.put_part(bytes.into()).await?;
    space.free(written);
    Ok(())
}

/// Reads a stream of at most `limit` bytes and stores nothing.
pub async fn digest_stream(
    stream: impl Stream<Item = io::Result<Bytes>>,
    limit: u64,
) -> Result<Stored, BlobError> {
    let mut stream = std::pin::pin!(stream);
    let mut digest = Digest::new(limit);
    while let Some(bytes) = stream.next().await {
        digest.add(&bytes.map_err(BlobError::Cut)?)?;
    }
    Ok(digest.finish())
}

/// The digest of the bytes that have come, of at most `limit`.
struct Digest {
    limit: u64,
    len: u64,
    sha256: Sha256,
}

impl Digest {
    fn new(limit: u64) -> Self {
        Self {
            limit,
            len: 0,
            sha256: Sha256::new(),
        }
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        self.len += bytes.len() as u64;
        if self.len > self.limit {
            return Err(BlobError::TooLarge { limit: self.limit });
        }
        self.sha256.update(bytes);
        Ok(())
    }

    fn finish(self) -> Stored {
        Stored {
            len: self.len,
            sha256: self.sha256.finalize().into(),
        }
    }
}
