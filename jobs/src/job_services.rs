//! The services that all job bodies of a process share.

use platform::blobs::Blobs;
use platform::crypto::Keyring;
use platform::db::Db;
use providers::Providers;

/// What a job body may use beside its own transactions.
#[derive(Debug, Clone)]
pub struct Services {
    pub db: Db,
    pub providers: Providers,
    pub blobs: Blobs,
    pub keyring: Keyring,
    /// The API's address from outside, without a trailing slash, for the calls of providers.
    pub public_url: String,
    /// The address of the pages for people, without a trailing slash, for links in messages.
    pub console_url: String,
}

pub type Registry = platform::queue::Registry<Services>;
