//! Keyed hashes, as the signatures of the services need them.

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// A MAC under a text key.
pub(crate) fn keyed<M: Mac + KeyInit>(key: &str) -> M {
    <M as Mac>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length")
}

/// HMAC-SHA256 over the parts, one after the other.
pub(crate) fn hmac_sha256(key: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = keyed::<Hmac<Sha256>>(key);
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}
