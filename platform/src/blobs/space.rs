//! The free space of the file system, and how much of it uploads of this process hold.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::{BlobError, Blobs};

const SPACE_REPORT_EVERY: Duration = Duration::from_secs(20);

/// Bytes of the file system that one upload may still write, and that no other upload of this
/// process takes. Dropping it frees them.
#[derive(Debug)]
pub struct HeldSpace {
    blobs: Blobs,
    bytes: AtomicU64,
    pub(super) held_since: Instant,
}

impl Blobs {
    /// Holds space for an upload of `bytes`.
    ///
    /// # Errors
    /// [`BlobError::NoSpace`] where it would take of the reserve, or of what other uploads hold.
    pub async fn hold_space(&self, bytes: u64) -> Result<HeldSpace, BlobError> {
        let space = self.hold_nothing();
        space.raise_to(bytes).await?;
        Ok(space)
    }

    pub(super) fn hold_nothing(&self) -> HeldSpace {
        HeldSpace {
            blobs: self.clone(),
            bytes: AtomicU64::new(0),
            held_since: Instant::now(),
        }
    }

    /// Returns the bytes of the file system that processes may still write.
    async fn load_free_bytes(&self) -> Result<u64, BlobError> {
        let folder = self.folder.clone();
        // A network file system may not respond for long.
        let found = tokio::task::spawn_blocking(move || rustix::fs::statvfs(&folder));
        let found = found.await.map_err(io::Error::other)?;
        let space = found.map_err(io::Error::from)?;
        Ok(space.f_bavail.saturating_mul(space.f_frsize))
    }

    /// Reports the free space and the reserve, until the process ends.
    pub fn report_space(&self) {
        let blobs = self.clone();
        crate::task::spawn_named("blob space", async move {
            let mut ticks = tokio::time::interval(SPACE_REPORT_EVERY);
            loop {
                ticks.tick().await;
                match blobs.load_free_bytes().await {
                    Ok(free) => {
                        metrics::gauge!("vigie_blob_free_bytes").set(to_gauge(free));
                        metrics::gauge!("vigie_blob_reserve_bytes").set(to_gauge(blobs.reserve));
                    }
                    Err(cause) => tracing::warn!(%cause, "free space of blob storage not read"),
                }
            }
        });
    }
}

impl HeldSpace {
    /// Returns the bytes that the upload may still write.
    pub(super) fn count_bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Holds at least `bytes`, and looks whether the reserve is still free.
    pub(super) async fn raise_to(&self, bytes: u64) -> Result<(), BlobError> {
        let Blobs { reserve, held, .. } = &self.blobs;
        let more = bytes.saturating_sub(self.count_bytes());
        let free = self.blobs.load_free_bytes().await?;
        let fits = |held: u64| {
            // What this upload holds was free when it was held: only the reserve is looked at.
            let others = if more == 0 { 0 } else { held };
            let wanted = others.saturating_add(more).saturating_add(*reserve);
            (wanted <= free).then(|| held + more)
        };
        match held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
            Ok(_) => {
                self.bytes.fetch_add(more, Ordering::Relaxed);
                Ok(())
            }
            Err(held) => Err(BlobError::NoSpace {
                free,
                reserve: *reserve,
                held,
            }),
        }
    }

    /// Frees what is held beyond `bytes`.
    pub fn lower_to(&self, bytes: u64) {
        self.free(self.count_bytes().saturating_sub(bytes));
    }

    /// Frees `bytes`, as they are written.
    pub(super) fn free(&self, bytes: u64) {
        let freed = bytes.min(self.count_bytes());
        self.bytes.fetch_sub(freed, Ordering::Relaxed);
        self.blobs.held.fetch_sub(freed, Ordering::Relaxed);
    }
}

impl Drop for HeldSpace {
    fn drop(&mut self) {
        self.lower_to(0);
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge is a float; the free bytes need no exact figure"
)]
fn to_gauge(bytes: u64) -> f64 {
    bytes as f64
}
