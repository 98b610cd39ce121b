//! Whether a worker here could work: what a container's probe asks.

use anyhow::Context as _;
use platform::blobs::{BlobError, Blobs, Stored};
use platform::config::Env;
use platform::db;
use secrecy::ExposeSecret as _;
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

/// Written by the API, read here: workers must see its files.
const MARK: &str = "written-by-the-api";

/// # Errors
/// Postgres doesn't answer, or `VIGIE_BLOB_DIR` isn't the API's.
pub(crate) fn check() -> anyhow::Result<()> {
    let mut env = Env::from_process();
    let url = env.secret("DATABASE_URL");
    let blobs = Blobs::from_env(&mut env);
    env.finish()?;
    let options: PgConnectOptions = url.expose_secret().parse()?;
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            db::now(&mut options.connect().await.context("Postgres")?)
                .await
                .context("Postgres")?;
            let seen = blobs.context("VIGIE_BLOB_DIR")?.open(MARK).await;
            seen.context(
                "no file of the API here: VIGIE_BLOB_DIR must be one folder for it and all workers",
            )?;
            println!("ready");
            Ok(())
        })
}

/// Lets workers see that they share the API's files.
pub(crate) async fn mark(blobs: &Blobs) -> Result<Stored, BlobError> {
    blobs.put(MARK, "The API was here.\n".into()).await
}
