//! Tokens, digests, signatures and encryption at rest. Secrets live in types that don't print.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use rand::RngCore as _;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::config::Env;

/// Generates a secret of 256 random bits (43 characters of URL-safe base64) and the digest to
/// store.
pub fn random_token() -> (String, [u8; 32]) {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    let token = URL_SAFE_NO_PAD.encode(bytes);
    let digest = hash_sha256(token.as_bytes());
    (token, digest)
}

pub fn hash_sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Compares in a time that doesn't depend on where the two differ.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac =
        <Hmac<Sha256> as hmac::Mac>::new_from_slice(key).expect("HMAC accepts any key length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// Encryption keys by id; the first one seals. An envelope holds the id of its key, so keys can be
/// rotated: put the new key first, and keep the older ones while envelopes of theirs exist.
#[derive(Clone)]
pub struct Keyring {
    keys: Vec<(String, XChaCha20Poly1305)>,
}

/// An envelope that can't be opened: unknown key, truncated, changed, or sealed for another
/// context.
#[derive(Debug, thiserror::Error)]
#[error("the sealed value can't be opened")]
pub struct OpenError;

const NONCE_BYTES: usize = 24;

impl Keyring {
    /// Reads `VIGIE_ENCRYPTION_KEYS`: `id:base64 of 32 bytes`, comma-separated, newest first.
    pub fn from_env(env: &mut Env) -> Self {
        let text = env.read_secret("VIGIE_ENCRYPTION_KEYS");
        Self::parse(&text).unwrap_or_else(|problem| {
            if !text.expose_secret().is_empty() {
                env.report_problem(format!("VIGIE_ENCRYPTION_KEYS: {problem}"));
            }
            Self { keys: Vec::new() }
        })
    }

    /// Parses the format of `VIGIE_ENCRYPTION_KEYS`. The error never holds the text.
    pub fn parse(text: &SecretString) -> Result<Self, &'static str> {
        let keys = text
            .expose_secret()
            .split(',')
            .map(|entry| {
                let (id, key) = entry.trim().split_once(':').ok_or("a key is `id:base64`")?;
                let bytes = STANDARD.decode(key).map_err(|_| "a key isn't base64")?;
                if id.is_empty() || id.len() > 32 {
                    return Err("a key's id has 1 to 32 characters");
                }
                let cipher = XChaCha20Poly1305::new_from_slice(&bytes)
                    .map_err(|_| "a key isn't 32 bytes")?;
                Ok((id.to_owned(), cipher))
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { keys })
    }

    /// Seals `plaintext` for `context`, such as a table, column and row. An envelope moved
    /// elsewhere doesn't open. Its shape: one byte of id length, the id, 24 bytes of nonce, the
    /// ciphertext.
    pub fn seal(&self, context: &str, plaintext: &[u8]) -> Vec<u8> {
        let (id, cipher) = self.keys.first().expect("a keyring has a key");
        let mut nonce = [0_u8; NONCE_BYTES];
        rand::rng().fill_bytes(&mut nonce);
        let sealed = cipher
            .encrypt(
                XNonce::from_slice(&nonce),
                Payload {
                    msg: plaintext,
                    aad: context.as_bytes(),
                },
            )
            .expect("sealing in memory");
        let length = u8::try_from(id.len()).expect("ids are short");
        [&[length][..], id.as_bytes(), &nonce, &sealed].concat()
    }

    /// Opens an envelope that was sealed for `context`.
    pub fn open(&self, context: &str, envelope: &[u8]) -> Result<Vec<u8>, OpenError> {
        let (&length, rest) = envelope.split_first().ok_or(OpenError)?;
        let (id, rest) = rest.split_at_checked(length.into()).ok_or(OpenError)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_BYTES).ok_or(OpenError)?;
        let (_, cipher) = self
            .keys
            .iter()
            .find(|(known, _)| known.as_bytes() == id)
            .ok_or(OpenError)?;
        cipher
            .decrypt(
                XNonce::from_slice(nonce),
                Payload {
                    msg: sealed,
                    aad: context.as_bytes(),
                },
            )
            .map_err(|_| OpenError)
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<_> = self.keys.iter().map(|(id, _)| id).collect();
        f.debug_struct("Keyring").field("ids", &ids).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build_keyring(ids: &[&str]) -> Keyring {
        let text: Vec<_> = ids
            .iter()
            .map(|id| format!("{id}:{}", STANDARD.encode([id.as_bytes()[0]; 32])))
            .collect();
        Keyring::parse(&text.join(",").into()).unwrap()
    }

    #[test]
    fn a_sealed_value_opens_after_rotation_and_only_in_its_place() {
        let sealed = build_keyring(&["a"]).seal("connections:1", b"token");
        let rotated = build_keyring(&["b", "a"]);
        assert_eq!(rotated.open("connections:1", &sealed).unwrap(), b"token");
        assert!(rotated.open("connections:2", &sealed).is_err());
        assert!(
            build_keyring(&["b"])
                .open("connections:1", &sealed)
                .is_err()
        );
        assert!(rotated.open("connections:1", &sealed[..10]).is_err());
    }

    #[test]
    fn a_keyring_never_prints_its_keys() {
        assert_eq!(
            format!("{:?}", build_keyring(&["a"])),
            r#"Keyring { ids: ["a"] }"#
        );
    }
}
