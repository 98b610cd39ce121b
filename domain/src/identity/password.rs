//! Which passwords are acceptable, and Argon2id. Hashing takes tens of milliseconds of one core:
//! async callers run it on a bounded pool.

use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use rand::RngCore as _;

use crate::FieldError;

const MIN_PASSWORD_CHARS: usize = 8;
/// Longer input would only make the hash slow.
const MAX_PASSWORD_BYTES: usize = 256;

static COMMON_PASSWORDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut words: Vec<_> = include_str!("common_passwords.txt")
        .lines()
        .map(fold_lookalikes)
        .collect();
    words.sort_unstable();
    words
});

/// Returns why a password is not acceptable: too short, common, or the person's own name or address
/// with digits, signs and look-alikes around it.
pub fn check_password(
    field: &str,
    password: &str,
    email: &str,
    full_name: &str,
) -> Option<FieldError> {
    let reject = |code, message: &str| {
        Some(FieldError {
            field: field.to_owned(),
            code,
            message: message.to_owned(),
        })
    };
    if password.chars().count() < MIN_PASSWORD_CHARS {
        return reject("password_too_short", "at least 8 characters");
    }
    if password.len() > MAX_PASSWORD_BYTES {
        return reject("password_too_long", "at most 256 bytes");
    }
    if is_monotonous(password) || is_common(password) {
        return reject(
            "password_too_common",
            "in lists of common passwords, or close to one",
        );
    }
    if is_personal(password, email, full_name) {
        return reject(
            "password_too_personal",
            "made of the name or the e-mail address",
        );
    }
    None
}

/// Hashes with Argon2id (19 MiB, 2 passes) and a random salt, in PHC form.
pub fn hash_password(password: &str) -> String {
    let mut salt = [0_u8; 16];
    rand::rng().fill_bytes(&mut salt);
    let salt = SaltString::encode_b64(&salt).expect("16 bytes make a salt");
    Argon2::default()
        .hash_password(password.as_bytes(), &salt)
        .expect("the default parameters are valid")
        .to_string()
}

/// Whether `hash` is of `password`. Without a hash, for an account that doesn't exist, it does the
/// same work and returns false, so that the duration doesn't reveal which accounts exist.
pub fn verify_password(password: &str, hash: Option<&str>) -> bool {
    static HASH_OF_NOBODY: LazyLock<String> =
        LazyLock::new(|| hash_password("nobody signs in with this"));
    let is_known = hash.is_some();
    let hash = hash.unwrap_or(&HASH_OF_NOBODY);
    let matches = PasswordHash::new(hash).is_ok_and(|parsed| {
        Argon2::default()
            .verify_password(password.as_bytes(), &parsed)
            .is_ok()
    });
    is_known && matches
}

fn is_common(password: &str) -> bool {
    let is_listed = |word: String| COMMON_PASSWORDS.binary_search(&word).is_ok();
    is_listed(fold_lookalikes(password)) || is_listed(fold_lookalikes(strip_decoration(password)))
}

fn is_personal(password: &str, email: &str, full_name: &str) -> bool {
    let core = fold_lookalikes(strip_decoration(password));
    let local = email.split('@').next().unwrap_or_default();
    let name: String = fold_lookalikes(full_name).split_whitespace().collect();
    let parts = full_name.split_whitespace().map(fold_lookalikes).chain([
        fold_lookalikes(local),
        fold_lookalikes(email),
        name,
    ]);
    parts
        .filter(|part| part.chars().count() >= 3)
        .any(|part| core == part)
}

/// Whether a password has fewer than four different characters, or is a sequence: `12345678`.
fn is_monotonous(password: &str) -> bool {
    let characters: Vec<u32> = password.to_lowercase().chars().map(u32::from).collect();
    let mut distinct = characters.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let steps_by = |step: i64| {
        characters
            .windows(2)
            .all(|w| i64::from(w[1]) - i64::from(w[0]) == step)
    };
    distinct.len() < 4 || steps_by(1) || steps_by(-1)
}

/// Removes the digits and signs that people add at both ends.
fn strip_decoration(password: &str) -> &str {
    let stripped = password.trim_matches(|c: char| !c.is_alphabetic());
    if stripped.is_empty() {
        password
    } else {
        stripped
    }
}

/// Returns the text in lower case, with look-alike digits and signs replaced by letters.
fn fold_lookalikes(text: &str) -> String {
    text.to_lowercase()
        .chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | '!' | '|' => 'i',
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' => 't',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_that_others_would_guess_are_rejected() {
        let cases = [
            ("short", Some("password_too_short")),
            ("aaaaaaaa", Some("password_too_common")),
            ("12345678", Some("password_too_common")),
            ("87654321", Some("password_too_common")),
            ("abcdefgh", Some("password_too_common")),
            ("password", Some("password_too_common")),
            ("P@ssw0rd!", Some("password_too_common")),
            ("Password123", Some("password_too_common")),
            ("azertyuiop", Some("password_too_common")),
            ("motdepasse1", Some("password_too_common")),
            ("Senegal2024", Some("password_too_common")),
            ("awa.diop2024", Some("password_too_personal")),
            ("AwaDiop!!", Some("password_too_personal")),
            ("ndeye-vend-du-riz", None),
            ("correct horse battery", None),
            ("tr0ub4dor&3x", None),
        ];
        for (password, expected) in cases {
            let rejected = check_password("password", password, "awa.diop@example.sn", "Awa Diop");
            assert_eq!(rejected.map(|f| f.code), expected, "{password}");
        }
        assert!(check_password("password", &"x1y2".repeat(100), "a@b.sn", "A").is_some());
    }

    #[test]
    fn a_hash_is_argon2id_and_matches_its_own_password_only() {
        let hash = hash_password("ndeye-vend-du-riz");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify_password("ndeye-vend-du-riz", Some(&hash)));
        assert!(!verify_password("ndeye-vend-du-mil", Some(&hash)));
        assert!(!verify_password("nobody signs in with this", None));
    }
}
