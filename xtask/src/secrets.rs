//! Secrets of the private instances: made once, kept in a file that only its owner reads.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::state::{self, State};

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// `KEY=value` lines of `secrets.env`.
pub(crate) struct Secrets {
    path: PathBuf,
    values: Vec<(String, String)>,
}

impl Secrets {
    pub(crate) fn open(state: &State) -> Self {
        let path = state.dir.join("secrets.env");
        let text = fs::read_to_string(&path).unwrap_or_default();
        let values = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        Self { path, values }
    }

    /// The value kept under `key`; made by `make` and kept where there is none yet.
    pub(crate) fn keep(
        &mut self,
        key: &str,
        make: impl FnOnce() -> Result<String>,
    ) -> Result<String> {
        if let Some((_, value)) = self.values.iter().find(|(k, _)| k == key) {
            return Ok(value.clone());
        }
        let value = make()?;
        self.values.push((key.to_owned(), value.clone()));
        let text: String = self
            .values
            .iter()
            .map(|(k, v)| format!("{k}={v}\n"))
            .collect();
        state::write_private(&self.path, &text)?;
        Ok(value)
    }
}

/// `bytes` random bytes in hexadecimal.
pub(crate) fn random_hex(bytes: usize) -> Result<String> {
    Ok(random(bytes)?
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// `VIGIE_ENCRYPTION_KEYS` with one new key of 32 bytes.
pub(crate) fn encryption_keys() -> Result<String> {
    Ok(format!("k1:{}", base64(&random(32)?)))
}

fn random(bytes: usize) -> Result<Vec<u8>> {
    let mut buffer = vec![0; bytes];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut buffer))
        .context("reading /dev/urandom")?;
    Ok(buffer)
}

fn base64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .fold(0_u32, |all, byte| (all << 8) | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = (group >> (18 - 6 * place)) & 63;
            out.push(if place <= chunk.len() {
                char::from(BASE64[index as usize])
            } else {
                '='
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_follows_the_vectors_of_rfc_4648() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn two_secrets_differ_and_have_the_length_asked_for() {
        let (one, other) = (random_hex(32).unwrap(), random_hex(32).unwrap());
        assert_eq!(one.len(), 64);
        assert_ne!(one, other);
    }
}
