//! Ad accounts: listing, loading for a refresh, saving Meta's list, and permission errors.

use chrono::{DateTime, NaiveDate, Utc};
use platform::ids::{CompanyId, UserId, Uuid};
use serde::Serialize;
use sqlx::PgConnection;

use super::super::{
    Account, AccountId, Connection, ConnectionId, ConnectionStatus, FoundAccount, RefreshState,
    today_in,
};
use crate::{Error, Result};

/// Consecutive permission errors that disable an account.
const MAX_PERMISSION_ERRORS: i16 = 3;

/// An ad account, as the API shows it.
#[derive(Debug, Clone, Serialize)]
pub struct AccountView {
    pub id: AccountId,
    pub external_id: String,
    pub name: String,
    pub timezone: String,
    pub currency: String,
    pub last_good_day: Option<NaiveDate>,
    pub published_at: Option<DateTime<Utc>>,
    pub disabled_reason: Option<String>,
    pub connection_id: ConnectionId,
    pub connection_status: ConnectionStatus,
    /// Of the newest refresh; absent before the first.
    pub refresh_state: Option<RefreshState>,
    pub refresh_error: Option<String>,
}

/// Lists the accounts of the transaction's company after `after`, by id.
pub async fn list_accounts(
    conn: &mut PgConnection,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<AccountView>> {
    let accounts = sqlx::query_as!(
        AccountView,
        r#"select a.id as "id: AccountId", a.external_id, a.name, a.timezone, a.currency,
                  a.last_good_day, a.published_at, a.disabled_reason,
                  c.id as "connection_id: ConnectionId",
                  c.status as "connection_status: ConnectionStatus",
                  r.state as "refresh_state?: RefreshState", r.error as refresh_error
           from ad_accounts a
           join ad_connections c on c.company_id = a.company_id and c.id = a.connection_id
           left join lateral (
             select state, error from ad_refreshes
             where company_id = a.company_id and account_id = a.id order by id desc limit 1
           ) r on true
           where $1::uuid is null or a.id > $1
           order by a.id limit $2"#,
        after,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(accounts)
}

/// Fails where the account isn't one of the transaction's company.
pub async fn require_account(conn: &mut PgConnection, id: AccountId) -> Result<()> {
    sqlx::query_scalar!("select 1 from ad_accounts where id = $1", id.0)
        .fetch_optional(conn)
        .await?
        .map(drop)
        .ok_or(Error::NotFound("ad account"))
}

/// Loads an account with its connection, for a refresh.
pub async fn load_account(conn: &mut PgConnection, id: AccountId) -> Result<Account> {
    let row = sqlx::query!(
        r#"select a.external_id, a.timezone, a.last_good_day, a.disabled_reason,
                  c.id as "connection_id: ConnectionId", c.status as "status: ConnectionStatus",
                  c.sealed_token, c.connected_by as "connected_by: UserId"
           from ad_accounts a
           join ad_connections c on c.company_id = a.company_id and c.id = a.connection_id
           where a.id = $1"#,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("ad account"))?;
    let connection = Connection {
        id: row.connection_id,
        status: row.status,
        connected_by: row.connected_by,
        sealed_token: row.sealed_token,
    };
    Ok(Account {
        id,
        connection,
        external_id: row.external_id,
        timezone: row.timezone,
        last_good_day: row.last_good_day,
        disabled_reason: row.disabled_reason,
    })
}

/// Saves Meta's list of a connection's accounts and returns their ids, in no order. An account of
/// another connection of the company moves to this one.
pub async fn save_accounts(
    conn: &mut PgConnection,
    company: CompanyId,
    connection: ConnectionId,
    found: &[FoundAccount],
    now: DateTime<Utc>,
) -> Result<Vec<AccountId>> {
    let ids: Vec<Uuid> = found.iter().map(|_| AccountId::new().0).collect();
    let external_ids: Vec<&str> = found.iter().map(|a| a.external_id.as_str()).collect();
    let names: Vec<&str> = found.iter().map(|a| a.name.as_str()).collect();
    let timezones: Vec<&str> = found.iter().map(|a| a.timezone.as_str()).collect();
    let currencies: Vec<&str> = found.iter().map(|a| a.currency.as_str()).collect();
    // An unknown time zone disables the account: its days cannot be computed.
    let disabled_reasons: Vec<Option<String>> = found
        .iter()
        .map(|a| today_in(&a.timezone, now).err().map(|e| e.to_string()))
        .collect();
    let saved = sqlx::query_scalar!(
        r#"insert into ad_accounts
             (company_id, id, connection_id, external_id, name, timezone, currency, disabled_reason,
              created_at, updated_at)
           select $1, i.id, $2, i.external_id, i.name, i.timezone, i.currency, i.disabled, $9, $9
           from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
             as i (id, external_id, name, timezone, currency, disabled)
           on conflict on constraint ad_accounts_once do update set
             connection_id = excluded.connection_id, name = excluded.name,
             timezone = excluded.timezone, currency = excluded.currency,
             disabled_reason = excluded.disabled_reason,
             permission_errors = 0, updated_at = excluded.updated_at
           returning id as "id: AccountId""#,
        company.0,
        connection.0,
        &ids,
        &external_ids as &[&str],
        &names as &[&str],
        &timezones as &[&str],
        &currencies as &[&str],
        &disabled_reasons as &[Option<String>],
        now,
    )
    .fetch_all(conn)
    .await?;
    Ok(saved)
}

/// Counts a permission error; the third in a row disables the account with the reason.
pub async fn record_permission_error(
    conn: &mut PgConnection,
    id: AccountId,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update ad_accounts set
           permission_errors = permission_errors + 1,
           disabled_reason = case when permission_errors + 1 >= $4 then $2 else disabled_reason end,
           updated_at = $3
         where id = $1",
        id.0,
        reason,
        now,
        i32::from(MAX_PERMISSION_ERRORS),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Restarts the count of permission errors after a success.
pub async fn clear_permission_errors(conn: &mut PgConnection, id: AccountId) -> Result<()> {
    sqlx::query!(
        "update ad_accounts set permission_errors = 0 where id = $1 and permission_errors > 0",
        id.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lists up to `limit` accounts to refresh after `after`, of all companies. Requires the engine's
/// role.
pub async fn list_refreshable_accounts(
    conn: &mut PgConnection,
    after: Option<AccountId>,
    limit: i64,
) -> Result<Vec<(CompanyId, AccountId)>> {
    let rows = sqlx::query!(
        r#"select company_id as "company_id!: CompanyId", id as "id!: AccountId"
           from refreshable_ad_accounts($1, $2) order by id"#,
        after.map(|account| account.0),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.company_id, row.id))
        .collect())
}
