//! The objects that we create at Stripe, and the parts of its objects that we use.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::response::Misread;

/// A customer to create.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewCustomer {
    pub email: String,
    pub metadata: BTreeMap<String, String>,
}

impl NewCustomer {
    pub(super) fn to_form(&self) -> Vec<(String, String)> {
        let email = ("email".to_owned(), self.email.clone());
        let metadata = self.metadata.iter();
        let metadata = metadata.map(|(key, value)| (format!("metadata[{key}]"), value.clone()));
        [email].into_iter().chain(metadata).collect()
    }
}

/// A checkout of one subscription.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewCheckout {
    pub price: String,
    pub success_url: String,
    pub cancel_url: String,
    /// Our company's id; the session carries it.
    pub client_reference_id: String,
    /// The customer of an earlier subscription; without it one is created for `customer_email`.
    pub customer: Option<String>,
    pub customer_email: Option<String>,
    /// Stored on the session and on the subscription that it creates.
    pub metadata: BTreeMap<String, String>,
}

impl NewCheckout {
    pub(super) fn to_form(&self) -> Vec<(String, String)> {
        let mut form: Vec<(String, String)> = [
            ("mode", "subscription"),
            ("line_items[0][price]", &self.price),
            ("line_items[0][quantity]", "1"),
            ("success_url", &self.success_url),
            ("cancel_url", &self.cancel_url),
            ("client_reference_id", &self.client_reference_id),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
        match (&self.customer, &self.customer_email) {
            (Some(customer), _) => form.push(("customer".into(), customer.clone())),
            (None, Some(email)) => form.push(("customer_email".into(), email.clone())),
            (None, None) => {}
        }
        for (key, value) in &self.metadata {
            form.push((format!("metadata[{key}]"), value.clone()));
            form.push((format!("subscription_data[metadata][{key}]"), value.clone()));
        }
        form
    }
}

/// A checkout session.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CheckoutSession {
    pub id: String,
    /// Where the customer pays; absent once the session is complete or expired.
    pub url: Option<String>,
    pub status: Option<String>,
    pub customer: Option<String>,
    pub subscription: Option<String>,
    pub client_reference_id: Option<String>,
}

impl CheckoutSession {
    /// Whether the session can still be paid.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.status.as_deref() == Some("open")
    }

    /// Whether the session was paid.
    #[must_use]
    pub fn is_paid(&self) -> bool {
        self.status.as_deref() == Some("complete")
    }
}

/// A visit to the customer portal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewPortal {
    pub customer: String,
    pub return_url: String,
}

impl NewPortal {
    pub(super) fn to_form(&self) -> [(&'static str, &str); 2] {
        [
            ("customer", &self.customer),
            ("return_url", &self.return_url),
        ]
    }
}

/// A portal session, with a single-use address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PortalSession {
    pub id: String,
    pub url: String,
}

/// A subscription, from a response or from an event's `data.object`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub id: String,
    pub customer: String,
    /// Stripe's word: `active`, `trialing`, `past_due`, `canceled`, `unpaid`, `incomplete`, ...
    pub status: String,
    /// The plan is one of the items, in no particular place.
    pub items: Vec<SubscriptionItem>,
    /// Of the first item.
    pub price: Option<String>,
    pub current_period_start: Option<DateTime<Utc>>,
    pub current_period_end: Option<DateTime<Utc>>,
    pub created: Option<DateTime<Utc>>,
    pub cancel_at_period_end: bool,
    /// When it will end, or has ended, by a cancellation for a certain time.
    pub cancel_at: Option<DateTime<Utc>>,
    pub latest_invoice: Option<String>,
    pub ended_at: Option<DateTime<Utc>>,
    pub metadata: BTreeMap<String, String>,
}

/// One price that a subscription bills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionItem {
    pub price: Option<String>,
    pub current_period_start: Option<DateTime<Utc>>,
    pub current_period_end: Option<DateTime<Utc>>,
}

impl Subscription {
    pub(super) fn from_response(object: &Value) -> Result<Self, Misread> {
        Self::from_object(object).ok_or_else(|| Misread("not a subscription".to_owned()))
    }

