//! Logs, metrics, and the trace context that a request passes on to every job it causes.

mod metrics;
mod trace;

pub use self::metrics::{METRICS, MetricsError, serve_metrics};
pub use self::trace::TraceContext;

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::Env;

/// The filter and format of logs: text for people, JSON for collectors.
#[derive(Debug, Clone, Default)]
pub struct LogConfig {
    pub filter: String,
    pub json: bool,
}

impl LogConfig {
    pub fn from_env(env: &mut Env) -> Self {
        let format = env.parse_or("VIGIE_LOG_FORMAT", "text".to_owned());
        if !matches!(format.as_str(), "text" | "json") {
            env.report_problem(format!(
                "VIGIE_LOG_FORMAT = {format:?} is neither text nor json"
            ));
        }
        Self {
            filter: env.parse_or("VIGIE_LOG", "info,sqlx=warn".to_owned()),
            json: format == "json",
        }
    }

    /// Starts logging to standard error. Call it once per process.
    pub fn start(&self) {
        let filter = EnvFilter::try_new(&self.filter).unwrap_or_else(|_| EnvFilter::new("info"));
        // No colours in a file or a collector.
        let logs = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr);
        let started = if self.json {
            logs.json().try_init()
        } else {
            logs.try_init()
        };
        if started.is_err() {
            tracing::debug!("logging was started before");
        }
    }
}
