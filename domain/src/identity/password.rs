//! Which passwords are taken, and Argon2id. Hashing takes tens of milliseconds of one core: callers
//! on async threads send it to a bounded pool.

use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use rand::RngCore as _;

use crate::FieldError;

const SHORTEST: usize = 8;
/// In bytes; longer input only serves to make the hash slow.
const LONGEST: usize = 256;

static COMMON: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut words: Vec<_> = include_str!("common_passwords.txt")
        .lines()
        .map(plain)
        .collect();
    words.sort_unstable();
    words
});

/// Says no to a password that is too short, common, or made of the person's own name or address
/// with digits, signs and look-alikes around.
pub fn check_password(
    field: &str,
    password: &str,
    email: &str,
    full_name: &str,
) -> Option<FieldError> {
    let refuse = |code, message: &str| {
        Some(FieldError {
            field: field.to_owned(),
            code,
            message: message.to_owned(),
        })
    };
    if password.chars().count() < SHORTEST {
        return refuse("password_too_short", "at least 8 characters");
    }
    if password.len() > LONGEST {
        return refuse("password_too_long", "at most 256 bytes");
    }
    if is_monotonous(password) || is_common(password) {
        return refuse(
            "password_too_common",
            "in every list of common passwords, or nearly",
        );
    }
    if is_personal(password, email, full_name) {
        return refuse(
            "password_too_personal",
            "made of the name or the e-mail address",
        );
    }
    None
}

/// Hashes with Argon2id (19 MiB, 2 passes) and a fresh salt, in PHC form.
pub fn hash_password(password: &str) -> String {
    let mut salt = [0_u8; 16];
    rand::rng().fill_bytes(&mut salt);
    let salt = SaltString::encode_b64(&salt).expect("16 bytes make a salt");
    Argon2::default()
        .hash_password(password.as_bytes(), &salt)
        .expect("the default parameters are valid")
        .to_string()
}

/// Whether `password` is the one behind `hash`. Without a hash, for an account that doesn't exist,
/// it does the same work and says no.
pub fn verify_password(password: &str, hash: Option<&str>) -> bool {
    static NOBODY: LazyLock<String> = LazyLock::new(|| hash_password("nobody signs in with this"));
    let known = hash.is_some();
    let hash = hash.unwrap_or(&NOBODY);
    let matches = PasswordHash::new(hash).is_ok_and(|parsed| {
        Argon2::default()
            .verify_password(password.as_bytes(), &parsed)
            .is_ok()
    });
    known && matches
}

fn is_common(password: &str) -> bool {
    let is_listed = |word: String| COMMON.binary_search(&word).is_ok();
    is_listed(plain(password)) || is_listed(plain(core(password)))
}

fn is_personal(password: &str, email: &str, full_name: &str) -> bool {
    let core = plain(core(password));
    let local = email.split('@').next().unwrap_or_default();
    let name: String = plain(full_name).split_whitespace().collect();
    let parts = full_name
        .split_whitespace()
        .map(plain)
        .chain([plain(local), plain(email), name]);
    parts
        .filter(|part| part.chars().count() >= 3)
        .any(|part| core == part)
}

/// Fewer than four different characters, or each one step from the one before it.
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

/// What is left without the digits and signs that people add at both ends.
fn core(password: &str) -> &str {
    let stripped = password.trim_matches(|c: char| !c.is_alphabetic());
    if stripped.is_empty() {
        password
    } else {
        stripped
    }
}

/// Lower case, with digits and signs read as the letters they stand for.
fn plain(text: &str) -> String {
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
    fn passwords_that_others_would_guess_are_refused() {
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
            let refused = check_password("password", password, "awa.diop@example.sn", "Awa Diop");
            assert_eq!(refused.map(|f| f.code), expected, "{password}");
        }
        assert!(check_password("password", &"x1y2".repeat(100), "a@b.sn", "A").is_some());
    }

    #[test]
    fn a_hash_is_argon2id_and_fits_its_own_password_only() {
        let hash = hash_password("ndeye-vend-du-riz");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify_password("ndeye-vend-du-riz", Some(&hash)));
        assert!(!verify_password("ndeye-vend-du-mil", Some(&hash)));
        assert!(!verify_password("nobody signs in with this", None));
    }
}
