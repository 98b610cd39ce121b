//! Meta's Marketing API: ad accounts of a token, and insights by asynchronous reports.
//!
//! A report is started, polled and read page by page. The caller stores the run's id before the
//! first poll and the cursor between pages, so that a restarted job continues. Nothing here waits
//! or repeats.

mod accounts;
mod error_code;
mod operation;
mod report;
mod row;
mod run;
pub(crate) mod sandbox;
mod usage;

pub use accounts::{AdAccount, LongLivedToken};
pub use error_code::{LimitScope, scope_of_limit};
pub use operation::MetaOperation;
pub use report::{Level, ReportPage, ReportRequest};
pub use row::InsightRow;
pub use run::{ReportRun, RunFailure, RunStatus};
pub use usage::{Metered, Usage};

use std::fmt;

use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

use crate::error::ProviderError;
use crate::http::{Authorization, Request, Transport};
use crate::mac::hmac_sha256;
use crate::provider::Operation;
use crate::response::Misread;
use accounts::{AccountPage, TokenBody};
use report::PageBody;
use run::{RunBody, StartedBody};

pub(crate) const LIVE_URL: &str = "https://graph.facebook.com";
pub(crate) const SECRET_PREFIXES: &[&str] = &["EAA"];

/// Pages of ad accounts that one listing reads at most; a hundred accounts each.
const MAX_ACCOUNT_PAGES: usize = 50;

/// The app that companies grant access to, and the Graph version (`v26.0`).
#[derive(Debug, Clone)]
pub struct MetaCredentials {
    pub app_id: String,
    pub app_secret: SecretString,
    pub api_version: String,
}

/// The client of one Meta app; each call carries the connection's token.
#[derive(Clone)]
pub struct Meta {
    http: Transport,
    credentials: MetaCredentials,
}

impl fmt::Debug for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meta")
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}

impl Meta {
    pub(crate) fn new(connection: (Client, String), credentials: MetaCredentials) -> Self {
        let secrets = vec![credentials.app_secret.clone()];
        let authorization = Authorization::PerCall;
        Self {
            http: Transport::new(
                connection,
                authorization,
                error_code::classify_error,
                secrets,
            ),
            credentials,
        }
    }

    /// Exchanges a short-lived token for one of about 60 days.
    ///
    /// # Errors
    /// `NeedsReauth` where the token is no longer valid.
    pub async fn exchange_token(
        &self,
        token: &SecretString,
    ) -> Result<LongLivedToken, ProviderError> {
        let query = [
            ("grant_type", "fb_exchange_token"),
            ("client_id", &self.credentials.app_id),
            ("client_secret", self.credentials.app_secret.expose_secret()),
            ("fb_exchange_token", token.expose_secret()),
        ];
        let operation = Operation::Meta(MetaOperation::ExchangeToken);
        self.http
            .get(operation, &self.versioned_path("oauth/access_token"))
            .query(&query)
            .read(|body: TokenBody| Ok(body.into_token()))
            .await
    }

    /// Returns every ad account that the token may read.
    ///
    /// # Errors
    /// `Retry` for a list without an end, too.
    pub async fn list_ad_accounts(
        &self,
        token: &SecretString,
    ) -> Result<Vec<AdAccount>, ProviderError> {
        let operation = Operation::Meta(MetaOperation::ListAdAccounts);
        let fields = "id,account_id,name,currency,timezone_name,account_status";
        let (mut accounts, mut after) = (Vec::new(), None::<String>);
        for _ in 0..MAX_ACCOUNT_PAGES {
            let mut query = vec![("fields", fields.to_owned()), ("limit", "100".to_owned())];
            query.extend(after.clone().map(|cursor| ("after", cursor)));
            let page: AccountPage = self
                .http
                .get(operation, &self.versioned_path("me/adaccounts"))
                .query(&query)
                .query(&self.proof_pair(token))
                .bearer_token(token)
                .read_json()
                .await?;
            accounts.extend(page.data);
            let next = page.paging.next_cursor();
            if next.is_none() {
                return Ok(accounts);
            }
            if next == after {
                break;
            }
            after = next;
        }
        let text = "the list of ad accounts has no end";
        Err(ProviderError::interrupted(operation, text))
    }

