//! HS256 as the only algorithm of `jsonwebtoken`. The crate's own providers bring RSA and three
//! curves, which no token of ours uses and a forged header could name.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{Error, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use platform::crypto;

static HS256_ONLY: CryptoProvider = CryptoProvider {
    signer_factory: new_signer,
    verifier_factory: new_verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Installs the provider for the process; idempotent.
pub(super) fn install_provider() {
    // An error means that it is installed already.
    let _ = HS256_ONLY.install_default();
}

struct Hs256(Vec<u8>);

fn new_signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hs256(key.as_bytes().to_vec()))),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

fn new_verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hs256(key.try_get_as_bytes()?.to_vec()))),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        Ok(crypto::hmac_sha256(&self.0, message).to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        let expected = crypto::hmac_sha256(&self.0, message);
        if crypto::constant_time_eq(&expected, signature) {
            Ok(())
        } else {
            Err(Error::new())
        }
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7515, appendix A.1.
    const MESSAGE: &[u8] = b"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
        eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const KEY: &str =
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow==";
    const SIGNATURE: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    #[test]
    fn the_signature_matches_rfc_7515_and_other_algorithms_are_rejected() {
        install_provider();
        let signing = EncodingKey::from_urlsafe_base64_secret(KEY).unwrap();
        let verifying = DecodingKey::from_secret(signing.as_bytes());
        let signed = jsonwebtoken::crypto::sign(MESSAGE, &signing, Algorithm::HS256).unwrap();
        assert_eq!(signed, SIGNATURE);
        let verify = |message, algorithm| {
            jsonwebtoken::crypto::verify(SIGNATURE, message, &verifying, algorithm)
        };
        assert!(verify(MESSAGE, Algorithm::HS256).unwrap());
        assert!(!verify(b"another", Algorithm::HS256).unwrap());
        assert!(verify(MESSAGE, Algorithm::HS384).is_err());
        assert!(verify(MESSAGE, Algorithm::RS256).is_err());
    }
}
