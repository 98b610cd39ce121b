//! Ad accounts and tokens as Meta gives them.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

/// An ad account. Its days are those of its own time zone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AdAccount {
    /// `act_<number>`: what reports are asked of.
    pub id: String,
    #[serde(default)]
    pub name: String,
    /// ISO 4217.
    pub currency: String,
    /// IANA name.
    pub timezone_name: String,
    /// 1 is active; the rest are Meta's reasons not to be.
    #[serde(default)]
    pub account_status: u32,
}

/// A token and how long it lasts; without a lifetime it doesn't end by itself.
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
    pub(super) access_token: String,
    pub(super) expires_in: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct AccountPage {
    pub(super) data: Vec<AdAccount>,
    #[serde(default)]
    pub(super) paging: Paging,
}

/// Where a page lies in its list.
#[derive(Default, Deserialize)]
pub(super) struct Paging {
    cursors: Option<Cursors>,
    /// An address that holds the token: only its presence is looked at.
    next: Option<String>,
}

#[derive(Deserialize)]
struct Cursors {
    after: Option<String>,
}

impl Paging {
    /// The cursor of the next page; Meta gives cursors on the last page, too, but no `next`.
    pub(super) fn next_cursor(self) -> Option<String> {
        self.next.and(self.cursors?.after)
    }
}
