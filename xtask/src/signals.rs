//! Counts SIGINT, SIGTERM and SIGHUP: the first stops in order, the second at once.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// The error of work that a signal interrupted.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// The number of stop signals received so far.
#[derive(Clone)]
pub(crate) struct Interrupts(Arc<AtomicUsize>);

impl Interrupts {
    /// Handles the signals until the process exits.
    pub(crate) fn listen() -> Result<Self> {
        let mut signals =
            Signals::new([SIGINT, SIGTERM, SIGHUP]).context("listening to signals")?;
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        thread::spawn(move || {
            for _ in signals.forever() {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        Ok(Self(count))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Fails once a signal was received.
    pub(crate) fn require_none(&self) -> Result<()> {
        if self.count() > 0 {
            return Err(Interrupted.into());
        }
        Ok(())
    }
}
