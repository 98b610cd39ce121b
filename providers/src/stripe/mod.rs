//! Stripe Billing: checkout and portal sessions, the subscription of record, the list of events,
//! and the signature of webhooks. Requests are form-encoded; v1 API.
//!
//! Every POST carries an idempotency key of the caller's, so that no failure is `Unknown`. Stripe
//! replays even a stored 500 under the same key.

mod codes;
mod event;
mod objects;
mod signature;

pub use event::{Event, EventPage, EventQuery};
pub use objects::{CheckoutSession, NewCheckout, NewPortal, PortalSession, Subscription};
pub use signature::{SignatureError, TOLERANCE_SECONDS, sign, verify};

use std::fmt;

use chrono::{DateTime, Utc};
use reqwest::{Client, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::error::{Provider, ProviderError};
use crate::http::{Call, Effect, Transport};
use crate::live::StripeCredentials;

/// The client of one Stripe account.
#[derive(Clone)]
pub struct Stripe {
    http: Transport,
    credentials: StripeCredentials,
}

impl fmt::Debug for Stripe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stripe")
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}

impl Stripe {
    pub(crate) fn new(client: Client, base: &str, credentials: StripeCredentials) -> Self {
        let secrets = vec![
            credentials.secret_key.clone(),
            credentials.webhook_secret.clone(),
        ];
        Self {
            http: Transport::new(client, base, codes::refusal, secrets),
            credentials,
        }
    }

    /// The price of the plan `pro`.
    #[must_use]
    pub fn price_pro(&self) -> &str {
        &self.credentials.price_pro
    }

    /// The price of the plan `enterprise`.
    #[must_use]
    pub fn price_enterprise(&self) -> &str {
        &self.credentials.price_enterprise
    }

    /// Opens a checkout of a subscription; `idempotency_key` is at most 255 characters.
    ///
    /// # Errors
    /// By the error map; `Retry` with the same key is safe.
    pub async fn create_checkout_session(
        &self,
        checkout: &NewCheckout,
        idempotency_key: &str,
    ) -> Result<CheckoutSession, ProviderError> {
        let request = self
            .post("/v1/checkout/sessions", idempotency_key)
            .form(&checkout.form());
        self.http
            .json(call("create_checkout_session"), request)
            .await
    }

    /// Opens the customer's own page to change or end a subscription.
    ///
    /// # Errors
    /// As [`Stripe::create_checkout_session`].
    pub async fn create_portal_session(
        &self,
        portal: &NewPortal,
        idempotency_key: &str,
    ) -> Result<PortalSession, ProviderError> {
        let request = self
            .post("/v1/billing_portal/sessions", idempotency_key)
            .form(&portal.form());
        self.http.json(call("create_portal_session"), request).await
    }

    /// The subscription as it stands now: the record that settles a disorder of events.
    ///
    /// # Errors
    /// `Permanent` with status 404 where it doesn't exist.
    pub async fn fetch_subscription(&self, id: &str) -> Result<Subscription, ProviderError> {
        let call = call("fetch_subscription");
        let request = self.signed_in(
            self.http
                .client
                .get(self.http.url(&format!("/v1/subscriptions/{id}"))),
        );
        let object: Value = self.http.json(call, request).await?;
        Subscription::from_object(&object)
            .ok_or_else(|| call.error(call.cut_off(), "answer is no subscription"))
    }

    /// One page of the account's events of the last 30 days, newest first.
    ///
    /// # Errors
    /// By the error map.
    pub async fn list_events(&self, query: &EventQuery) -> Result<EventPage, ProviderError> {
        let request = self
            .http
            .client
            .get(self.http.url("/v1/events"))
            .query(&query.pairs());
        self.http
            .json(call("list_events"), self.signed_in(request))
            .await
    }

    /// Checks a webhook's signature over the raw body, then reads the event.
    ///
    /// # Errors
    /// Says what is wrong with the header or the body; the answer to Stripe is 400 in each case.
    pub fn verify_event(
        &self,
        body: &[u8],
        signature: &str,
        now: DateTime<Utc>,
    ) -> Result<Event, SignatureError> {
        verify(
            self.credentials.webhook_secret.expose_secret(),
            body,
            signature,
            now,
        )?;
        Event::parse(body)
    }

    fn post(&self, path: &str, idempotency_key: &str) -> RequestBuilder {
        let request = self.http.client.post(self.http.url(path));
        self.signed_in(request)
            .header("Idempotency-Key", idempotency_key)
    }

    fn signed_in(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.credentials.secret_key.expose_secret())
    }
}

fn call(operation: &'static str) -> Call {
    Call {
        provider: Provider::Stripe,
        operation,
        effect: Effect::Repeatable,
    }
}
