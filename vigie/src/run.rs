//! Starting the parts of a process and stopping them: what takes requests, fires timers and runs jobs at
//! once, the connections last.

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

/// How long open requests may take once the process is asked to stop.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// A part that a process can play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Api,
    Worker,
    Scheduler,
}

/// Runs until SIGINT or SIGTERM, or until a part breaks.
pub(crate) fn run(roles: &[Role]) -> anyhow::Result<()> {
    let config = Config::from_env(Env::from_process())?;
    config.log.start();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(config, roles))
}

async fn serve(config: Config, roles: &[Role]) -> anyhow::Result<()> {
    serve_metrics(config.metrics_addr)?;
    let db = connect(&config.db).await.context("Postgres")?;
    let services = services(&config, db.clone())?;
    let stop = CancellationToken::new();
    let mut parts: Vec<JoinHandle<anyhow::Result<()>>> = Vec::new();
    let mut workers = None;
    for role in roles {
        match role {
            Role::Api => parts.push(start_api(&config, &services, stop.clone()).await?),
            Role::Worker => workers = Some(start_workers(&config, &services).await?),
            Role::Scheduler => {
                let scheduler =
                    scheduler::run(db.clone(), jobs::schedule::schedules(), stop.clone());
                parts.push(task::spawn("scheduler", async move {
                    scheduler.await;
                    Ok(())
                }));
            }
        }
    }
    tracing::info!(?roles, "running");
    let broke = tokio::select! {
        name = asked_to_stop() => {
            tracing::info!(signal = name?, "stopping");
            None
        }
        broke = first_to_end(&mut parts), if !parts.is_empty() => Some(broke),
        part = first_to_break(&mut workers) => Some(Err(anyhow!("{part} of the workers ended by itself"))),
    };
    stop.cancel();
    let stop_workers = async {
        if let Some(workers) = workers {
            workers.stop().await;
        }
    };
    tokio::join!(end(parts), stop_workers);
    db.close().await;
    broke.unwrap_or(Ok(()))
}

/// Lets the parts finish what they have begun. A client that takes its time with an upload doesn't hold up the
/// stop: it sends the file again.
async fn end(parts: Vec<JoinHandle<anyhow::Result<()>>>) {
    let ends: Vec<_> = parts
        .into_iter()
        .filter(|part| !part.is_finished())
        .map(|part| async {
            let cut = part.abort_handle();
            if tokio::time::timeout(ENDS_WITHIN, part).await.is_err() {
                tracing::warn!("requests are cut off");
                cut.abort();
            }
        })
        .collect();
    futures::future::join_all(ends).await;
}

fn services(config: &Config, db: Db) -> anyhow::Result<Services> {
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
    })
}

async fn start_api(
    config: &Config,
    services: &Services,
    stop: CancellationToken,
) -> anyhow::Result<JoinHandle<anyhow::Result<()>>> {
    let addr = config.api.addr;
    let listener = TcpListener::bind(addr)
        .await
        .with_context(|| format!("{addr} can't be listened on: set VIGIE_API_ADDR to another"))?;
    ready::mark(&services.blobs)
        .await
        .context("VIGIE_BLOB_DIR")?;
    let app = App::new(services.clone(), config.redis.clone(), &config.api);
    tracing::info!(%addr, "API listening");
    Ok(task::spawn("api", async move {
        Ok(api::serve(app, listener, stop).await?)
    }))
}

/// How long a start waits each time that a restarting Postgres cuts its connection, before it gives up.
const AFTER_A_CUT: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
];

async fn connect(config: &DbConfig) -> sqlx::Result<Db> {
    for wait in AFTER_A_CUT {
        match Db::connect(config).await {
            // A server that isn't there was waited for already.
            Err(cause @ (sqlx::Error::Database(_) | sqlx::Error::Io(_))) => {
                tracing::warn!(%cause, "not connected yet");
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
    let registry = Arc::new(jobs::registry());
    let services = Arc::new(services.clone());
    let start = || {
        WorkerProcess::start(
            config.worker.clone(),
            &services.db,
            registry.clone(),
            services.clone(),
        )
    };
    for wait in AFTER_A_CUT {
        match start().await {
            // Past its registration a start has begun to take jobs and can't be begun again.
            Err(StartError::Register(cause)) => {
                tracing::warn!(%cause, "the worker isn't registered yet")
            }
            ended => return Ok(ended?),
        }
        tokio::time::sleep(wait).await;
    }
    Ok(start().await?)
}

/// The signal that came.
async fn asked_to_stop() -> anyhow::Result<&'static str> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
    })
}

/// How the first part to end did.
async fn first_to_end(parts: &mut [JoinHandle<anyhow::Result<()>>]) -> anyhow::Result<()> {
    let (ended, _, _) = futures::future::select_all(parts.iter_mut()).await;
    ended.context("a part of the process panicked")?
}

/// The workers' part that ended; never where all go on.
async fn first_to_break(workers: &mut Option<WorkerProcess<Services>>) -> &'static str {
    match workers {
        Some(workers) => workers.wait_for_failure().await,
        None => std::future::pending().await,
    }
}
