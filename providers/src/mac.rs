//! Keyed hashes for the signatures of the services.

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Returns an empty MAC under a text key.
pub(crate) fn keyed_mac<M: Mac + KeyInit>(key: &str) -> M {
    <M as Mac>::new_from_slice(key.as_bytes()).expect("HMAC accepts keys of any length")
}

/// Computes HMAC-SHA256 over the concatenated parts.
pub(crate) fn hmac_sha256(key: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = keyed_mac::<Hmac<Sha256>>(key);
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}
