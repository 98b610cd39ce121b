//! Subscriptions as Stripe's record said them last, and the plans.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, Uuid};
use serde::Serialize;
use sqlx::PgConnection;

use super::super::{Held, Limits, Plan};
use crate::Result;

/// Stripe's record of one subscription, as much of it as is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub stripe_id: String,
    pub customer: String,
    pub status: String,
    pub price: Option<String>,
    pub cancel_at_period_end: bool,
    pub current_period_start: Option<DateTime<Utc>>,
    pub current_period_end: Option<DateTime<Utc>>,
    pub started_at: Option<DateTime<Utc>>,
}

/// What a company has, and by which subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubscriptionView {
    pub plan: Plan,
    /// Stripe's word; absent on the free plan that nobody pays for.
    pub status: Option<String>,
    pub customer: Option<String>,
    pub late_since: Option<DateTime<Utc>>,
    pub cancel_at_period_end: bool,
    pub current_period_end: Option<DateTime<Utc>>,
    pub as_of: Option<DateTime<Utc>>,
}

struct HeldRow {
    plan: Plan,
    late_since: Option<DateTime<Utc>>,
}

/// What a subscription gave when it was last read; `None` before the first time. Locks the row.
///
/// # Errors
/// The database's.
pub async fn find_held(conn: &mut PgConnection, stripe_id: &str) -> Result<Option<Held>> {
    let row = sqlx::query_as!(
        HeldRow,
        r#"select plan as "plan: Plan", late_since from subscriptions where stripe_id = $1 for update"#,
        stripe_id,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Held {
        plan: row.plan,
        late_since: row.late_since,
    }))
}

/// Writes what Stripe answered at `as_of`; an answer older than the one that is there changes nothing.
/// Gives whether it was written.
///
/// # Errors
/// The database's, also where the subscription is another company's.
pub async fn apply_record(
    conn: &mut PgConnection,
    company: CompanyId,
    record: &Record,
    held: Held,
    as_of: DateTime<Utc>,
) -> Result<bool> {
    let written = sqlx::query!(
        "insert into subscriptions as s
           (company_id, id, stripe_id, customer, status, price, plan, late_since, cancel_at_period_end,
            current_period_start, current_period_end, started_at, as_of, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $13)
         on conflict on constraint subscriptions_stripe_id_key do update set
           customer = excluded.customer, status = excluded.status, price = excluded.price,
           plan = excluded.plan, late_since = excluded.late_since,
           cancel_at_period_end = excluded.cancel_at_period_end,
           current_period_start = excluded.current_period_start,
           current_period_end = excluded.current_period_end, started_at = excluded.started_at,
           as_of = excluded.as_of, updated_at = excluded.updated_at
         where s.as_of <= excluded.as_of",
        company.0,
        Uuid::now_v7(),
        record.stripe_id,
        record.customer,
        record.status,
        record.price,
        held.plan as Plan,
        held.late_since,
        record.cancel_at_period_end,
        record.current_period_start,
        record.current_period_end,
        record.started_at,
        as_of,
    )
    .execute(conn)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// What the transaction's company has at `now`: the best of its subscriptions, else the free plan.
///
/// # Errors
/// The database's.
pub async fn find_subscription(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<SubscriptionView> {
    let rows = sqlx::query_as!(
        SubscriptionView,
        r#"select plan as "plan: Plan", status as "status?", customer as "customer?", late_since,
                  cancel_at_period_end, current_period_end, as_of as "as_of?"
           from subscriptions order by as_of desc"#,
    )
    .fetch_all(conn)
    .await?;
    let plan_at = |row: &SubscriptionView| {
        Held {
            plan: row.plan,
            late_since: row.late_since,
        }
        .plan_at(now)
    };
    // Of equals the one that was read last.
    let best = rows
        .into_iter()
        .map(|row| SubscriptionView {
            plan: plan_at(&row),
            ..row
        })
        .rev()
        .max_by_key(|row| row.plan);
    Ok(best.unwrap_or(SubscriptionView {
        plan: Plan::Free,
        status: None,
        customer: None,
        late_since: None,
        cancel_at_period_end: false,
        current_period_end: None,
        as_of: None,
    }))
}

/// Every plan with its limits, from the smallest.
///
/// # Errors
/// The database's.
pub async fn list_plans(conn: &mut PgConnection) -> Result<Vec<Limits>> {
    let plans = sqlx::query_as!(
        Limits,
        r#"select name as "plan: Plan", ad_accounts, ad_refreshes_per_day, products, messages_per_month, seats,
                  import_rows_per_month
           from plans order by rank"#,
    )
    .fetch_all(conn)
    .await?;
    Ok(plans)
}

/// Every subscription that hasn't ended, of all companies. Needs the engine's role.
///
/// # Errors
/// The database's.
pub async fn running_subscriptions(
    conn: &mut PgConnection,
    after: Option<String>,
    limit: i64,
) -> Result<Vec<(CompanyId, String)>> {
    let rows = sqlx::query!(
        r#"select company_id as "company_id!: CompanyId", stripe_id as "stripe_id!"
           from running_subscriptions()
           where $1::text is null or stripe_id > $1 order by stripe_id limit $2"#,
        after,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.company_id, row.stripe_id))
        .collect())
}
