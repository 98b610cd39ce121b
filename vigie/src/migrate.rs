//! `vigie migrate`: applies the migrations as the tables' owner, and creates the role that the
//! other processes connect as.

use std::str::FromStr as _;

use anyhow::Context as _;
use platform::config::Env;
use platform::db;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::ConnectOptions as _;
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgConnectOptions;
use url::Url;

pub(crate) fn migrate_database() -> anyhow::Result<()> {
    let mut env = Env::from_process();
    let process = env.read_secret("DATABASE_URL");
    let owner = read_owner_url(&mut env);
    env.reject_problems()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        db::run_migrations(&owner).await.map_err(explain_layout)?;
        require_process_role(&owner, &process).await
    })?;
    println!("the database is up to date");
    Ok(())
}

/// Returns where Postgres is for the owner of the tables: `VIGIE_MIGRATION_URL`, else
/// `DATABASE_URL`.
pub(crate) fn read_owner_url(env: &mut Env) -> SecretString {
    match env.read_optional("VIGIE_MIGRATION_URL") {
        Some(owner) => owner.into(),
        None => env.read_secret("DATABASE_URL"),
    }
}

/// Creates the role of `DATABASE_URL`, where the owner is another one.
async fn require_process_role(owner: &SecretString, process: &SecretString) -> anyhow::Result<()> {
    let (owner, process) = (owner.expose_secret(), process.expose_secret());
    let owner = PgConnectOptions::from_str(owner).context("VIGIE_MIGRATION_URL")?;
    let name = PgConnectOptions::from_str(process).context("DATABASE_URL")?;
    if name.get_username() == owner.get_username() {
        return Ok(());
    }
    let url = Url::parse(process).context("DATABASE_URL")?;
    // Without a password, the server identifies the role in another way.
    let password = url.password().map(percent_encoding::percent_decode_str);
    let password = password.map(|text| text.decode_utf8()).transpose()?;
    let mut owner = owner.connect().await?;
    let is_powerless =
        db::require_process_role(&mut owner, name.get_username(), password.as_deref())
            .await
            .context("VIGIE_MIGRATION_URL must name a role that may create roles")?;
    anyhow::ensure!(
        is_powerless,
        "the role of DATABASE_URL is a superuser, may create roles or databases, bypasses \
         row-level security or is a member of other roles: name another one, which \
         `vigie migrate` creates"
    );
    Ok(())
}

/// Adds what to do where the database was made by other migrations than this release has.
fn explain_layout(cause: MigrateError) -> anyhow::Error {
    match cause {
        MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => {
            anyhow::Error::new(cause).context(
                "the database has the layout of another release and was not changed; \
                 use an empty database, or the release that made this one",
            )
        }
        other => other.into(),
    }
}
