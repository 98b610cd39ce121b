//! Checkouts: the wish is committed first, Stripe is called with its id as the idempotency key, and
//! the session is written after. Whoever repeats the call gets the same session.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, UserId};
use sqlx::PgConnection;

use super::super::{CheckoutId, Plan, find_subscription};
use crate::{Error, Result};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    pub id: CheckoutId,
    pub plan: Plan,
    /// Stripe's, of an earlier subscription.
    pub customer: Option<String>,
    pub customer_email: String,
    burnt_keys: i16,
    /// Absent until Stripe has answered.
    pub session_id: Option<String>,
    /// Where to pay.
    pub url: Option<String>,
    pub created_at: DateTime<Utc>,
}

impl Checkout {
    /// The same for every call that may have been the first one.
    pub fn idempotency_key(&self) -> String {
        format!("checkout-{}-{}", self.id, self.burnt_keys)
    }
}

/// Notes the wish for a paid plan.
///
/// # Errors
/// `Invalid` for the free plan; `Conflict` where a paid subscription runs: two would be paid for.
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
    let present = find_subscription(conn, now).await?;
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
        "insert into checkouts (company_id, id, plan, customer, customer_email, requested_by, created_at)
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

/// # Errors
/// `NotFound`.
pub async fn find_checkout(conn: &mut PgConnection, id: CheckoutId) -> Result<Checkout> {
    sqlx::query_as!(
        Checkout,
        r#"select id as "id: CheckoutId", plan as "plan: Plan", customer, customer_email, burnt_keys, session_id, url,
                  created_at
           from checkouts where id = $1"#,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("checkout"))
}

/// Writes the session that Stripe opened.
///
/// # Errors
/// The database's.
pub async fn open_checkout(
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

/// Gives up the present key: Stripe keeps answering it with a failure.
///
/// # Errors
/// The database's.
pub async fn burn_key(conn: &mut PgConnection, checkout: &Checkout) -> Result<()> {
    sqlx::query!(
        "update checkouts set burnt_keys = burnt_keys + 1 where id = $1 and burnt_keys = $2",
        checkout.id.0,
        checkout.burnt_keys,
    )
    .execute(conn)
    .await?;
    Ok(())
}