    /// Starts a report over whole days and returns the run's id. A second run only costs quota.
    ///
    /// # Errors
    /// `TooMuchData` requires fewer days or a coarser level.
    pub async fn start_report(
        &self,
        token: &SecretString,
        report: &ReportRequest,
    ) -> Result<Metered<String>, ProviderError> {
        let operation = Operation::Meta(MetaOperation::StartReport);
        let path = self.versioned_path(&format!("{}/insights", report.account_id));
        let request = self.http.post(operation, &path).form(&report.to_form());
        self.read_metered(request, token, |body: StartedBody| Ok(body.report_run_id))
            .await
    }

    /// Returns the progress of a run. A failed run is a value, not an error.
    ///
    /// # Errors
    /// `Retry` right after the start, while the run isn't visible yet.
    pub async fn poll_report(
        &self,
        token: &SecretString,
        run_id: &str,
    ) -> Result<Metered<ReportRun>, ProviderError> {
        let operation = Operation::Meta(MetaOperation::PollReport);
        let request = self
            .http
            .get(operation, &self.versioned_path(run_id))
            .query(&[("fields", run::FIELDS)]);
        self.read_metered(request, token, RunBody::into_run).await
    }

    /// Returns one page of a completed run's rows, after the cursor `after`, at most `limit` rows.
    ///
    /// # Errors
    /// `TooMuchData` requires a smaller limit.
    pub async fn read_report(
        &self,
        token: &SecretString,
        run_id: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Metered<ReportPage>, ProviderError> {
        let operation = Operation::Meta(MetaOperation::ReadReport);
        let mut query = vec![("limit", limit.max(1).to_string())];
        query.extend(after.map(|cursor| ("after", cursor.to_owned())));
        let request = self
            .http
            .get(
                operation,
                &self.versioned_path(&format!("{run_id}/insights")),
            )
            .query(&query);
        self.read_metered(request, token, PageBody::into_page).await
    }

    async fn read_metered<Body: DeserializeOwned, T>(
        &self,
        request: Request<'_>,
        token: &SecretString,
        convert: impl FnOnce(Body) -> Result<T, Misread>,
    ) -> Result<Metered<T>, ProviderError> {
        let request = request.query(&self.proof_pair(token)).bearer_token(token);
        let response = request.send().await?;
        Ok(Metered {
            value: response.read(convert)?,
            usage: Usage::from_headers(&response.headers),
        })
    }

    fn proof_pair(&self, token: &SecretString) -> [(&'static str, String); 1] {
        let proof = compute_appsecret_proof(&self.credentials.app_secret, token);
        [("appsecret_proof", proof)]
    }

    fn versioned_path(&self, tail: &str) -> String {
        format!("/{}/{tail}", self.credentials.api_version)
    }
}

/// Proves that a call comes from the app that the token was granted to: HMAC-SHA256 of the token
/// under the app's secret, in hex.
fn compute_appsecret_proof(app_secret: &SecretString, token: &SecretString) -> String {
    let key = app_secret.expose_secret();
    hex::encode(hmac_sha256(key, &[token.expose_secret().as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::compute_appsecret_proof;
    use crate::mac::hmac_sha256;

    #[test]
    fn proofs_use_the_right_key_and_hash() {
        // The published vector of Meta's webhook signature: same key, same hash.
        let body = br#"{"object":"whatsapp_business_account"}"#;
        assert_eq!(
            hex::encode(hmac_sha256("app_secret", &[body])),
            "e790291ff924369c1f80c8b2cc24fb9ccd37600d883a729059d4bbfa632c882b"
        );
        assert_eq!(
            compute_appsecret_proof(&"app_secret".into(), &"EAAB".into()),
            "caf662f107cee61a88f57be426051490657f938941fed378bf84d684b3d663fc"
        );
    }
}
