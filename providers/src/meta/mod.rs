//! Meta's Marketing API: ad accounts of a token, and insights by asynchronous reports.
//!
//! A report is started, polled and read page by page; the caller stores the run's id before the
//! first poll and the cursor between pages, so that a crash resumes. Nothing here waits or repeats.

mod accounts;
mod codes;
mod report;
mod row;
mod usage;

pub use accounts::{AdAccount, LongLivedToken};
pub use report::{Level, ReportPage, ReportRequest, ReportRun, RunFailure, RunStatus};
pub use row::InsightRow;
pub use usage::{Metered, Usage};

use std::fmt;
use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

use crate::error::{Provider, ProviderError};
use crate::http::{Call, Effect, Transport};
use crate::live::MetaCredentials;
use crate::mac::hmac_sha256;
use accounts::{AccountPage, TokenBody};
use report::{PageBody, RunBody, StartedBody};

/// Pages of ad accounts that one listing follows at most; a hundred accounts each.
const MAX_ACCOUNT_PAGES: usize = 50;

/// The client of one Meta app; each call names the connection's token.
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
    pub(crate) fn new(client: Client, base: &str, credentials: MetaCredentials) -> Self {
        let secrets = vec![credentials.app_secret.clone()];
        Self {
            http: Transport::new(client, base, codes::refusal, secrets),
            credentials,
        }
    }

    /// Exchanges a short token for one of about 60 days.
    ///
    /// # Errors
    /// `NeedsReauth` where the token isn't valid any more.
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
        let request = self
            .http
            .client
            .get(self.url("oauth/access_token"))
            .query(&query);
        let body: TokenBody = self.http.json(call("exchange_token"), request).await?;
        let lifetime = body
            .expires_in
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs);
        Ok(LongLivedToken {
            token: body.access_token.into(),
            lifetime,
        })
    }

    /// Every ad account that the token may read.
    ///
    /// # Errors
    /// By the error map.
    pub async fn list_ad_accounts(
        &self,
        token: &SecretString,
    ) -> Result<Vec<AdAccount>, ProviderError> {
        let fields = "id,account_id,name,currency,timezone_name,account_status";
        let (mut accounts, mut after) = (Vec::new(), None);
        for _ in 0..MAX_ACCOUNT_PAGES {
            let mut query = vec![("fields", fields.to_owned()), ("limit", "100".to_owned())];
            query.extend(after.map(|cursor| ("after", cursor)));
            let request = self
                .http
                .client
                .get(self.url("me/adaccounts"))
                .query(&query);
            let page: Metered<AccountPage> =
                self.ask(call("list_ad_accounts"), token, request).await?;
            accounts.extend(page.value.data);
            after = page.value.paging.next_cursor();
            if after.is_none() {
                break;
            }
        }
        Ok(accounts)
    }

    /// Starts a report over whole days; the answer is the run's id. A second run is only waste.
    ///
    /// # Errors
    /// `TooMuchData`: ask for fewer days or a coarser level.
    pub async fn start_report(
        &self,
        token: &SecretString,
        report: &ReportRequest,
    ) -> Result<Metered<String>, ProviderError> {
        let url = self.url(&format!("{}/insights", report.account_id));
        let request = self.http.client.post(url).form(&report.form());
        let started: Metered<StartedBody> = self.ask(call("start_report"), token, request).await?;
        Ok(started.map(|body| body.report_run_id))
    }

    /// How far a run is. `Retry` right after the start: the run isn't visible yet.
    ///
    /// # Errors
    /// By the error map; a run that failed is an answer, not an error.
    pub async fn poll_report(
        &self,
        token: &SecretString,
        run_id: &str,
    ) -> Result<Metered<ReportRun>, ProviderError> {
        let call = call("poll_report");
        let request = self
            .http
            .client
            .get(self.url(run_id))
            .query(&[("fields", report::RUN_FIELDS)]);
        let body: Metered<RunBody> = self.ask(call, token, request).await?;
        let usage = body.usage;
        Ok(Metered {
            value: body.value.into_run(&call)?,
            usage,
        })
    }

    /// One page of a completed run's rows, from the cursor `after` on, `limit` rows at most.
    ///
    /// # Errors
    /// `TooMuchData`: ask again with half the limit.
    pub async fn read_report(
        &self,
        token: &SecretString,
        run_id: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Metered<ReportPage>, ProviderError> {
        let call = call("read_report");
        let mut query = vec![("limit", limit.max(1).to_string())];
        query.extend(after.map(|cursor| ("after", cursor.to_owned())));
        let request = self
            .http
            .client
            .get(self.url(&format!("{run_id}/insights")))
            .query(&query);
        let body: Metered<PageBody> = self.ask(call, token, request).await?;
        let usage = body.usage;
        Ok(Metered {
            value: body.value.into_page(&call)?,
            usage,
        })
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        call: Call,
        token: &SecretString,
        request: RequestBuilder,
    ) -> Result<Metered<T>, ProviderError> {
        let proof = appsecret_proof(&self.credentials.app_secret, token);
        let request = request
            .bearer_auth(token.expose_secret())
            .query(&[("appsecret_proof", proof)]);
        let answer = self.http.send(call, request).await?;
        Ok(Metered {
            value: answer.json(&call)?,
            usage: Usage::read(&answer.headers),
        })
    }

    fn url(&self, path: &str) -> String {
        self.http
            .url(&format!("/{}/{path}", self.credentials.api_version))
    }
}

/// Proof that a call comes from the app that the token was given to: HMAC-SHA256 of the token under
/// the app's secret, in hex.
#[must_use]
pub fn appsecret_proof(app_secret: &SecretString, token: &SecretString) -> String {
    hex::encode(hmac_sha256(
        app_secret.expose_secret(),
        &[token.expose_secret().as_bytes()],
    ))
}

fn call(operation: &'static str) -> Call {
    Call {
        provider: Provider::Meta,
        operation,
        effect: Effect::Repeatable,
    }
}

#[cfg(test)]
mod tests {
    use super::appsecret_proof;
    use crate::mac::hmac_sha256;

    #[test]
    fn proofs_are_made_with_the_right_key_and_hash() {
        // The published vector of Meta's webhook signature: same key, same hash.
        let webhook = hmac_sha256(
            "app_secret",
            &[br#"{"object":"whatsapp_business_account"}"#],
        );
        assert_eq!(
            hex::encode(webhook),
            "e790291ff924369c1f80c8b2cc24fb9ccd37600d883a729059d4bbfa632c882b"
        );
        let proof = appsecret_proof(&"app_secret".into(), &"EAAB".into());
        assert_eq!(
            proof,
            "caf662f107cee61a88f57be426051490657f938941fed378bf84d684b3d663fc"
        );
    }
}
