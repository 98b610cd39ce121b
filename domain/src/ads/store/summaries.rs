//! Totals of the published days.

use chrono::{DateTime, Days, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;

use super::super::{AccountId, MissingFigures, Period, Summary, Totals};
use crate::{Error, Result};

struct TotalsRow {
    days: i32,
    ads: i64,
    rows: i64,
    impressions: Option<i64>,
    clicks: Option<i64>,
    link_clicks: Option<i64>,
    purchases: Option<i64>,
    purchase_value: Option<Decimal>,
    spend: Option<Decimal>,
    highest_reach: Option<i64>,
    spend_on_impressions: Option<Decimal>,
    impressions_with_spend: Option<i64>,
    clicks_on_impressions: Option<i64>,
    impressions_with_clicks: Option<i64>,
    known_impressions: i64,
    known_clicks: i64,
    known_link_clicks: i64,
    known_purchases: i64,
    known_purchase_values: i64,
    known_spends: i64,
    known_reaches: i64,
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
        r#"select l.days as "days!", t.ads as "ads!", t.rows as "rows!", t.impressions, t.clicks,
                  t.link_clicks, t.purchases, t.purchase_value, t.spend, t.highest_reach,
                  t.spend_on_impressions, t.impressions_with_spend, t.clicks_on_impressions,
                  t.impressions_with_clicks, t.known_impressions as "known_impressions!",
                  t.known_clicks as "known_clicks!", t.known_link_clicks as "known_link_clicks!",
                  t.known_purchases as "known_purchases!",
                  t.known_purchase_values as "known_purchase_values!",
                  t.known_spends as "known_spends!", t.known_reaches as "known_reaches!"
           from unnest($3::int4[]) with ordinality as l (days, position)
           cross join lateral (
             select count(distinct ad_id) as ads, count(*) as rows,
                    sum(impressions)::int8 as impressions,
                    sum(clicks)::int8 as clicks, sum(link_clicks)::int8 as link_clicks,
                    sum(purchases)::int8 as purchases, sum(purchase_value) as purchase_value,
                    sum(spend) as spend, max(reach) as highest_reach,
                    sum(spend) filter (where impressions is not null) as spend_on_impressions,
                    (sum(impressions) filter (where spend is not null))::int8
                      as impressions_with_spend,
                    (sum(clicks) filter (where impressions is not null))::int8
                      as clicks_on_impressions,
                    (sum(impressions) filter (where clicks is not null))::int8
                      as impressions_with_clicks,
                    count(impressions) as known_impressions, count(clicks) as known_clicks,
                    count(link_clicks) as known_link_clicks, count(purchases) as known_purchases,
                    count(purchase_value) as known_purchase_values,
                    count(spend) as known_spends, count(reach) as known_reaches
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
    let days = u64::from(row.days.unsigned_abs());
    Period {
        days: row.days,
        since: until - Days::new(days.saturating_sub(1)),
        until,
        totals: to_totals(row),
    }
}

fn to_totals(row: &TotalsRow) -> Totals {
    // A period in which no ad was shown has sums of zero, and no unknown ones.
    let count = |sum: Option<i64>| if row.rows == 0 { Some(0) } else { sum };
    let amount = |sum: Option<Decimal>| {
        if row.rows == 0 {
            Some(Decimal::ZERO)
        } else {
            sum
        }
    };
    let rate = |part: Option<Decimal>, impressions: Option<i64>, factor: i64, digits: u32| {
        let rate = (part? * Decimal::from(factor)).checked_div(Decimal::from(impressions?))?;
        Some(rate.round_dp(digits))
    };
    let clicks = row.clicks_on_impressions.map(Decimal::from);
    Totals {
        cpm: rate(
            row.spend_on_impressions,
            row.impressions_with_spend,
            1_000,
            2,
        ),
        ctr: rate(clicks, row.impressions_with_clicks, 100, 4),
        ads: row.ads,
        impressions: count(row.impressions),
        clicks: count(row.clicks),
        link_clicks: count(row.link_clicks),
        purchases: count(row.purchases),
        purchase_value: amount(row.purchase_value),
        spend: amount(row.spend),
        highest_reach: count(row.highest_reach),
        missing: MissingFigures {
            impressions: row.rows - row.known_impressions,
            clicks: row.rows - row.known_clicks,
            link_clicks: row.rows - row.known_link_clicks,
            purchases: row.rows - row.known_purchases,
            purchase_value: row.rows - row.known_purchase_values,
            spend: row.rows - row.known_spends,
            reach: row.rows - row.known_reaches,
        },
    }
}
