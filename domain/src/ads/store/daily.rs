//! Rows per ad and day: staged page by page, published at once.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use platform::ids::CompanyId;
use rust_decimal::Decimal;
use sqlx::PgConnection;

use super::super::{AccountId, AdDay, Refresh, RefreshId, Report};
use crate::Result;

/// A report has no more pages; five hundred rows are usual on one.
const MAX_REPORT_PAGES: i32 = 20_000;
/// Pages in a row without anything new, before the report is considered endless.
const MAX_BARREN_PAGES: i16 = 10;

/// Stages one page of a report in one statement; staging it again changes nothing. `cursor` is the
/// start of the next page; without one the report is read. Returns whether the report goes on
/// without bringing anything new.
pub async fn stage_page(
    conn: &mut PgConnection,
    company: CompanyId,
    refresh: RefreshId,
    report: &Report,
    page: &[AdDay],
    cursor: Option<&str>,
) -> Result<bool> {
    let rows = select_rows(page, report);
    let new_rows = insert_staged(&mut *conn, company, refresh, &rows).await?;
    let report = sqlx::query!(
        "update ad_reports
         set cursor = $2, state = case when $2::text is null then 'read' else state end,
           pages = pages + 1,
           barren_pages = case when $3 then 0 else least(barren_pages + 1, 1000) end
         where id = $1
         returning pages, barren_pages",
        report.id.0,
        cursor,
        new_rows > 0,
    )
    .fetch_one(conn)
    .await?;
    let has_end = report.pages < MAX_REPORT_PAGES && report.barren_pages < MAX_BARREN_PAGES;
    Ok(cursor.is_some() && !has_end)
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

/// Returns the number of ads and days that were not staged before.
async fn insert_staged(
    conn: &mut PgConnection,
    company: CompanyId,
    refresh: RefreshId,
    rows: &[&AdDay],
) -> Result<i64> {
    // One array per column, for unnest.
    let texts = |of: fn(&AdDay) -> &str| rows.iter().map(|row| of(row)).collect::<Vec<&str>>();
    let counts = |of: fn(&AdDay) -> Option<i64>| rows.iter().map(|row| of(row)).collect::<Vec<_>>();
    let amounts =
        |of: fn(&AdDay) -> Option<Decimal>| rows.iter().map(|row| of(row)).collect::<Vec<_>>();
    let days: Vec<NaiveDate> = rows.iter().map(|row| row.day).collect();
    let new_rows = sqlx::query_scalar!(
        r#"with written as (
             insert into ad_daily_staged
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
               reach = excluded.reach
             -- No transaction has updated an inserted row.
             returning xmax = 0 as is_new
           )
           select count(*) filter (where is_new) as "new_rows!" from written"#,
        company.0,
        refresh.0,
        &texts(|row| &row.ad_id) as &[&str],
        &days,
        &texts(|row| &row.ad_name) as &[&str],
        &texts(|row| &row.adset_id) as &[&str],
        &texts(|row| &row.adset_name) as &[&str],
        &texts(|row| &row.campaign_id) as &[&str],
        &texts(|row| &row.campaign_name) as &[&str],
        &counts(|row| row.impressions) as &[Option<i64>],
        &counts(|row| row.clicks) as &[Option<i64>],
        &counts(|row| row.link_clicks) as &[Option<i64>],
        &counts(|row| row.purchases) as &[Option<i64>],
        &amounts(|row| row.purchase_value) as &[Option<Decimal>],
        &amounts(|row| row.spend) as &[Option<Decimal>],
        &counts(|row| row.reach) as &[Option<i64>],
    )
    .fetch_one(conn)
    .await?;
    Ok(new_rows)
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
