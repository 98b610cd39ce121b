//! Checkouts: the checkout is committed first, then Stripe is called with its id as the idempotency
//! key, then the session is recorded. A repeated call returns the same session.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, UserId};
use sqlx::PgConnection;

use super::super::{CheckoutId, Plan};
use super::subscriptions::load_subscription;
use crate::{Error, Result};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    pub id: CheckoutId,
    pub plan: Plan,
    /// Stripe's id of the customer, from an earlier subscription.
    pub customer: Option<String>,
    pub customer_email: String,
    discarded_keys: i16,
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

/// Creates a checkout of a paid plan.
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
    let id = CheckoutId::new();
    sqlx::query!(
        "insert into checkouts
           (company_id, id, plan, customer, customer_email, requested_by, created_at)
         select $1, $2, $3, $4, email, id, $6 from users where id = $5",
        company.0,
        id.0,
        plan as Plan,
        present.customer,
        requested_by.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(id)
}

pub async fn require_checkout(conn: &mut PgConnection, id: CheckoutId) -> Result<Checkout> {
    sqlx::query_as!(
        Checkout,
        r#"select id as "id: CheckoutId", plan as "plan: Plan", customer, customer_email,
                  discarded_keys, session_id, url, created_at
           from checkouts where id = $1"#,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("checkout"))
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
