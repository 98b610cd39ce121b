//! The company's one customer at Stripe: committed first, then created at Stripe with the company's
//! id as the idempotency key, then recorded.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, UserId};
use sqlx::PgConnection;

use crate::Result;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillingCustomer {
    company: CompanyId,
    /// Stripe's id; absent until Stripe's response.
    pub customer: Option<String>,
    pub email: String,
    discarded_keys: i16,
}

impl BillingCustomer {
    /// Returns the same key for every call that may have been the first one.
    pub fn idempotency_key(&self) -> String {
        format!("customer-{}-{}", self.company, self.discarded_keys)
    }
}

/// Returns the company's customer, which may still have to be created at Stripe. The customer of an
/// earlier subscription stays.
pub async fn prepare_customer(
    conn: &mut PgConnection,
    company: CompanyId,
    requested_by: UserId,
    now: DateTime<Utc>,
) -> Result<BillingCustomer> {
    sqlx::query!(
        "insert into billing_customers (company_id, customer, email, created_at)
         select $1, (select customer from subscriptions order by as_of desc limit 1), email, $3
         from users where id = $2
         on conflict (company_id) do nothing",
        company.0,
        requested_by.0,
        now,
    )
    .execute(&mut *conn)
    .await?;
    Ok(sqlx::query_as!(
        BillingCustomer,
        r#"select company_id as "company: CompanyId", customer, email, discarded_keys
           from billing_customers where company_id = $1"#,
        company.0,
    )
    .fetch_one(conn)
    .await?)
}

/// Records the customer that Stripe has created. The first one stays.
pub async fn record_customer(
    conn: &mut PgConnection,
    company: CompanyId,
    customer: &str,
) -> Result<()> {
    sqlx::query!(
        "update billing_customers set customer = coalesce(customer, $2) where company_id = $1",
        company.0,
        customer,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Discards the present idempotency key, for which Stripe replays a failure.
pub async fn discard_customer_key(
    conn: &mut PgConnection,
    customer: &BillingCustomer,
) -> Result<()> {
    sqlx::query!(
        "update billing_customers set discarded_keys = discarded_keys + 1
         where company_id = $1 and discarded_keys = $2",
        customer.company.0,
        customer.discarded_keys,
    )
    .execute(conn)
    .await?;
    Ok(())
}
