//! The keys that sign access tokens, by id: the first signs, all verify. Two generations are enough
//! for a rotation, because an access token is valid for 15 minutes.

use std::fmt;
use std::str::FromStr;

use jsonwebtoken::{DecodingKey, EncodingKey};

const MIN_KEY_BYTES: usize = 32;

/// The keys of `VIGIE_SIGNING_KEYS`: `id:secret`, newest first, separated by commas.
#[derive(Clone, Default)]
pub struct SigningKeys {
    keys: Vec<SigningKey>,
}

#[derive(Clone)]
pub(super) struct SigningKey {
    /// The `kid` of a token's header.
    pub(super) id: String,
    pub(super) signing: EncodingKey,
    pub(super) verifying: DecodingKey,
}

impl SigningKeys {
    /// The key that signs; none where the list is empty.
    pub(super) fn newest(&self) -> Option<&SigningKey> {
        self.keys.first()
    }

    pub(super) fn find(&self, id: &str) -> Option<&SigningKey> {
        self.keys.iter().find(|key| key.id == id)
    }
}

impl FromStr for SigningKeys {
    type Err = String;

    /// The error names no secret.
    fn from_str(text: &str) -> Result<Self, String> {
        let keys = text
            .split(',')
            .map(parse_key)
            .collect::<Result<Vec<_>, _>>()?;
        for (index, key) in keys.iter().enumerate() {
            if keys[..index].iter().any(|other| other.id == key.id) {
                return Err(format!("the id {:?} stands twice", key.id));
            }
        }
        Ok(Self { keys })
    }
}

fn parse_key(entry: &str) -> Result<SigningKey, String> {
    let form = "a key is `id:secret`, newest first, separated by commas";
    let (id, secret) = entry.trim().split_once(':').ok_or(form)?;
    if id.is_empty() || id.len() > 32 {
        return Err("a key's id has 1 to 32 characters".to_owned());
    }
    if secret.len() < MIN_KEY_BYTES {
        let length = secret.len();
        return Err(format!(
            "the secret of {id:?} has {length} bytes; it needs at least {MIN_KEY_BYTES}"
        ));
    }
    Ok(SigningKey {
        id: id.to_owned(),
        signing: EncodingKey::from_secret(secret.as_bytes()),
        verifying: DecodingKey::from_secret(secret.as_bytes()),
    })
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.keys.iter().map(|key| &key.id).collect();
        f.debug_struct("SigningKeys").field("ids", &ids).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_distinct_ids_and_32_bytes_and_are_never_printed() {
        let (new, old) = ("n".repeat(32), "o".repeat(40));
        let keys: SigningKeys = format!("b:{new}, a:{old}").parse().unwrap();
        assert_eq!(keys.newest().unwrap().id, "b");
        assert!(keys.find("a").is_some() && keys.find("c").is_none());
        assert_eq!(format!("{keys:?}"), r#"SigningKeys { ids: ["b", "a"] }"#);
        for wrong in [
            String::new(),
            new.clone(),
            format!("a:{new},a:{old}"),
            "a:short".into(),
        ] {
            let error = wrong.parse::<SigningKeys>().unwrap_err();
            assert!(!error.contains("short") && !error.contains(&new), "{error}");
        }
    }
}
