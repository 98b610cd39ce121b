//! Ad accounts and tokens in Meta's responses.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

/// An ad account. Its days are those of its own time zone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AdAccount {
    /// `act_<number>`, which reports are requested for.
    pub id: String,
    #[serde(default)]
    pub name: String,
    /// ISO 4217.
    pub currency: String,
    /// IANA name.
    pub timezone_name: String,
    /// 1 is active; the other numbers are Meta's reasons for an inactive account.
    #[serde(default)]
    pub account_status: u32,
}

/// A token and its lifetime; a token without one doesn't end by itself.
#[derive(Clone)]
pub struct LongLivedToken {
    pub token: SecretString,
    pub lifetime: Option<Duration>,
}

impl fmt::Debug for LongLivedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LongLivedToken")
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
pub(super) struct TokenBody {
    access_token: String,
    /// Seconds; 0 like absent.
    expires_in: Option<u64>,
}

impl TokenBody {
    pub(super) fn into_token(self) -> LongLivedToken {
        let seconds = self.expires_in.filter(|seconds| *seconds > 0);
        LongLivedToken {
            token: self.access_token.into(),
            lifetime: seconds.map(Duration::from_secs),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct AccountPage {
    pub(super) data: Vec<AdAccount>,
    #[serde(default)]
    pub(super) paging: Paging,
}

/// The place of a page in its list.
#[derive(Default, Deserialize)]
pub(super) struct Paging {
    cursors: Option<Cursors>,
    /// An address that contains the token: only its presence counts.
    next: Option<String>,
}

#[derive(Deserialize)]
struct Cursors {
    after: Option<String>,
}

impl Paging {
    /// Returns the cursor of the next page. The last page has cursors, too, but no `next`.
    pub(super) fn next_cursor(self) -> Option<String> {
        self.next.and(self.cursors?.after)
    }
}
