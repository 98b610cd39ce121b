//! The fixed, public credentials that the sandbox accepts. The product's client repeats these
//! values, because neither side imports the other.

pub(super) const META_APP_ID: &str = "1000000000000001";
pub(super) const META_APP_SECRET: &str = "sandbox-meta-secret";
pub(super) const META_ACCESS_TOKEN: &str = "EAAsandbox";
