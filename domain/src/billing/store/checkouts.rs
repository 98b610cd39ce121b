//! Checkouts: the checkout is committed first, then Stripe is called with its id as the idempotency
//! key, then the session is recorded. A repeated call returns the same session. A company has one
//! checkout at a time: another supersedes it, and its session is ended before the next one opens.

use chrono::{DateTime, TimeDelta, Utc};
use platform::ids::{CompanyId, UserId};
use sqlx::PgConnection;

use super::super::{CheckoutId, Plan};
use super::subscriptions::load_subscription;
use crate::{Error, Result};

/// A session is offered again for this long; Stripe ends it after 24 hours.
const SESSION_LIFETIME: TimeDelta = TimeDelta::hours(23);
/// Stripe has ended a session that was opened earlier.
const SESSION_END: TimeDelta = TimeDelta::hours(25);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    pub id: CheckoutId,
    pub plan: Plan,
    discarded_keys: i16,
    /// A later checkout takes its place: no session is opened for it any more.
    pub is_superseded: bool,
    /// Absent until Stripe's response.
    pub session_id: Option<String>,
    /// Where to pay.
    pub url: Option<String>,
    pub created_at: DateTime<Utc>,
}

impl Checkout {
    /// Returns the same key for every call that may have been the first one.
    pub fn idempotency_key(&self) -> String {
        format!("checkout-{}-{}", self.id, self.discarded_keys)
    }
}

/// Returns the company's checkout of a paid plan: its present one, or else a new one that
/// supersedes it.
///
/// # Errors
/// `Invalid` for the free plan; `Conflict` where a paid subscription is active, because both would
/// be charged.
pub async fn create_checkout(
    conn: &mut PgConnection,
    company: CompanyId,
    plan: Plan,
    requested_by: UserId,
    now: DateTime<Utc>,
) -> Result<CheckoutId> {
    if plan == Plan::Free {
        return Err(Error::invalid(
            "plan",
            "not_for_sale",
            "the free plan needs no checkout",
        ));
    }
    let present = load_subscription(conn, now).await?;
    if present.plan != Plan::Free {
        return Err(Error::conflict(
            "conflict",
            format!(
                "the company has the plan {}: change it in the customer portal",
                present.plan.as_str()
            ),
        ));
    }
    supersede_checkout(conn, company, plan, now).await?;
    // The index decides between two requests at once.
    let id = sqlx::query_scalar!(
        r#"insert into checkouts as c (company_id, id, plan, requested_by, created_at)
           values ($1, $2, $3, $4, $5)
           on conflict (company_id) where superseded_at is null do update set plan = c.plan
           returning id as "id: CheckoutId""#,
        company.0,
        CheckoutId::new().0,
        plan as Plan,
        requested_by.0,
        now,
    )
    .fetch_one(&mut *conn)
    .await?;
    let checkout = require_checkout(conn, id).await?;
    if checkout.plan != plan {
        return Err(Error::conflict(
            "conflict",
            "a checkout of another plan is being opened",
        ));
    }
    Ok(id)
}

/// Supersedes the present checkout if it is of another plan, too old, or can't be paid any more.
async fn supersede_checkout(
    conn: &mut PgConnection,
    company: CompanyId,
    plan: Plan,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update checkouts set superseded_at = $3
         where company_id = $1 and superseded_at is null
           and (plan <> $2 or created_at <= $4 or settled_at is not null)",
        company.0,
        plan as Plan,
        now,
        now - SESSION_LIFETIME,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn require_checkout(conn: &mut PgConnection, id: CheckoutId) -> Result<Checkout> {
    sqlx::query_as!(
        Checkout,
        r#"select id as "id: CheckoutId", plan as "plan: Plan", discarded_keys,
                  superseded_at is not null as "is_superseded!", session_id, url, created_at
           from checkouts where id = $1"#,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("checkout"))
}

/// Returns the company's present checkout.
pub async fn find_present_checkout(conn: &mut PgConnection) -> Result<Option<Checkout>> {
    Ok(sqlx::query_as!(
        Checkout,
        r#"select id as "id: CheckoutId", plan as "plan: Plan", discarded_keys,
                  superseded_at is not null as "is_superseded!", session_id, url, created_at
           from checkouts where superseded_at is null"#,
    )
    .fetch_optional(conn)
    .await?)
}

/// Lists the superseded checkouts whose session somebody may still pay.
pub async fn list_payable_checkouts(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<Vec<Checkout>> {
    Ok(sqlx::query_as!(
        Checkout,
        r#"select id as "id: CheckoutId", plan as "plan: Plan", discarded_keys,
                  superseded_at is not null as "is_superseded!", session_id, url, created_at
           from checkouts
           where superseded_at is not null and settled_at is null
             -- Without a response, the session was opened before the checkout was superseded.
             and coalesce(opened_at, superseded_at) > $1
           order by id"#,
        now - SESSION_END,
    )
    .fetch_all(conn)
    .await?)
}

/// Records that nobody can pay a checkout's session any more.
pub async fn settle_checkout(
    conn: &mut PgConnection,
    id: CheckoutId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update checkouts set settled_at = coalesce(settled_at, $2) where id = $1",
        id.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Records the session that Stripe has opened.
pub async fn record_session(
    conn: &mut PgConnection,
    id: CheckoutId,
    session_id: &str,
    url: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update checkouts set session_id = $2, url = $3, opened_at = $4 where id = $1",
        id.0,
        session_id,
        url,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Discards the present idempotency key, for which Stripe replays a failure.
pub async fn discard_key(conn: &mut PgConnection, checkout: &Checkout) -> Result<()> {
    sqlx::query!(
        "update checkouts set discarded_keys = discarded_keys + 1
         where id = $1 and discarded_keys = $2",
        checkout.id.0,
        checkout.discarded_keys,
    )
    .execute(conn)
    .await?;
    Ok(())
}
