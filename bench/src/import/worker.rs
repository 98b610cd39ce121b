//! The one worker process, as operators start it.

use std::process::{Child, Command, Stdio};

use anyhow::Context as _;
use secrecy::ExposeSecret as _;

use crate::service::{KEYRING, NO_PROVIDER_URL, SIGNING_KEYS, Service};

/// Killed when it is dropped.
pub(super) struct Worker(Child);

impl Worker {
    pub(super) fn start(service: &Service) -> anyhow::Result<Self> {
        let program = std::env::current_exe()?.with_file_name("vigie");
        let child = Command::new(program)
            .arg("worker")
            .env("DATABASE_URL", service.test.url().expose_secret())
            .env(
                "VIGIE_QUEUE_NAMESPACE",
                format!("bench-{}", uuid::Uuid::new_v4().simple()),
            )
            .env("VIGIE_METRICS_ADDR", "127.0.0.1:0")
            .env("VIGIE_PUBLIC_URL", &service.url)
            .env("VIGIE_SIGNING_KEYS", SIGNING_KEYS)
            .env("VIGIE_ENCRYPTION_KEYS", KEYRING)
            .env("VIGIE_BLOB_DIR", &service.blobs)
            .env("VIGIE_PROVIDERS", "sandbox")
            .env("VIGIE_SANDBOX_URL", NO_PROVIDER_URL)
            .env("VIGIE_LOG", "error")
            .stdout(Stdio::null())
            .spawn()
            .context("the executable beside this one")?;
        Ok(Self(child))
    }

    /// Returns the peak so far in MB of 10^6 bytes.
    pub(super) fn peak_memory(&mut self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .context("no VmHWM")?;
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib * 1_024.0 / 1e6)
    }

    pub(super) fn stop(&mut self) -> anyhow::Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // After `stop` the process is gone already.
        let _ = self.stop();
    }
}
