//! Subscriptions as in Stripe's last record, and the plans.

use chrono::{DateTime, NaiveDate, Utc};
use platform::ids::{CompanyId, Uuid};
use serde::Serialize;
use sqlx::PgConnection;

use super::super::entitlement::Entitlement;
use super::super::{Limits, Plan, SubscriptionStatus};
use crate::Result;

/// The stored part of Stripe's record of one subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionRecord {
    pub stripe_id: String,
    pub customer: String,
    pub status: SubscriptionStatus,
    pub price: Option<String>,
    pub cancel_at_period_end: bool,
    pub cancel_at: Option<DateTime<Utc>>,
    pub current_period_start: Option<DateTime<Utc>>,
    pub current_period_end: Option<DateTime<Utc>>,
    pub started_at: Option<DateTime<Utc>>,
}

/// A company's plan and the subscription behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubscriptionView {
    pub plan: Plan,
    /// Absent without a subscription.
    pub status: Option<SubscriptionStatus>,
    pub customer: Option<String>,
    pub late_since: Option<DateTime<Utc>>,
    pub cancel_at_period_end: bool,
    pub cancel_at: Option<DateTime<Utc>>,
    pub current_period_end: Option<DateTime<Utc>>,
    /// When the subscription ends by a cancellation; absent while it renews.
    pub ends_at: Option<DateTime<Utc>>,
    /// The day of `ends_at` in the company's zone.
    pub ends_on: Option<NaiveDate>,
    pub as_of: Option<DateTime<Utc>>,
}

/// Locks a subscription and returns its entitlement; `None` before its first record.
pub async fn lock_entitlement(
    conn: &mut PgConnection,
    stripe_id: &str,
) -> Result<Option<Entitlement>> {
    let row = sqlx::query_as!(
        Entitlement,
        r#"select plan as "plan: Plan", late_since from subscriptions
           where stripe_id = $1 for update"#,
        stripe_id,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Whether the company has a record of the subscription.
pub async fn is_known_subscription(conn: &mut PgConnection, stripe_id: &str) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from subscriptions where stripe_id = $1) as "known!""#,
        stripe_id,
    )
    .fetch_one(conn)
    .await?)
}

/// Stores Stripe's record of the time `as_of`; a record older than the stored one changes nothing.
/// Returns whether it was stored. Fails where the subscription is another company's.
pub async fn apply_record(
    conn: &mut PgConnection,
    company: CompanyId,
    record: &SubscriptionRecord,
    entitlement: Entitlement,
    as_of: DateTime<Utc>,
) -> Result<bool> {
    let written = sqlx::query!(
        "insert into subscriptions as s
           (company_id, id, stripe_id, customer, status, price, plan, late_since,
            cancel_at_period_end, cancel_at, current_period_start, current_period_end, started_at,
            as_of, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $14, $10, $11, $12, $13, $13, $13)
         on conflict on constraint subscriptions_stripe_id_key do update set
           customer = excluded.customer, status = excluded.status, price = excluded.price,
           plan = excluded.plan, late_since = excluded.late_since,
           cancel_at_period_end = excluded.cancel_at_period_end, cancel_at = excluded.cancel_at,
           current_period_start = excluded.current_period_start,
           current_period_end = excluded.current_period_end, started_at = excluded.started_at,
           as_of = excluded.as_of, updated_at = excluded.updated_at
         where s.as_of <= excluded.as_of",
        company.0,
        Uuid::now_v7(),
        record.stripe_id,
        record.customer,
        record.status.as_str(),
        record.price,
        entitlement.plan as Plan,
        entitlement.late_since,
        record.cancel_at_period_end,
        record.current_period_start,
        record.current_period_end,
        record.started_at,
        as_of,
        record.cancel_at,
    )
    .execute(conn)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// Returns the plan of the transaction's company at `now`: that of its best subscription, else the
/// free one.
pub async fn load_subscription(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<SubscriptionView> {
    let rows = sqlx::query_as!(
        SubscriptionView,
        r#"with
           ends as (
             select s.*, case when s.cancel_at_period_end
                           then least(s.cancel_at, s.current_period_end) else s.cancel_at end
                         as ends_at
             from subscriptions s)
           select e.plan as "plan: Plan", e.status as "status?: SubscriptionStatus",
                  e.customer as "customer?", e.late_since, e.cancel_at_period_end, e.cancel_at,
                  e.current_period_end, e.ends_at,
                  (e.ends_at at time zone c.timezone)::date as ends_on, e.as_of as "as_of?"
           from ends e join companies c on c.id = e.company_id
           order by e.as_of desc"#,
    )
    .fetch_all(conn)
    .await?;
    let plan_at = |row: &SubscriptionView| {
        Entitlement {
            plan: row.plan,
            late_since: row.late_since,
        }
        .plan_at(now)
    };
    // Of equal plans, the subscription that was read last.
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
        cancel_at: None,
        current_period_end: None,
        ends_at: None,
        ends_on: None,
        as_of: None,
    }))
}

/// Lists every plan with its limits, from the smallest.
pub async fn list_plans(conn: &mut PgConnection) -> Result<Vec<Limits>> {
    let plans = sqlx::query_as!(
        Limits,
        r#"select name as "plan: Plan", ad_accounts, ad_refreshes_per_day, products,
                  messages_per_month, seats, import_rows_per_month
           from plans order by rank"#,
    )
    .fetch_all(conn)
    .await?;
    Ok(plans)
}

/// Returns the limits of the plan of the transaction's company at `now`.
pub async fn load_limits(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Limits> {
    let plan = load_subscription(&mut *conn, now).await?.plan;
    let limits = sqlx::query_as!(
        Limits,
        r#"select name as "plan: Plan", ad_accounts, ad_refreshes_per_day, products,
                  messages_per_month, seats, import_rows_per_month
           from plans where name = $1"#,
        plan.as_str(),
    )
    .fetch_one(conn)
    .await?;
    Ok(limits)
}

/// Lists up to `limit` subscriptions after `after` that haven't ended, of all companies. Requires
/// the engine's role.
pub async fn list_running_subscriptions(
    conn: &mut PgConnection,
    after: Option<String>,
    limit: i64,
) -> Result<Vec<(CompanyId, String)>> {
    let rows = sqlx::query!(
        r#"select company_id as "company_id!: CompanyId", stripe_id as "stripe_id!"
           from running_subscriptions($1, $2) order by stripe_id"#,
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
