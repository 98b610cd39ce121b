//! Stripe Billing: checkout and portal sessions, the subscription of record, the list of events,
//! and the signature of webhooks. Requests are form-encoded; v1 API.
//!
//! Every POST carries an idempotency key of the caller's, so that no failure is `Unknown`. Stripe
//! replays even a stored 500 under the same key.

mod error_code;
mod event;
mod objects;
mod operation;
pub(crate) mod sandbox;
mod signature;

pub use event::{Event, EventPage, EventQuery};
pub use objects::{
    CheckoutSession, NewCheckout, NewCustomer, NewPortal, PortalSession, Subscription,
    SubscriptionItem,
};
pub use operation::StripeOperation;
pub use signature::{SignatureError, sign_event};

use std::fmt;

use chrono::{DateTime, Utc};
use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::error::ProviderError;
use crate::http::{Authorization, Transport};
use crate::provider::Operation;
use objects::require_id;

pub(crate) const LIVE_URL: &str = "https://api.stripe.com";
pub(crate) const SECRET_PREFIXES: &[&str] = &["sk_", "rk_", "whsec_"];

/// Secret key, webhook secret, and the price of each paid plan.
#[derive(Debug, Clone)]
pub struct StripeCredentials {
    pub secret_key: SecretString,
    pub webhook_secret: SecretString,
    pub price_pro: String,
    pub price_enterprise: String,
}

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
    pub(crate) fn new(connection: (Client, String), credentials: StripeCredentials) -> Self {
        let authorization = Authorization::Bearer(credentials.secret_key.clone());
        let secrets = vec![
            credentials.secret_key.clone(),
            credentials.webhook_secret.clone(),
        ];
        Self {
            http: Transport::new(
                connection,
                authorization,
                error_code::classify_error,
                secrets,
            ),
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

    /// Creates a customer and returns its id; `idempotency_key` is at most 255 characters.
    ///
    /// # Errors
    /// `Retry` with the same key is safe.
    pub async fn create_customer(
        &self,
        customer: &NewCustomer,
        idempotency_key: &str,
    ) -> Result<String, ProviderError> {
        let operation = Operation::Stripe(StripeOperation::CreateCustomer);
        self.http
            .post(operation, "/v1/customers")
            .header("Idempotency-Key", idempotency_key)
            .form(&customer.to_form())
            .read(|object: Value| require_id(&object))
            .await
    }

    /// Opens a checkout of a subscription; `idempotency_key` is at most 255 characters.
    ///
    /// # Errors
    /// `Retry` with the same key is safe.
    pub async fn create_checkout_session(
        &self,
        checkout: &NewCheckout,
        idempotency_key: &str,
    ) -> Result<CheckoutSession, ProviderError> {
        let operation = Operation::Stripe(StripeOperation::CreateCheckoutSession);
        self.http
            .post(operation, "/v1/checkout/sessions")
            .header("Idempotency-Key", idempotency_key)
            .form(&checkout.to_form())
            .read_json()
            .await
    }

    /// Returns the present state of a checkout session.
    ///
    /// # Errors
    /// `Permanent` with status 404 where it doesn't exist.
    pub async fn fetch_checkout_session(&self, id: &str) -> Result<CheckoutSession, ProviderError> {
        let operation = Operation::Stripe(StripeOperation::FetchCheckoutSession);
        self.http
            .get(operation, &format!("/v1/checkout/sessions/{id}"))
            .read_json()
            .await
    }

    /// Ends an open checkout session, so that nobody can pay it.
    ///
    /// # Errors
    /// `Permanent` where the session isn't open.
    pub async fn expire_checkout_session(
        &self,
        id: &str,
    ) -> Result<CheckoutSession, ProviderError> {
        let operation = Operation::Stripe(StripeOperation::ExpireCheckoutSession);
        self.http
            .post(operation, &format!("/v1/checkout/sessions/{id}/expire"))
            .read_json()
            .await
    }

    /// Opens the customer's own page, to change or end a subscription.
    ///
    /// # Errors
    /// `Retry` with the same key is safe.
    pub async fn create_portal_session(
        &self,
        portal: &NewPortal,
        idempotency_key: &str,
    ) -> Result<PortalSession, ProviderError> {
        let operation = Operation::Stripe(StripeOperation::CreatePortalSession);
        self.http
            .post(operation, "/v1/billing_portal/sessions")
            .header("Idempotency-Key", idempotency_key)
            .form(&portal.to_form())
            .read_json()
            .await
    }

    /// Returns the subscription's present record, which settles any disorder of events.
    ///
    /// # Errors
    /// `Permanent` with status 404 where it doesn't exist.
    pub async fn fetch_subscription(&self, id: &str) -> Result<Subscription, ProviderError> {
        let operation = Operation::Stripe(StripeOperation::FetchSubscription);
        self.http
            .get(operation, &format!("/v1/subscriptions/{id}"))
            .read(|object: Value| Subscription::from_response(&object))
            .await
    }

    /// Cancels a subscription at once and returns its record.
    ///
    /// # Errors
    /// `Permanent` with status 404 where it doesn't exist or was cancelled.
    pub async fn cancel_subscription(&self, id: &str) -> Result<Subscription, ProviderError> {
        let operation = Operation::Stripe(StripeOperation::CancelSubscription);
        self.http
            .delete(operation, &format!("/v1/subscriptions/{id}"))
            .read(|object: Value| Subscription::from_response(&object))
            .await
    }

    /// Returns the id of the payment of an invoice; `None` where nothing was paid.
    pub async fn find_invoice_payment(
        &self,
        invoice: &str,
    ) -> Result<Option<String>, ProviderError> {
        let operation = Operation::Stripe(StripeOperation::FetchInvoice);
        self.http
            .get(operation, &format!("/v1/invoices/{invoice}"))
            .query(&[("expand[]", "payments")])
            .read(|object: Value| Ok(objects::payment_of_invoice(&object)))
            .await
    }

    /// Refunds a payment in full and returns the refund's id.
    ///
    /// # Errors
    /// `Retry` with the same key is safe. `Permanent` with the code `charge_already_refunded`.
    pub async fn create_refund(
        &self,
        payment: &str,
        idempotency_key: &str,
    ) -> Result<String, ProviderError> {
        let operation = Operation::Stripe(StripeOperation::CreateRefund);
        self.http
            .post(operation, "/v1/refunds")
            .header("Idempotency-Key", idempotency_key)
            .form(&[("payment_intent", payment), ("reason", "duplicate")])
            .read(|object: Value| require_id(&object))
            .await
    }

    /// Returns one page of the account's events of the last 30 days, newest first.
    pub async fn list_events(&self, query: &EventQuery) -> Result<EventPage, ProviderError> {
        self.http
            .get(Operation::Stripe(StripeOperation::ListEvents), "/v1/events")
            .query(&query.to_pairs())
            .read_json()
            .await
    }

    /// Verifies a webhook's signature over the raw body, then parses the event.
    ///
    /// # Errors
    /// Names the failed step; each is a 400 to Stripe.
    pub fn verify_event(
        &self,
        body: &[u8],
        signature: &str,
        now: DateTime<Utc>,
    ) -> Result<Event, SignatureError> {
        let secret = self.credentials.webhook_secret.expose_secret();
        signature::verify_header(secret, body, signature, now)?;
        Event::parse(body)
    }
}
