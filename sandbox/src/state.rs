//! The state of the sandbox, behind one lock that is never held across an await.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::Method;
use serde::Serialize;

use crate::deliveries::Delivery;
use crate::faults::{self, Fault, Rule};
use crate::journal::{Journal, Record};
use crate::operation::Operation;
use crate::provider::{Provider, ProviderStates, RecordKind};
use crate::settings::Settings;

/// The number of deliveries that are kept.
const MAX_DELIVERIES: usize = 1000;

/// A handle to the state. Clones share the state.
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
    pub(crate) calls: BTreeMap<Provider, BTreeMap<&'static str, u64>>,
    pub(crate) deliveries: VecDeque<Delivery>,
    pub(crate) states: ProviderStates,
    journal: Journal,
}

impl Default for Sandbox {
    /// Returns an empty sandbox without a state file and without webhooks.
    fn default() -> Self {
        Self::from_data(Data::default())
    }
}

impl Sandbox {
    /// Returns a sandbox with the state of the file, if any.
    pub fn open(settings: Settings, file: Option<PathBuf>) -> io::Result<Self> {
        let (journal, records) = Journal::open(file)?;
        let mut data = Data {
            settings,
            journal,
            ..Data::default()
        };
        for record in records {
            data.restore_record(record);
        }
        Ok(Self::from_data(data))
    }

    fn from_data(data: Data) -> Self {
        Self {
            data: Arc::new(Mutex::new(data)),
            http: crate::deliveries::create_client(),
        }
    }

    /// Appends a rule to the list of faults.
    pub fn add_fault(&self, rule: Rule) {
        self.with_data(|data| data.rules.push(rule));
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.with_data(|data| data.rules.clear());
    }

    /// Changes the settings.
    pub fn set(&self, change: impl FnOnce(&mut Settings)) {
        self.with_data(|data| change(&mut data.settings));
    }

    /// Returns how often an operation was called, including calls with faults.
    #[must_use]
    pub fn count_calls(&self, provider: Provider, operation: &str) -> u64 {
        self.with_data(|data| {
            data.calls
                .get(&provider)
                .and_then(|by| by.get(operation))
                .copied()
                .unwrap_or(0)
        })
    }

    pub(crate) fn with_data<R>(&self, act: impl FnOnce(&mut Data) -> R) -> R {
        act(&mut self.data.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts a call. Returns the fault that applies to it.
    pub(crate) fn register_call(
        &self,
        operation: Operation,
        method: &Method,
        path: &str,
    ) -> Option<Fault> {
        self.with_data(|data| {
            *data
                .calls
                .entry(operation.provider)
                .or_default()
                .entry(operation.name)
                .or_default() += 1;
            faults::take_fault(&mut data.rules, operation, method, path)
        })
    }
}

impl Data {
    pub(crate) fn keep_record(&mut self, kind: impl Serialize, object: &impl Serialize) {
        self.journal.append_record(kind, object);
    }

    pub(crate) fn log_delivery(&mut self, delivery: Delivery) {
        if self.deliveries.len() == MAX_DELIVERIES {
            self.deliveries.pop_front();
        }
        self.deliveries.push_back(delivery);
    }

    /// Clears everything except the settings and the faults.
    pub(crate) fn clear_state(&mut self) {
        self.journal.clear_file();
        self.calls.clear();
        self.deliveries.clear();
        self.states = ProviderStates::default();
    }

    fn restore_record(&mut self, record: Record<RecordKind>) {
        let Record { kind, value } = record;
        if let Err(error) = self.states.apply_record(kind, value) {
            tracing::warn!(?kind, %error, "record of the state file skipped");
        }
    }
}
