//! The state of the sandbox, behind one lock that is never held across an await.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::deliveries::Delivery;
use crate::faults::{self, Fault, Rule};
use crate::journal::{Journal, Record, RecordKind};
use crate::operation::Operation;
use crate::provider::Provider;
use crate::settings::Settings;
use crate::{brevo, meta, stripe, twilio};

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
    pub(crate) twilio: twilio::State,
    pub(crate) brevo: brevo::State,
    pub(crate) stripe: stripe::State,
    pub(crate) meta: meta::State,
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

    /// Continues the messages and e-mails that a stop interrupted.
    pub(crate) fn resume_deliveries(&self) {
        twilio::resume_messages(self);
        brevo::resume_emails(self);
    }
}

impl Data {
    pub(crate) fn keep_record<T: Serialize>(&mut self, kind: RecordKind, object: &T) {
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
        self.twilio = twilio::State::default();
        self.brevo = brevo::State::default();
        self.stripe = stripe::State::default();
        self.meta = meta::State::default();
    }

    fn restore_record(&mut self, record: Record) {
        let Record { kind, value } = record;
        if let Err(error) = self.apply_record(kind, value) {
            tracing::warn!(?kind, %error, "record of the state file skipped");
        }
    }

    fn apply_record(&mut self, kind: RecordKind, value: Value) -> serde_json::Result<()> {
        match kind {
            RecordKind::Email => self.brevo.put_email(parse_value(value)?),
            RecordKind::Message => self.twilio.put_message(parse_value(value)?),
            RecordKind::Inbound => self.twilio.record_inbound(&parse_value(value)?),
            RecordKind::StripeObject => self.stripe.put_object(value),
            RecordKind::StripeEvent => self.stripe.put_event(parse_value(value)?),
            RecordKind::StripeReplay => self.stripe.put_replay(parse_value(value)?),
            RecordKind::MetaRun => self.meta.put_run(parse_value(value)?),
            RecordKind::MetaToken => self.meta.add_token(parse_value(value)?),
            RecordKind::MetaRevoked => self.meta.revoke_token(parse_value(value)?),
            RecordKind::MetaRestored => self.meta.restore_token(&parse_value::<String>(value)?),
        }
        Ok(())
    }
}

fn parse_value<T: DeserializeOwned>(value: Value) -> serde_json::Result<T> {
    serde_json::from_value(value)
}
