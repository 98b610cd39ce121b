//! `cargo xtask up`: the whole product on this machine, with a demo company, until Ctrl-C.

mod executables;
mod options;

use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::checkout::{self, read_setting, report_progress};
use crate::demo::{self, Login};
use crate::http::Api;
use crate::ports;
use crate::process::{self, Server, StopSignal};
use crate::secrets::{self, Secrets};
use crate::servers::{self, Need, Purpose, Servers};
use crate::signals::Interrupts;
use crate::state::State;

use options::Options;

pub(crate) const HELP: &str = "\
usage: cargo xtask up [--fresh] [--debug | --programs DIR] [--name NAME]

Starts Postgres and Redis (private ones under .vigie/up unless DATABASE_URL and REDIS_URL are set), builds
in release, migrates, starts the providers' sandbox and `vigie all`, makes a demo company, and prints where
all of it is. Ctrl-C stops everything it started. The next run goes on with the data that was kept.

  --fresh         first forget the private servers' data, the files, the secrets and the demo of earlier runs
  --debug         build without optimisation: sooner there after an edit, slower at work
  --programs DIR  build nothing, and run the `vigie` and the `sandbox` of that folder
  --name NAME     keep everything under .vigie/up-NAME: one more beside the others, on ports of its own

Set VIGIE_API_ADDR (127.0.0.1:8080), VIGIE_METRICS_ADDR (127.0.0.1:9464) and VIGIE_SANDBOX_ADDR
(127.0.0.1:8090) for other ports; every key of .env.example that is set is passed on.";

/// The addresses that the processes listen on.
struct Addresses {
    api: String,
    metrics: String,
    sandbox: String,
}

/// # Errors
/// Where something can't be built, started or reached.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let options = Options::read(args)?;
    let interrupts = Interrupts::listen()?;
    let state = State::lasting(options.name.as_deref())?;
    let addresses = Addresses::from_environment()?;
    if options.fresh {
        forget(&state)?;
    }
    let outcome = start_all(state, &options, &addresses, &interrupts).and_then(|mut servers| {
        watch(&mut servers, &interrupts)?;
        report_progress("stopping");
        Ok(servers)
    });
    // Stops everything, in the reverse order of its start.
    drop(outcome?);
    report_progress(&format!(
        "stopped; the data is kept for the next `{}`",
        options.command()
    ));
    Ok(ExitCode::SUCCESS)
}

fn forget(state: &State) -> Result<()> {
    if read_setting("DATABASE_URL").is_some() {
        bail!(
            "--fresh removes only what `up` itself made, and DATABASE_URL is yours: empty that database by hand"
        );
    }
    report_progress("forgetting what earlier runs kept");
    state.forget()
}

fn start_all(
    state: State,
    options: &Options,
    addresses: &Addresses,
    interrupts: &Interrupts,
) -> Result<Servers> {
    let mut servers = servers::start_servers(state, Purpose::Durable, Need::Both, interrupts)?;
    let settings = vigie_settings(&servers, addresses)?;
    let programs = options.executables.make(interrupts)?;
    let vigie = programs.join("vigie");
    migrate(
        &vigie,
        &servers.database_url,
        &settings,
        options,
        interrupts,
    )?;
    report_progress("starting the providers' sandbox");
    add(
        &mut servers,
        "sandbox",
        &programs.join("sandbox"),
        &[],
        &settings,
    )?;
    await_port(&mut servers, &addresses.sandbox, interrupts)?;
    report_progress("starting API, workers and scheduler");
    add(&mut servers, "vigie", &vigie, &["all"], &settings)?;
    let api = Api::new(&addresses.api);
    process::wait_until(
        "becoming ready",
        Duration::from_secs(90),
        interrupts,
        || {
            servers.must_live()?;
            Ok(api
                .get("/health/ready")
                .is_ok_and(|answer| answer.status == 200))
        },
    )?;
    let login = demo::load_login(&mut Secrets::open(&servers.state))?;
    let sandbox = Api::new(&addresses.sandbox);
    let demo = demo::create_missing(api, &sandbox, &login, &servers.state, interrupts)
        .unwrap_or_else(|error| {
            demo::Outcome::Missing(format!("{error:#}; the next run tries again"))
        });
    servers.must_live()?;
    if interrupts.count() == 0 {
        print_summary(&servers, options, addresses, &login, demo);
    }
    Ok(servers)
}

/// Exit code of `vigie migrate` for a database whose migrations are not the ones of this checkout.
const OTHER_LAYOUT: i32 = 3;

fn migrate(
    vigie: &Path,
    owner_url: &str,
    settings: &[(String, String)],
    options: &Options,
    interrupts: &Interrupts,
) -> Result<()> {
    report_progress("migrating");
    let mut command = process::server_command(vigie, StopSignal::Term, None);
    command.arg("migrate").envs(settings.iter().cloned());
    if read_setting("DATABASE_URL").is_none() {
        command.env("VIGIE_MIGRATION_URL", owner_url);
    }
    match process::run(&mut command, interrupts)?.code() {
        Some(0) => Ok(()),
        Some(OTHER_LAYOUT) if read_setting("DATABASE_URL").is_none() => bail!(
            "the data of earlier runs has an older layout: `{} --fresh` removes it and starts over",
            options.command()
        ),
        _ => bail!("the migration failed"),
    }
}

