//! The clock's door to refreshes: one job per connected account, spread over the time until the next
//! tick, so that neither Meta nor the fleet sees them all at once.

use chrono::TimeDelta;
use domain::ads::{self, AccountId};
use platform::queue::{Job, JobContext, JobResult, JobScope, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::RefreshAccount;
use crate::{Services, job};

/// A little less than the two hours between ticks.
const SPREAD_SECONDS: i64 = 100 * 60;
const BATCH: usize = 1_000;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshAllAccounts {}

impl Job<Services> for RefreshAllAccounts {
    const NAME: &'static str = "ads.refresh_all_accounts";
    const SCOPE: JobScope = JobScope::Platform;

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::WhileOpen(String::new())
    }

    async fn run(self, cx: JobContext<Services>) -> JobResult {
        let mut tx = cx.begin().await?;
        let accounts = ads::list_refreshable_accounts(&mut tx).await?;
        for batch in accounts.chunks(BATCH) {
            let jobs = batch.iter().map(|(company, account)| {
                job(
                    *company,
                    &RefreshAccount {
                        account_id: *account,
                    },
                )
                .at(cx.now() + offset(*account))
            });
            tx.enqueue_all(jobs.collect()).await?;
        }
        cx.finish(tx, json!({"accounts": accounts.len()})).await
    }
}

/// Always the same for one account: its refreshes stay two hours apart.
fn offset(account: AccountId) -> TimeDelta {
    let [.., high, low] = *account.0.as_bytes();
    TimeDelta::seconds(i64::from(u16::from_be_bytes([high, low])) * SPREAD_SECONDS / (1 << 16))
}
