//! Starts and stops the parts of a process. API, scheduler and workers stop at the same time, the
//! connections are closed last.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use api::App;
use jobs::Services;
use platform::config::Env;
use platform::db::{Db, DbConfig};
use platform::task;
use platform::telemetry::serve_metrics;
use providers::Providers;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use workers::{StartError, WorkerProcess};

use crate::config::{Config, ProviderChoice};
use crate::ready;

/// How long open requests may take after the process received a signal to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// A part of the system that a process can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Api,
    Worker,
    Scheduler,
}

/// Runs until SIGINT or SIGTERM, or until a part fails.
pub(crate) fn run_roles(roles: &[Role]) -> anyhow::Result<()> {
    let config = Config::from_env(Env::from_process())?;
    config.log.start();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run_parts(config, roles))
}

async fn run_parts(config: Config, roles: &[Role]) -> anyhow::Result<()> {
    serve_metrics(config.metrics_addr)?;
    let db = connect_db(&config.db).await.context("Postgres")?;
    let services = build_services(&config, db.clone())?;
    services.blobs.report_space();
    let stop = CancellationToken::new();
    let mut parts: Vec<JoinHandle<anyhow::Result<()>>> = Vec::new();
    let mut workers = None;
    for role in roles {
        match role {
            Role::Api => parts.push(start_api(&config, &services, stop.clone()).await?),
            Role::Worker => workers = Some(start_workers(&config, &services).await?),
            Role::Scheduler => {
                let scheduler =
                    scheduler::run(db.clone(), jobs::schedule::list_schedules(), stop.clone());
                parts.push(task::spawn_named("scheduler", async move {
                    scheduler.await;
                    Ok(())
                }));
            }
        }
    }
    tracing::info!(?roles, "running");
    let failed = tokio::select! {
        name = stop_signal() => {
            tracing::info!(signal = name?, "stopping");
            None
        }
        ended = first_ended_part(&mut parts), if !parts.is_empty() => Some(ended),
        part = first_failed_part(&mut workers) => {
            Some(Err(anyhow!("{part} of the workers ended by itself")))
        }
    };
    stop.cancel();
    let stop_workers = async {
        if let Some(workers) = workers {
            workers.stop().await;
        }
    };
    tokio::join!(stop_parts(parts), stop_workers);
    db.close().await;
    failed.unwrap_or(Ok(()))
}

/// Waits until the parts have finished open requests. A slow upload does not delay the stop: it is
/// cut off, and the client sends the file again.
async fn stop_parts(parts: Vec<JoinHandle<anyhow::Result<()>>>) {
    let ends: Vec<_> = parts
        .into_iter()
        .filter(|part| !part.is_finished())
        .map(|part| async {
            let abort = part.abort_handle();
            if tokio::time::timeout(STOP_TIMEOUT, part).await.is_err() {
                tracing::warn!("open requests cut off");
                abort.abort();
            }
        })
        .collect();
    futures::future::join_all(ends).await;
}

fn build_services(config: &Config, db: Db) -> anyhow::Result<Services> {
    let providers = match &config.providers {
        ProviderChoice::Sandbox { url } => Providers::sandbox(url)?,
        ProviderChoice::Live(credentials) => Providers::live((**credentials).clone())?,
    };
    Ok(Services {
        db,
        providers,
        blobs: config.blobs.clone().context("VIGIE_BLOB_DIR")?,
        keyring: config.keyring.clone(),
        public_url: config.public_url.clone(),
        console_url: config.console_url.clone(),
    })
}

async fn start_api(
    config: &Config,
    services: &Services,
    stop: CancellationToken,
) -> anyhow::Result<JoinHandle<anyhow::Result<()>>> {
    let addr = config.api.addr;
    let listener = TcpListener::bind(addr).await.with_context(|| {
        format!("cannot listen on {addr}: set VIGIE_API_ADDR to another address")
    })?;
    ready::write_api_blob(&services.blobs)
        .await
        .context("VIGIE_BLOB_DIR")?;
    let app = App::new(services.clone(), config.redis.clone(), &config.api);
    tracing::info!(%addr, "API listening");
    Ok(task::spawn_named("api", async move {
        Ok(api::serve_api(app, listener, stop).await?)
    }))
}

/// Pauses between attempts to start, while a restarting Postgres cuts connections.
const RETRY_PAUSES: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
];

async fn connect_db(config: &DbConfig) -> sqlx::Result<Db> {
    for wait in RETRY_PAUSES {
        match Db::connect(config).await {
            // `Db::connect` itself has waited for a server that is away.
            Err(cause @ (sqlx::Error::Database(_) | sqlx::Error::Io(_))) => {
                tracing::warn!(%cause, "no connection to Postgres, retrying");
            }
            ended => return ended,
        }
        tokio::time::sleep(wait).await;
    }
    Db::connect(config).await
}

async fn start_workers(
    config: &Config,
    services: &Services,
) -> anyhow::Result<WorkerProcess<Services>> {
    let registry = Arc::new(jobs::build_registry());
    let services = Arc::new(services.clone());
    let start = || {
        WorkerProcess::start(
            config.worker.clone(),
            &services.db,
            registry.clone(),
            services.clone(),
        )
    };
    for wait in RETRY_PAUSES {
        match start().await {
            // After its registration a worker claims jobs, so that only registration may be
            // retried.
            Err(StartError::Register(cause)) => {
                tracing::warn!(%cause, "worker not registered, retrying")
            }
            ended => return Ok(ended?),
        }
        tokio::time::sleep(wait).await;
    }
    Ok(start().await?)
}

/// Waits for a signal to stop and returns its name.
async fn stop_signal() -> anyhow::Result<&'static str> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
    })
}

/// Waits for the first part to end and returns its result.
async fn first_ended_part(parts: &mut [JoinHandle<anyhow::Result<()>>]) -> anyhow::Result<()> {
    let (ended, _, _) = futures::future::select_all(parts.iter_mut()).await;
    ended.context("a part of the process panicked")?
}

/// Waits for a part of the workers to end and returns its name. Never returns without workers.
async fn first_failed_part(workers: &mut Option<WorkerProcess<Services>>) -> &'static str {
    match workers {
        Some(workers) => workers.wait_for_failure().await,
        None => std::future::pending().await,
    }
}