fn add(
    servers: &mut Servers,
    name: &'static str,
    program: &Path,
    args: &[&str],
    settings: &[(String, String)],
) -> Result<()> {
    let log = servers.state.folder("log")?.join(format!("{name}.log"));
    let mut command = process::server_command(program, StopSignal::Term, None);
    command
        .args(args)
        .envs(settings.iter().cloned())
        .current_dir(checkout::workspace_root());
    let interrupts = servers.interrupts.clone();
    servers.add(Server::start(
        name,
        command,
        &log,
        StopSignal::Term,
        &interrupts,
    )?)
}

fn await_port(servers: &mut Servers, address: &str, interrupts: &Interrupts) -> Result<()> {
    process::wait_until(
        "starting the sandbox",
        Duration::from_secs(30),
        interrupts,
        || {
            servers.must_live()?;
            Ok(std::net::TcpStream::connect(address).is_ok())
        },
    )
}

/// Waits for a signal; fails where a child ends by itself.
fn watch(servers: &mut Servers, interrupts: &Interrupts) -> Result<()> {
    while interrupts.count() == 0 {
        servers.must_live()?;
        thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// The environment of our processes: what the user set wins, secrets are made and kept.
fn vigie_settings(servers: &Servers, addresses: &Addresses) -> Result<Vec<(String, String)>> {
    let mut secrets = Secrets::open(&servers.state);
    let signing_keys = secrets.keep("VIGIE_SIGNING_KEYS", || {
        Ok(format!("k1:{}", secrets::random_hex(32)?))
    })?;
    let encryption_keys = secrets.keep("VIGIE_ENCRYPTION_KEYS", secrets::encryption_keys)?;
    let process_password = secrets.keep("VIGIE_PROCESS_PASSWORD", || secrets::random_hex(16))?;
    let blobs = servers.state.folder("blobs")?;
    let defaults = [
        ("VIGIE_SIGNING_KEYS", signing_keys),
        ("VIGIE_ENCRYPTION_KEYS", encryption_keys),
        ("VIGIE_BLOB_DIR", blobs.to_string_lossy().into_owned()),
        ("VIGIE_PUBLIC_URL", format!("http://{}", addresses.api)),
        ("VIGIE_SANDBOX_URL", format!("http://{}", addresses.sandbox)),
        ("VIGIE_PROVIDERS", "sandbox".to_owned()),
        (
            "VIGIE_SANDBOX_STATE",
            servers
                .state
                .dir
                .join("sandbox.json")
                .to_string_lossy()
                .into_owned(),
        ),
    ];
    let mut settings: Vec<(String, String)> = defaults
        .into_iter()
        .map(|(key, value)| (key.to_owned(), read_setting(key).unwrap_or(value)))
        .collect();
    let database_url = if servers.private_database {
        process_url(&servers.database_url, &process_password)?
    } else {
        servers.database_url.clone()
    };
    for (key, value) in [
        ("DATABASE_URL", &database_url),
        ("REDIS_URL", &servers.redis_url),
        ("VIGIE_API_ADDR", &addresses.api),
        ("VIGIE_METRICS_ADDR", &addresses.metrics),
        ("VIGIE_SANDBOX_ADDR", &addresses.sandbox),
    ] {
        settings.push((key.to_owned(), value.clone()));
    }
    Ok(settings)
}

/// Returns the URL of the database for the role that the processes connect as.
fn process_url(owner: &str, password: &str) -> Result<String> {
    let start = owner
        .find("://")
        .context("the database's URL has no scheme")?
        + 3;
    let host = owner.rfind('@').map_or(start, |at| at + 1);
    Ok(format!(
        "{}vigie_process:{password}@{}",
        &owner[..start],
        &owner[host..]
    ))
}

fn print_summary(
    servers: &Servers,
    options: &Options,
    addresses: &Addresses,
    login: &Login,
    demo: demo::Outcome,
) {
    let demo = match demo {
        demo::Outcome::Made(company) => {
            format!("{} / {} (company {company})", login.email, login.password)
        }
        demo::Outcome::Missing(reason) => format!("none: {reason}"),
    };
    let data = servers.data.join("\n             ");
    println!(
        "
Vigie runs.

  API        http://{api}/api/v1
  health     http://{api}/health/ready
  sandbox    http://{sandbox}/          messages as the recipients see them
  metrics    http://{metrics}/metrics
  demo       {demo}
  data       {data}
             files: {state}/blobs, demo files: {state}/demo
  logs       {state}/log
  secrets    {state}/secrets.env

Ctrl-C stops all of it and keeps the data; `{command} --fresh` starts over.",
        command = options.command(),
        api = addresses.api,
        sandbox = addresses.sandbox,
        metrics = addresses.metrics,
        state = servers.state.dir.display(),
    );
}

impl Addresses {
    /// Reads them, and fails at once where one is taken: the build takes minutes.
    fn from_environment() -> Result<Self> {
        // Held until all are known, so that no two are one.
        let mut held = Vec::new();
        let mut read = |key: &str, default: &str| -> Result<String> {
            let address = read_setting(key).unwrap_or_else(|| default.to_owned());
            held.push(ports::bind_address(key, &address)?);
            Ok(address)
        };
        Ok(Self {
            api: read("VIGIE_API_ADDR", "127.0.0.1:8080")?,
            metrics: read("VIGIE_METRICS_ADDR", "127.0.0.1:9464")?,
            sandbox: read("VIGIE_SANDBOX_ADDR", "127.0.0.1:8090")?,
        })
    }
}
