//! Mailing links for accounts: the reset of a password, and the verification of an address.

use ::jobs::identity::SendAccountLink;
use domain::identity;
use domain::identity::links::{AccountLink, AccountLinkId, LinkPurpose};
use platform::crypto::{hash_sha256, random_token};
use platform::db;
use secrecy::{ExposeSecret as _, SecretString};

use super::login::require_allowed;
use crate::App;
use crate::auth::Peer;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};

/// Counts one request to mail a link to an address. Fails with 429 above the limit.
pub(super) async fn count_link_request(app: &App, email: &str, peer: Peer) -> Result<()> {
    let mut conn = app.db().app().acquire().await?;
    let network = peer.rate_limit_key();
    let attempts = identity::attempts::count_reset_attempt(&mut conn, email, &network).await?;
    require_allowed(attempts, db::load_now(&mut conn).await?)
}

/// Creates a link for the account of an address, with the job that mails it. Without an account the
/// same statements run, so that the duration doesn't reveal which accounts exist; the job then
/// sends nothing.
pub(super) async fn enqueue_link(app: &App, email: &str, purpose: LinkPurpose) -> Result<()> {
    let id = AccountLinkId::new();
    let (token, hash) = random_token();
    let sealed = app
        .keyring()
        .seal(&format!("account_links:{id}"), token.as_bytes());
    let mut tx = app.db().begin_engine().await?;
    identity::links::create_account_link(&mut tx, id, (email, purpose), &hash, &sealed).await?;
    let job = SendAccountLink { link_id: id };
    tx.enqueue(::jobs::platform_job(&job)).await?;
    Ok(tx.commit().await?)
}

/// Returns the open link of a token, or fails with 404.
pub(super) async fn require_link(
    app: &App,
    token: &SecretString,
    purpose: LinkPurpose,
) -> Result<AccountLink> {
    let hash = hash_sha256(token.expose_secret().as_bytes());
    let mut conn = app.db().app().acquire().await?;
    identity::links::find_account_link(&mut conn, &hash, purpose)
        .await?
        .ok_or_else(|| {
            Error::new(
                ErrorCode::TokenInvalid,
                "the link is unknown, used or has expired; request another",
            )
        })
}
