//! Prometheus metrics, on a port of their own. Labels never hold ids.

use std::net::SocketAddr;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use metrics_util::MetricKindMask;

/// Every exported metric with its description. Dashboards and alert rules may use no other.
pub const METRICS: &[(&str, &str)] = &[
    ("vigie_jobs_enqueued_total", "jobs enqueued, by kind"),
    (
        "vigie_jobs_deduplicated_total",
        "jobs not enqueued because their unique key was taken, by kind",
    ),
    (
        "vigie_jobs_finished_total",
        "attempts that ended, by kind and outcome",
    ),
    ("vigie_job_wait_seconds", "from due to started, by kind"),
    ("vigie_job_run_seconds", "from started to ended, by kind"),
    (
        "vigie_job_cancel_seconds",
        "from a running job's cancellation to its end",
    ),
    (
        "vigie_job_failures_total",
        "attempts that failed, by kind and class",
    ),
    (
        "vigie_timer_runs_total",
        "runs that enqueue the jobs of a timer over rows, by timer and outcome",
    ),
    ("vigie_jobs_rescued_total", "jobs rescued from lost workers"),
    ("vigie_jobs_parked_total", "jobs parked, by reason"),
    ("vigie_queue_depth", "open jobs by queue and state"),
    (
        "vigie_queue_oldest_seconds",
        "age of the oldest due job, by queue",
    ),
    ("vigie_relay_lag_seconds", "from due to pushed"),
    (
        "vigie_scheduler_tick_age_seconds",
        "since the scheduler last checked for due ticks",
    ),
    (
        "vigie_workers_wanted",
        "worker processes that the runnable jobs need",
    ),
    (
        "vigie_http_requests_total",
        "requests by method, route template and status",
    ),
    (
        "vigie_http_request_seconds",
        "request time by method and route template",
    ),
    (
        "vigie_provider_requests_total",
        "provider calls by provider, operation and outcome",
    ),
    (
        "vigie_provider_request_seconds",
        "time of provider calls by provider and operation",
    ),
    ("vigie_db_pool_connections", "connections by role and state"),
    ("vigie_redis_up", "1 while Redis answers"),
    (
        "vigie_blob_free_bytes",
        "free bytes of the file system of VIGIE_BLOB_DIR",
    ),
    (
        "vigie_blob_reserve_bytes",
        "bytes of that file system that uploads leave free",
    ),
];

const SECONDS_BUCKETS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    60.0, 300.0, 1800.0,
];

/// The metrics address is in use, or the process serves metrics already.
#[derive(Debug, thiserror::Error)]
#[error("{addr} can't be listened on for metrics: set VIGIE_METRICS_ADDR to another ({cause})")]
pub struct MetricsError {
    addr: SocketAddr,
    cause: metrics_exporter_prometheus::BuildError,
}

/// Serves `GET /metrics` on `addr`. Call it once per process, inside a Tokio runtime.
pub fn serve_metrics(addr: SocketAddr) -> Result<(), MetricsError> {
    PrometheusBuilder::new()
        .with_http_listener(addr)
        // A former leader stops reporting the gauges of a leader.
        .idle_timeout(MetricKindMask::GAUGE, Some(Duration::from_secs(60)))
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS_BUCKETS)
        .and_then(PrometheusBuilder::install)
        .map_err(|cause| MetricsError { addr, cause })?;
    for (name, text) in METRICS {
        metrics::describe_counter!(*name, *text);
    }
    Ok(())
}
