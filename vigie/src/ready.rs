//! The readiness probe of a worker's container.

use anyhow::Context as _;
use platform::blobs::{BlobError, Blobs, Stored};
use platform::config::Env;
use platform::db;

/// A blob that the API writes and the probe reads, because workers must share the API's files.
const API_BLOB_KEY: &str = "written-by-the-api";

/// Fails if Postgres cannot be reached or `VIGIE_BLOB_DIR` is not the API's folder.
pub(crate) fn check_readiness() -> anyhow::Result<()> {
    let mut env = Env::from_process();
    let url = env.read_secret("DATABASE_URL");
    let blobs = Blobs::from_env(&mut env);
    env.reject_problems()?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let mut engine = db::connect_engine(&url).await.context("Postgres")?;
            db::load_now(&mut engine).await.context("Postgres")?;
            let blob = blobs
                .context("VIGIE_BLOB_DIR")?
                .open_file(API_BLOB_KEY)
                .await;
            blob.context(
                "no file of the API: VIGIE_BLOB_DIR must be one folder for the API and all workers",
            )?;
            println!("ready");
            Ok(())
        })
}

/// Writes the blob that [`check_readiness`] reads.
pub(crate) async fn write_api_blob(blobs: &Blobs) -> Result<Stored, BlobError> {
    blobs
        .store_bytes(API_BLOB_KEY, "The API was here.\n".into())
        .await
}
