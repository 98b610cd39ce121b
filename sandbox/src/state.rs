//! Everything that the sandbox knows, behind one lock that is never held over a wait.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::Method;
use serde::Serialize;

use crate::deliveries::Delivery;
use crate::faults::{self, Fault, Rule};
use crate::journal::{Journal, Line};
use crate::operations::Operation;
use crate::settings::Settings;
use crate::{brevo, meta, stripe, twilio};

/// Deliveries that are remembered.
const DELIVERIES_KEPT: usize = 1000;

/// A handle on the sandbox's state; clones share it.
#[derive(Clone)]
pub struct Sandbox {
    data: Arc<Mutex<Data>>,
    pub(crate) http: reqwest::Client,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").finish_non_exhaustive()
    }
}

#[derive(Default)]
pub(crate) struct Data {
    pub(crate) settings: Settings,
    pub(crate) rules: Vec<Rule>,
    pub(crate) calls: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
    pub(crate) deliveries: VecDeque<Delivery>,
    pub(crate) twilio: twilio::State,
    pub(crate) brevo: brevo::State,
    pub(crate) stripe: stripe::State,
    pub(crate) meta: meta::State,
    journal: Journal,
}

impl Default for Sandbox {
    /// An empty sandbox that keeps nothing on disk and calls nobody.
    fn default() -> Self {
        Self::with_data(Data::default())
    }
}

impl Sandbox {
    /// A sandbox, with what the file holds, if there is one.
    ///
    /// # Errors
    /// When the file can't be opened.
    pub fn open(settings: Settings, file: Option<PathBuf>) -> io::Result<Self> {
        let (journal, lines) = Journal::open(file)?;
        let mut data = Data {
            settings,
            journal,
            ..Data::default()
        };
        for line in lines {
            data.restore(line);
        }
        Ok(Self::with_data(data))
    }

    fn with_data(data: Data) -> Self {
        Self {
            data: Arc::new(Mutex::new(data)),
            http: crate::deliveries::client(),
        }
    }

    /// Puts a rule at the end of the list of faults.
    pub fn add_fault(&self, rule: Rule) {
        self.with(|data| data.rules.push(rule));
    }

    /// Strikes no more, whatever was added.
    pub fn clear_faults(&self) {
        self.with(|data| data.rules.clear());
    }

    /// Changes the settings.
    pub fn set(&self, change: impl FnOnce(&mut Settings)) {
        self.with(|data| change(&mut data.settings));
    }

    /// How often an operation was called, faults included.
    #[must_use]
    pub fn calls(&self, provider: &str, operation: &str) -> u64 {
        self.with(|data| {
            data.calls
                .get(provider)
                .and_then(|by| by.get(operation))
                .copied()
                .unwrap_or(0)
        })
    }

    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut Data) -> R) -> R {
        act(&mut self.data.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts a call and takes the fault that strikes it.
    pub(crate) fn strike(
        &self,
        operation: Operation,
        method: &Method,
        path: &str,
    ) -> Option<Fault> {
        self.with(|data| {
            *data
                .calls
                .entry(operation.provider)
                .or_default()
                .entry(operation.name)
                .or_default() += 1;
            faults::take(&mut data.rules, operation, method, path)
        })
    }

    /// Carries on with what a stop interrupted.
    pub(crate) fn resume(&self) {
        twilio::resume(self);
        brevo::resume(self);
    }
}

impl Data {
    pub(crate) fn keep<T: Serialize>(&mut self, kind: &str, object: &T) {
        self.journal.put(kind, object);
    }

    pub(crate) fn log(&mut self, delivery: Delivery) {
        if self.deliveries.len() == DELIVERIES_KEPT {
            self.deliveries.pop_front();
        }
        self.deliveries.push_back(delivery);
    }

    /// Forgets all but the settings and the faults.
    pub(crate) fn clear(&mut self) {
        self.journal.clear();
        self.calls.clear();
        self.deliveries.clear();
        self.twilio = twilio::State::default();
        self.brevo = brevo::State::default();
        self.stripe = stripe::State::default();
        self.meta = meta::State::default();
    }

    fn restore(&mut self, line: Line) {
        let Line { kind, value } = line;
        let known = self.twilio.restore(&kind, &value)
            || self.brevo.restore(&kind, &value)
            || self.stripe.restore(&kind, &value)
            || self.meta.restore(&kind, &value);
        if !known {
            tracing::warn!(kind, "line of the state file not understood");
        }
    }
}
