//! The sandbox's app.

use crate::MetaCredentials;

const APP_ID: &str = "1000000000000001";
const APP_SECRET: &str = "sandbox-meta-secret";
const API_VERSION: &str = "v26.0";
/// A token that the sandbox accepts, with two ad accounts behind it.
pub const META_ACCESS_TOKEN: &str = "EAAsandbox";

pub(crate) fn sandbox_credentials() -> MetaCredentials {
    MetaCredentials {
        app_id: APP_ID.into(),
        app_secret: APP_SECRET.into(),
        api_version: API_VERSION.into(),
    }
}
