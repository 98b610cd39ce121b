//! Subscriptions that were paid although another was.

use chrono::{DateTime, TimeDelta, Utc};
use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::super::SubscriptionRecord;
use super::super::status::SubscriptionStatus;
use crate::Result;

/// An older subscription is no mistake of today's: it is left alone.
const MAX_DUPLICATE_AGE: TimeDelta = TimeDelta::days(3);

/// A duplicate that is to be cancelled and refunded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateSubscription {
    pub stripe_id: String,
    /// The paid subscription that came before it.
    pub kept_stripe_id: String,
    /// The invoice to refund.
    pub invoice: Option<String>,
}

/// The place of a subscription among the company's running ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precedence {
    /// The only one, or too old to be a mistake.
    Alone,
    /// The first one; these came later.
    First(Vec<String>),
    /// Another came before it: it was recorded as a duplicate.
    Duplicate(DuplicateSubscription),
}

/// Compares a subscription as Stripe has it with the company's other running ones. A duplicate is
/// recorded, to be committed before Stripe is called; one that isn't settled yet stays a duplicate
/// whatever its status.
pub async fn record_precedence(
    conn: &mut PgConnection,
    company: CompanyId,
    record: &SubscriptionRecord,
    invoice: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Precedence> {
    if let Some(known) = find_unsettled(conn, &record.stripe_id).await? {
        return Ok(Precedence::Duplicate(known));
    }
    let Some(started_at) = record.started_at else {
        return Ok(Precedence::Alone);
    };
    if !record.status.is_running() || started_at < now - MAX_DUPLICATE_AGE {
        return Ok(Precedence::Alone);
    }
    lock_company(conn, company).await?;
    let others = list_running(conn, company, &record.stripe_id).await?;
    let place = (started_at, record.stripe_id.as_str());
    // An unpaid one is no reason to refund a payment.
    let is_before =
        |other: &&Running| other.is_paid && (other.started_at, other.stripe_id.as_str()) < place;
    let Some(kept) = others.iter().find(is_before) else {
        let is_later = |other: &&Running| {
            other.started_at >= now - MAX_DUPLICATE_AGE
                && (other.started_at, other.stripe_id.as_str()) > place
        };
        let later = others.iter().filter(is_later);
        let later: Vec<_> = later.map(|other| other.stripe_id.clone()).collect();
        return Ok(if later.is_empty() {
            Precedence::Alone
        } else {
            Precedence::First(later)
        });
    };
    sqlx::query!(
        "insert into duplicate_subscriptions (company_id, stripe_id, kept_stripe_id, invoice,
           found_at)
         values ($1, $2, $3, $4, $5) on conflict (stripe_id) do nothing",
        company.0,
        record.stripe_id,
        kept.stripe_id,
        invoice,
        now,
    )
    .execute(conn)
    .await?;
    Ok(Precedence::Duplicate(DuplicateSubscription {
        stripe_id: record.stripe_id.clone(),
        kept_stripe_id: kept.stripe_id.clone(),
        invoice: invoice.map(str::to_owned),
    }))
}

async fn find_unsettled(
    conn: &mut PgConnection,
    stripe_id: &str,
) -> Result<Option<DuplicateSubscription>> {
    Ok(sqlx::query_as!(
        DuplicateSubscription,
        "select stripe_id, kept_stripe_id, invoice from duplicate_subscriptions
         where stripe_id = $1 and settled_at is null",
        stripe_id,
    )
    .fetch_optional(conn)
    .await?)
}

/// Of two payments at once, the second one waits here until it sees the first one's record.
async fn lock_company(conn: &mut PgConnection, company: CompanyId) -> Result<()> {
    sqlx::query!(
        "select from companies where id = $1 for no key update",
        company.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

struct Running {
    stripe_id: String,
    started_at: DateTime<Utc>,
    is_paid: bool,
}

/// Lists the company's other running subscriptions by their start.
async fn list_running(
    conn: &mut PgConnection,
    company: CompanyId,
    except: &str,
) -> Result<Vec<Running>> {
    let rows = sqlx::query!(
        r#"select stripe_id, status as "status: SubscriptionStatus", started_at as "started_at!"
           from subscriptions
           where company_id = $1 and stripe_id <> $2 and started_at is not null
           order by started_at, stripe_id"#,
        company.0,
        except,
    )
    .fetch_all(conn)
    .await?;
    let running = rows.into_iter().filter(|row| row.status.is_running());
    let running = running.map(|row| Running {
        stripe_id: row.stripe_id,
        started_at: row.started_at,
        is_paid: row.status.is_paid(),
    });
    Ok(running.collect())
}

/// Forgets a duplicate, because the subscription before it turned out to be unpaid.
pub async fn discard_duplicate(conn: &mut PgConnection, stripe_id: &str) -> Result<()> {
    sqlx::query!(
        "delete from duplicate_subscriptions where stripe_id = $1 and settled_at is null",
        stripe_id,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Records that a duplicate was cancelled and refunded. Returns whether that is news, so that the
/// company is notified once.
pub async fn settle_duplicate(
    conn: &mut PgConnection,
    stripe_id: &str,
    refund: Option<&str>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let settled = sqlx::query!(
        "update duplicate_subscriptions set settled_at = $3, refund = $2
         where stripe_id = $1 and settled_at is null",
        stripe_id,
        refund,
        now,
    )
    .execute(conn)
    .await?;
    Ok(settled.rows_affected() == 1)
}
