//! A private Redis with its append-only file on.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::postgres::last_lines;
use crate::process::{self, Server, StopSignal};
use crate::secrets::{self, Secrets};
use crate::signals::Interrupts;
use crate::state::{self, State};
use crate::{ports, programs};

/// A running Redis and its URL.
pub(crate) struct Running {
    pub(crate) server: Server,
    pub(crate) url: String,
}

/// Starts the private Redis of `state`.
pub(crate) fn start_redis(
    state: &State,
    secrets: &mut Secrets,
    interrupts: &Interrupts,
) -> Result<Running> {
    let program = programs::redis_server().context("no Redis on this machine")?;
    let data = state.folder("redis")?;
    let password = secrets.keep("REDIS_PASSWORD", || secrets::random_hex(16))?;
    let port = ports::find_free_port(state.note("redis-port").and_then(|port| port.parse().ok()))?;
    state.set_note("redis-port", &port.to_string())?;
    let config = state.dir.join("redis.conf");
    // The password is in a file because any user can read the command lines of processes.
    state::write_private(
        &config,
        &format!(
            "bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir \"{}\"\nappendonly yes\n\
             appendfsync everysec\nsave \"\"\nmaxmemory-policy noeviction\ndaemonize no\n",
            data.display()
        ),
    )?;
    let log = state.folder("log")?.join("redis.log");
    let mut command = process::server_command(&program, StopSignal::Term, None);
    command
        .arg(&config)
        .current_dir(&data)
        .env_remove("LD_LIBRARY_PATH");
    let mut server = Server::start("redis", command, &log, StopSignal::Term, interrupts)?;
    state.record_child(server.name, server.pid())?;
    process::wait_until(
        "starting Redis",
        Duration::from_secs(60),
        interrupts,
        || {
            if server.ended()?.is_some() {
                bail!(
                    "Redis exited during its start; the end of its log:\n{}",
                    last_lines(&log)
                );
            }
            Ok(responds_to_ping(port, &password))
        },
    )?;
    Ok(Running {
        server,
        url: format!("redis://:{password}@127.0.0.1:{port}/0"),
    })
}

/// Whether Redis responds to a PING, which it doesn't while it loads its file.
fn responds_to_ping(port: u16, password: &str) -> bool {
    let ping = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(format!("AUTH {password}\r\nPING\r\nQUIT\r\n").as_bytes())?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text.contains("+PONG"))
    };
    ping().unwrap_or(false)
}

/// Returns the folder of the data, to be shown to the user.
pub(crate) fn data_folder(state: &State) -> String {
    fs::canonicalize(state.dir.join("redis"))
        .unwrap_or_else(|_| state.dir.clone())
        .display()
        .to_string()
}