    /// Parses the object; `None` where it isn't a subscription. The period is on the item since
    /// API 2025-03-31, on the subscription before.
    #[must_use]
    pub fn from_object(object: &Value) -> Option<Self> {
        if object["object"].as_str() != Some("subscription") {
            return None;
        }
        let period =
            |item: &Value, key: &str| read_time(&item[key]).or_else(|| read_time(&object[key]));
        let items = object["items"]["data"].as_array();
        let items: Vec<_> = items
            .into_iter()
            .flatten()
            .map(|item| SubscriptionItem {
                price: read_id(&item["price"]),
                current_period_start: period(item, "current_period_start"),
                current_period_end: period(item, "current_period_end"),
            })
            .collect();
        let first = &object["items"]["data"][0];
        Some(Self {
            id: object["id"].as_str()?.to_owned(),
            customer: read_id(&object["customer"])?,
            status: object["status"].as_str()?.to_owned(),
            price: read_id(&first["price"]),
            current_period_start: period(first, "current_period_start"),
            current_period_end: period(first, "current_period_end"),
            items,
            cancel_at: read_time(&object["cancel_at"]),
            latest_invoice: read_id(&object["latest_invoice"]),
            created: read_time(&object["created"]),
            cancel_at_period_end: object["cancel_at_period_end"].as_bool().unwrap_or(false),
            ended_at: read_time(&object["ended_at"]),
            metadata: serde_json::from_value(object["metadata"].clone()).unwrap_or_default(),
        })
    }
}

/// Returns the payment of an invoice: in its list of payments since API 2025-03-31, on the invoice
/// itself before.
pub(super) fn payment_of_invoice(invoice: &Value) -> Option<String> {
    let payments = invoice["payments"]["data"].as_array();
    let paid = payments
        .into_iter()
        .flatten()
        .filter(|payment| payment["status"] == "paid")
        .find_map(|payment| read_id(&payment["payment"]["payment_intent"]));
    paid.or_else(|| read_id(&invoice["payment_intent"]))
}

pub(super) fn require_id(object: &Value) -> Result<String, Misread> {
    read_id(object).ok_or_else(|| Misread("an object without an id".to_owned()))
}

/// Returns an object's id, whether the object is expanded or not.
fn read_id(value: &Value) -> Option<String> {
    value
        .as_str()
        .or_else(|| value["id"].as_str())
        .map(ToOwned::to_owned)
}

fn read_time(value: &Value) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(value.as_i64()?, 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{NewCheckout, Subscription, payment_of_invoice};

    #[test]
    fn a_subscription_is_parsed_in_the_old_and_the_new_shape() {
        let price = json!({"id": "price_1"});
        let old = json!({
            "object": "subscription", "id": "sub_1", "customer": "cus_1", "status": "active",
            "current_period_end": 1_700_000_000, "items": {"data": [{"price": price}]},
        });
        let new = json!({
            "object": "subscription", "id": "sub_1", "customer": {"id": "cus_1"},
            "status": "active",
            "items": {"data": [{"price": price, "current_period_end": 1_700_000_000}]},
        });
        let read = Subscription::from_object(&old).unwrap();
        assert_eq!(Some(&read), Subscription::from_object(&new).as_ref());
        assert_eq!(read.price.as_deref(), Some("price_1"));
        assert_eq!(read.items.len(), 1);
        assert_eq!(read.items[0].current_period_end, read.current_period_end);
        assert!(Subscription::from_object(&json!({"object": "invoice", "id": "in_1"})).is_none());
    }

    #[test]
    fn the_payment_of_an_invoice_is_found_in_the_old_and_the_new_shape() {
        let new = json!({"payments": {"data": [
            {"status": "open", "payment": {"payment_intent": "pi_0"}},
            {"status": "paid", "payment": {"payment_intent": {"id": "pi_1"}}},
        ]}});
        assert_eq!(payment_of_invoice(&new).as_deref(), Some("pi_1"));
        let old = json!({"payment_intent": "pi_1"});
        assert_eq!(payment_of_invoice(&old).as_deref(), Some("pi_1"));
        assert_eq!(payment_of_invoice(&json!({"payment_intent": null})), None);
    }

    #[test]
    fn a_checkout_names_a_known_customer_instead_of_an_address() {
        let mut checkout = NewCheckout {
            customer_email: Some("a@b.sn".into()),
            ..NewCheckout::default()
        };
        checkout.metadata.insert("company_id".into(), "c1".into());
        let keys = |c: &NewCheckout| {
            c.to_form()
                .into_iter()
                .map(|(key, _)| key)
                .collect::<Vec<_>>()
        };
        assert!(keys(&checkout).contains(&"customer_email".to_owned()));
        assert!(keys(&checkout).contains(&"subscription_data[metadata][company_id]".to_owned()));
        checkout.customer = Some("cus_1".into());
        assert!(!keys(&checkout).contains(&"customer_email".to_owned()));
    }
}
