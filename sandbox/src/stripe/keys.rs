//! The fixed, public credentials that the sandbox accepts. The product's client repeats these
//! values, because neither side imports the other.

pub(super) const STRIPE_SECRET_KEY: &str = "sk_test_sandbox";
pub(super) const STRIPE_WEBHOOK_SECRET: &str = "whsec_sandbox";
/// Price ids with their monthly amount, in the smallest unit of XOF.
pub(super) const STRIPE_PRICES: [(&str, i64); 2] = [
    ("price_sandbox_pro", 25_000),
    ("price_sandbox_enterprise", 150_000),
];
