//! The subject of an event of Stripe's: the subscription to read again, and its possible company.
//! No other part of the event is used. Fields as in Stripe's API reference for the three kinds of
//! object.

use platform::ids::CompanyId;
use serde_json::Value;

/// What an event requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Reading this subscription again.
    Subscription(Subject),
    /// Nothing: its kind or its object changes no subscription.
    Irrelevant,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub subscription: String,
    pub customer: Option<String>,
    /// The company that we stored on the checkout and on its subscription.
    pub company: Option<CompanyId>,
}

impl Notice {
    /// Parses an event by its type and its `data.object`.
    pub fn of_event(kind: &str, object: &Value) -> Self {
        let found = if kind.starts_with("customer.subscription.") {
            Some((read_id(&object["id"]), &object["metadata"]["company_id"]))
        } else if kind.starts_with("checkout.session.") {
            Some((
                read_id(&object["subscription"]),
                &object["client_reference_id"],
            ))
        } else if kind.starts_with("invoice.") {
            // Under `parent` since API 2025-03-31, on the invoice itself before.
            let details = &object["parent"]["subscription_details"];
            let subscription =
                read_id(&details["subscription"]).or_else(|| read_id(&object["subscription"]));
            Some((subscription, &details["metadata"]["company_id"]))
        } else {
            None
        };
        let Some((Some(subscription), company)) = found else {
            return Self::Irrelevant;
        };
        let company = company.as_str().and_then(|id| id.parse().ok());
        Self::Subscription(Subject {
            subscription,
            customer: read_id(&object["customer"]),
            company,
        })
    }
}

/// Returns an object's id, whether the object is expanded or not.
fn read_id(value: &Value) -> Option<String> {
    let id = value.as_str().or_else(|| value["id"].as_str())?;
    let is_valid =
        (1..=255).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    is_valid.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_of_event_names_its_subscription() {
        let company = CompanyId::new();
        let id = company.to_string();
        let cases = [
            (
                "customer.subscription.updated",
                json!({"id": "sub_1", "customer": "cus_1", "metadata": {"company_id": id}}),
            ),
            (
                "checkout.session.completed",
                json!({"id": "cs_1", "subscription": "sub_1", "customer": {"id": "cus_1"},
                    "client_reference_id": id}),
            ),
            (
                "invoice.paid",
                json!({"id": "in_1", "customer": "cus_1", "parent": {"subscription_details":
                {"subscription": "sub_1", "metadata": {"company_id": id}}}}),
            ),
        ];
        let expected = Subject {
            subscription: "sub_1".into(),
            customer: Some("cus_1".into()),
            company: Some(company),
        };
        for (kind, object) in cases {
            assert_eq!(
                Notice::of_event(kind, &object),
                Notice::Subscription(expected.clone()),
                "{kind}"
            );
        }
        let old_invoice = Notice::of_event(
            "invoice.payment_failed",
            &json!({"subscription": "sub_1", "customer": "cus_1"}),
        );
        assert_eq!(
            old_invoice,
            Notice::Subscription(Subject {
                company: None,
                ..expected
            })
        );
    }

    #[test]
    fn an_event_without_a_subscription_is_irrelevant() {
        let cases = [
            ("customer.created", json!({"id": "cus_1"})),
            (
                "checkout.session.completed",
                json!({"id": "cs_1", "mode": "payment"}),
            ),
            ("invoice.paid", json!({"id": "in_1"})),
            (
                "customer.subscription.updated",
                json!({"id": "../v1/charges"}),
            ),
            ("customer.subscription.updated", json!(null)),
        ];
        for (kind, object) in cases {
            assert_eq!(
                Notice::of_event(kind, &object),
                Notice::Irrelevant,
                "{kind} {object}"
            );
        }
    }
}
