//! Totals of the published days.

use chrono::{DateTime, Days, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;

use super::super::{AccountId, Period, Summary, Totals};
use crate::{Error, Result};

struct TotalsRow {
    days: i32,
    ads: i64,
    impressions: i64,
    clicks: i64,
    link_clicks: i64,
    purchases: i64,
    purchase_value: Decimal,
    spend: Decimal,
    highest_reach: i64,
}

struct AccountRow {
    currency: String,
    last_good_day: Option<NaiveDate>,
    published_at: Option<DateTime<Utc>>,
    version: i32,
}

/// Returns an account's totals over periods of `lengths` days, each ending with the last good day.
pub async fn summarize_account(
    conn: &mut PgConnection,
    account: AccountId,
    lengths: &[i32],
) -> Result<Summary> {
    let account_row = sqlx::query_as!(
        AccountRow,
        "select currency, last_good_day, published_at, version from ad_accounts where id = $1",
        account.0,
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(Error::NotFound("ad account"))?;
    let periods = match account_row.last_good_day {
        None => Vec::new(),
        Some(until) => {
            let rows = load_totals(conn, account, until, lengths).await?;
            rows.iter().map(|row| to_period(row, until)).collect()
        }
    };
    Ok(Summary {
        currency: account_row.currency,
        last_good_day: account_row.last_good_day,
        published_at: account_row.published_at,
        version: account_row.version,
        periods,
    })
}

async fn load_totals(
    conn: &mut PgConnection,
    account: AccountId,
    until: NaiveDate,
    lengths: &[i32],
) -> Result<Vec<TotalsRow>> {
    let rows = sqlx::query_as!(
        TotalsRow,
        r#"select l.days as "days!", coalesce(t.ads, 0) as "ads!",
                  coalesce(t.impressions, 0) as "impressions!",
                  coalesce(t.clicks, 0) as "clicks!", coalesce(t.link_clicks, 0) as "link_clicks!",
                  coalesce(t.purchases, 0) as "purchases!",
                  coalesce(t.purchase_value, 0) as "purchase_value!",
                  coalesce(t.spend, 0) as "spend!",
                  coalesce(t.reach, 0) as "highest_reach!"
           from unnest($3::int4[]) with ordinality as l (days, position)
           cross join lateral (
             select count(distinct ad_id) as ads, sum(impressions)::int8 as impressions,
                    sum(clicks)::int8 as clicks, sum(link_clicks)::int8 as link_clicks,
                    sum(purchases)::int8 as purchases,
                    sum(purchase_value) as purchase_value, sum(spend) as spend, max(reach) as reach
             from ad_daily d
             where d.account_id = $1 and d.day > $2::date - l.days and d.day <= $2
           ) t
           order by l.position"#,
        account.0,
        until,
        lengths,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

fn to_period(row: &TotalsRow, until: NaiveDate) -> Period {
    let impressions = Decimal::from(row.impressions);
    let per_impression = |part: Decimal, factor: i64, digits: u32| {
        let rate = (part * Decimal::from(factor)).checked_div(impressions)?;
        Some(rate.round_dp(digits))
    };
    let days = u64::from(row.days.unsigned_abs());
    Period {
        days: row.days,
        since: until - Days::new(days.saturating_sub(1)),
        until,
        totals: Totals {
            cpm: per_impression(row.spend, 1_000, 2),
            ctr: per_impression(Decimal::from(row.clicks), 100, 4),
            ads: row.ads,
            impressions: row.impressions,
            clicks: row.clicks,
            link_clicks: row.link_clicks,
            purchases: row.purchases,
            purchase_value: row.purchase_value,
            spend: row.spend,
            highest_reach: row.highest_reach,
        },
    }
}
