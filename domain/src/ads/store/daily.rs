//! Rows per ad and day: staged page by page, published at once.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use platform::ids::CompanyId;
use rust_decimal::Decimal;
use sqlx::PgConnection;

use super::super::{AccountId, AdDay, Refresh, RefreshId, Report};
use crate::Result;

/// Stages one page of a report in one statement; staging it again changes nothing. `cursor` is the
/// start of the next page; without one the report is read.
pub async fn stage_page(
    conn: &mut PgConnection,
    company: CompanyId,
    refresh: RefreshId,
    report: &Report,
    page: &[AdDay],
    cursor: Option<&str>,
) -> Result<()> {
    insert_staged(conn, company, refresh, &select_rows(page, report)).await?;
    sqlx::query!(
        "update ad_reports
         set cursor = $2, state = case when $2::text is null then 'read' else state end
         where id = $1",
        report.id.0,
        cursor,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Selects one row per ad and day, because ON CONFLICT cannot touch a row twice, and only rows of
/// the report's own days.
fn select_rows<'a>(page: &'a [AdDay], report: &Report) -> Vec<&'a AdDay> {
    let mut by_key: HashMap<(&str, NaiveDate), &AdDay> = HashMap::with_capacity(page.len());
    for row in page
        .iter()
        .filter(|row| (report.first_day..=report.last_day).contains(&row.day))
    {
        by_key.insert((&row.ad_id, row.day), row);
    }
    by_key.into_values().collect()
}

async fn insert_staged(
    conn: &mut PgConnection,
    company: CompanyId,
    refresh: RefreshId,
    rows: &[&AdDay],
) -> Result<()> {
    // One array per column, for unnest.
    let texts = |of: fn(&AdDay) -> &str| rows.iter().map(|row| of(row)).collect::<Vec<&str>>();
    let counts = |of: fn(&AdDay) -> i64| rows.iter().map(|row| of(row)).collect::<Vec<i64>>();
    let amounts =
        |of: fn(&AdDay) -> Decimal| rows.iter().map(|row| of(row)).collect::<Vec<Decimal>>();
    let days: Vec<NaiveDate> = rows.iter().map(|row| row.day).collect();
    sqlx::query!(
        "insert into ad_daily_staged
           (company_id, refresh_id, ad_id, day, ad_name, adset_id, adset_name, campaign_id,
            campaign_name, impressions, clicks, link_clicks, purchases, purchase_value, spend,
            reach)
         select $1, $2, i.*
         from unnest($3::text[], $4::date[], $5::text[], $6::text[], $7::text[], $8::text[],
                     $9::text[], $10::int8[], $11::int8[], $12::int8[], $13::int8[],
                     $14::numeric[], $15::numeric[], $16::int8[]) as i
         on conflict (company_id, refresh_id, ad_id, day) do update set
           ad_name = excluded.ad_name, adset_id = excluded.adset_id,
           adset_name = excluded.adset_name, campaign_id = excluded.campaign_id,
           campaign_name = excluded.campaign_name,
           impressions = excluded.impressions, clicks = excluded.clicks,
           link_clicks = excluded.link_clicks, purchases = excluded.purchases,
           purchase_value = excluded.purchase_value, spend = excluded.spend,
           reach = excluded.reach",
        company.0,
        refresh.0,
        &texts(|row| &row.ad_id) as &[&str],
        &days,
        &texts(|row| &row.ad_name) as &[&str],
        &texts(|row| &row.adset_id) as &[&str],
        &texts(|row| &row.adset_name) as &[&str],
        &texts(|row| &row.campaign_id) as &[&str],
        &texts(|row| &row.campaign_name) as &[&str],
        &counts(|row| row.impressions),
        &counts(|row| row.clicks),
        &counts(|row| row.link_clicks),
        &counts(|row| row.purchases),
        &amounts(|row| row.purchase_value),
        &amounts(|row| row.spend),
        &counts(|row| row.reach),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Replaces the published days of the window by the staged ones, in the caller's transaction.
/// Returns the number of rows in the window.
pub async fn publish_refresh(
    conn: &mut PgConnection,
    account: AccountId,
    refresh: &Refresh,
    now: DateTime<Utc>,
) -> Result<i64> {
    delete_vanished(conn, account, refresh).await?;
    let rows = upsert_staged(conn, account, refresh).await?;
    sqlx::query!(
        "delete from ad_daily_staged where refresh_id = $1",
        refresh.id.0
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update ad_accounts
         set last_good_day = greatest(last_good_day, $2), published_at = $3,
             version = version + 1, updated_at = $3
         where id = $1",
        account.0,
        refresh.last_day,
        now,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update ad_refreshes set state = 'published', rows = $2, finished_at = $3
         where id = $1",
        refresh.id.0,
        i32::try_from(rows).unwrap_or(i32::MAX),
        now,
    )
    .execute(conn)
    .await?;
    Ok(rows)
}

async fn delete_vanished(
    conn: &mut PgConnection,
    account: AccountId,
    refresh: &Refresh,
) -> Result<()> {
    sqlx::query!(
        "delete from ad_daily d
         where d.account_id = $1 and d.day between $3 and $4
           and not exists (select from ad_daily_staged s
                           where s.company_id = d.company_id and s.refresh_id = $2
                             and s.ad_id = d.ad_id and s.day = d.day)",
        account.0,
        refresh.id.0,
        refresh.first_day,
        refresh.last_day,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn upsert_staged(
    conn: &mut PgConnection,
    account: AccountId,
    refresh: &Refresh,
) -> Result<i64> {
    let rows = sqlx::query_scalar!(
        r#"with written as (
             insert into ad_daily as d
               (company_id, account_id, ad_id, day, ad_name, adset_id, adset_name, campaign_id,
                campaign_name, impressions, clicks, link_clicks, purchases, purchase_value, spend,
                reach)
             select company_id, $1, ad_id, day, ad_name, adset_id, adset_name, campaign_id,
                    campaign_name, impressions, clicks, link_clicks, purchases, purchase_value,
                    spend, reach
             from ad_daily_staged where refresh_id = $2
             on conflict (company_id, account_id, ad_id, day) do update set
               ad_name = excluded.ad_name, adset_id = excluded.adset_id,
               adset_name = excluded.adset_name, campaign_id = excluded.campaign_id,
               campaign_name = excluded.campaign_name,
               impressions = excluded.impressions, clicks = excluded.clicks,
               link_clicks = excluded.link_clicks, purchases = excluded.purchases,
               purchase_value = excluded.purchase_value, spend = excluded.spend,
               reach = excluded.reach
             -- Unchanged rows are not written again.
             where (d.ad_name, d.adset_id, d.adset_name, d.campaign_id, d.campaign_name,
                    d.impressions, d.clicks, d.link_clicks, d.purchases, d.purchase_value,
                    d.spend, d.reach)
               is distinct from
                   (excluded.ad_name, excluded.adset_id, excluded.adset_name,
                    excluded.campaign_id, excluded.campaign_name, excluded.impressions,
                    excluded.clicks, excluded.link_clicks, excluded.purchases,
                    excluded.purchase_value, excluded.spend, excluded.reach)
           )
           select count(*) as "count!" from ad_daily_staged where refresh_id = $2"#,
        account.0,
        refresh.id.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(rows)
}
