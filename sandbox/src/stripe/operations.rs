//! The paths of the operations that the product's client calls.

use crate::operation::OperationPath;

pub(crate) const OPERATIONS: &[OperationPath] = &[
    ("POST", "v1/checkout/sessions", "create_checkout_session"),
    ("GET", "v1/checkout/sessions/*", "fetch_checkout_session"),
    (
        "POST",
        "v1/checkout/sessions/*/expire",
        "expire_checkout_session",
    ),
    (
        "POST",
        "v1/billing_portal/sessions",
        "create_portal_session",
    ),
    ("POST", "v1/customers", "create_customer"),
    ("GET", "v1/subscriptions/*", "fetch_subscription"),
    ("DELETE", "v1/subscriptions/*", "cancel_subscription"),
    ("GET", "v1/invoices/*", "fetch_invoice"),
    ("POST", "v1/refunds", "create_refund"),
    ("GET", "v1/events", "list_events"),
];
