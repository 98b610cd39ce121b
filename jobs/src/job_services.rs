//! What all job bodies of a process share.

use platform::blobs::Blobs;
use platform::crypto::Keyring;
use platform::db::Db;
use providers::Providers;

/// The doors to the outside that a job body may use, beside its own transaction.
#[derive(Debug, Clone)]
pub struct Services {
    pub db: Db,
    pub providers: Providers,
    pub blobs: Blobs,
    pub keyring: Keyring,
    /// Where the API is reached from outside, without a trailing slash: what callbacks and links name.
    pub public_url: String,
}

pub type Registry = platform::queue::Registry<Services>;
