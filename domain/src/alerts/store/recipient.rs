//! The addresses that may receive alerts: sent a code, confirmed by it, or withdrawn.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use platform::crypto::Keyring;
use platform::ids::{CompanyId, UserId};
use sqlx::PgConnection;

use super::super::RecipientId;
use super::super::recipients::channel_of;
use super::rule_validation::{load_country, parse_address};
use crate::identity::attempts::{Attempts, count_code_attempt};
use crate::notifications::{MessageId, SealedCode, create_code_message, is_suppressed};
use crate::{Error, Result};

const CODE_LIFETIME: TimeDelta = TimeDelta::days(1);
/// Wrong attempts that end a code. The table has the same limit.
const MAX_ATTEMPTS: i32 = 5;

/// An address that was sent a code, as lists show it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRecipient {
    pub id: RecipientId,
    pub channel: String,
    pub address: String,
    /// `pending` or `confirmed`.
    pub state: String,
    pub confirmed_at: Option<DateTime<Utc>>,
    pub code_expires_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub created_by: UserId,
}

/// What a request for a code led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeRequest {
    /// The address has confirmed already: no code is sent.
    Confirmed(RecipientId),
    /// A code is to be sent by this message.
    Sent(RecipientId, MessageId),
    /// Too many codes; nothing may be committed.
    Rejected(Attempts),
}

/// What a check of a code led to. A wrong code must be committed, to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeCheck {
    Confirmed,
    /// The address had confirmed before.
    WasConfirmed,
    Wrong {
        attempts_left: i32,
    },
}

/// Requests the consent of an address, by a code that replaces an earlier one.
///
/// # Errors
/// `Invalid` for what isn't an address, and for an address that is suppressed.
pub async fn request_code(
    conn: &mut PgConnection,
    keyring: &Keyring,
    (company, by): (CompanyId, UserId),
    address: &str,
    now: DateTime<Utc>,
) -> Result<CodeRequest> {
    let address = parse_address("address", address, load_country(conn).await?)?;
    let channel = channel_of(&address);
    if is_suppressed(conn, channel, &address).await? {
        return Err(Error::invalid(
            "address",
            "suppressed",
            "nothing may be sent to this address, see GET /suppressions; who wrote STOP has to \
             write START",
        ));
    }
    let recipient = sqlx::query!(
        r#"insert into alert_recipients as r (company_id, id, channel, address, created_at,
             created_by)
           values ($1, $2, $3, $4, $5, $6)
           on conflict on constraint alert_recipients_once do update set address = r.address
           returning id as "id: RecipientId", confirmed_at is not null as "confirmed!""#,
        company.0,
        RecipientId::new().0,
        channel.as_str(),
        address,
        now,
        by.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    if recipient.confirmed {
        return Ok(CodeRequest::Confirmed(recipient.id));
    }
    let attempts = count_code_attempt(conn, company, by, &address).await?;
    if attempts != Attempts::Allowed {
        return Ok(CodeRequest::Rejected(attempts));
    }
    let code = SealedCode::generate(keyring, recipient.id.0);
    sqlx::query!(
        "update alert_recipients set sealed_code = $2, code_expires_at = $3, code_attempts = 0
         where id = $1",
        recipient.id.0,
        code.sealed,
        now + CODE_LIFETIME,
    )
    .execute(&mut *conn)
    .await?;
    let message = create_code_message(conn, company, channel, &address, now).await?;
    Ok(CodeRequest::Sent(recipient.id, message))
}

/// Compares a code with the present one of an address. Confirms the address, or counts the attempt.
///
/// # Errors
/// `NotFound`, `Invalid` where no code is open.
pub async fn check_code(
    conn: &mut PgConnection,
    keyring: &Keyring,
    id: RecipientId,
    code: &str,
    now: DateTime<Utc>,
) -> Result<CodeCheck> {
    let row = sqlx::query!(
        "select confirmed_at, sealed_code, code_expires_at, code_attempts
         from alert_recipients where id = $1 for update",
        id.0,
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(Error::NotFound("alert recipient"))?;
    if row.confirmed_at.is_some() {
        return Ok(CodeCheck::WasConfirmed);
    }
    if row.code_attempts >= MAX_ATTEMPTS {
        return Err(code_ended("too_many_attempts", "was tried too often"));
    }
    let is_open = row.code_expires_at.is_some_and(|end| end > now);
    let sealed = row.sealed_code.filter(|_| is_open);
    let sealed = sealed.map(|sealed| SealedCode { row: id.0, sealed });
    // A code whose key is gone has ended, too.
    let matches = sealed.and_then(|sealed| sealed.matches(keyring, code).ok());
    match matches {
        None => Err(code_ended("code_expired", "has expired")),
        Some(true) => {
            confirm_recipient(conn, id, now).await?;
            Ok(CodeCheck::Confirmed)
        }
        Some(false) => {
            sqlx::query!(
                "update alert_recipients set code_attempts = code_attempts + 1 where id = $1",
                id.0
            )
            .execute(conn)
            .await?;
            let attempts_left = MAX_ATTEMPTS - row.code_attempts - 1;
            Ok(CodeCheck::Wrong { attempts_left })
        }
    }
}

fn code_ended(code: &'static str, reason: &str) -> Error {
    let advice = "request another one with POST /alert-recipients";
    Error::invalid("code", code, format!("{reason}: {advice}"))
}

async fn confirm_recipient(
    conn: &mut PgConnection,
    id: RecipientId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update alert_recipients set confirmed_at = $2, sealed_code = null, code_expires_at = null
         where id = $1",
        id.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Withdraws an address: from now on no alert is sent to it, whatever rules name it.
pub async fn withdraw_recipient(conn: &mut PgConnection, id: RecipientId) -> Result<()> {
    let deleted = sqlx::query!("delete from alert_recipients where id = $1", id.0)
        .execute(conn)
        .await?;
    if deleted.rows_affected() == 0 {
        Err(Error::NotFound("alert recipient"))
    } else {
        Ok(())
    }
}

pub async fn require_recipient(
    conn: &mut PgConnection,
    id: RecipientId,
) -> Result<StoredRecipient> {
    let recipient = select_recipients(conn, Some(id), None, 1).await?.pop();
    recipient.ok_or(Error::NotFound("alert recipient"))
}

/// Returns the recipients after `after`, oldest first.
pub async fn list_recipients(
    conn: &mut PgConnection,
    after: Option<RecipientId>,
    limit: i64,
) -> Result<Vec<StoredRecipient>> {
    select_recipients(conn, None, after, limit).await
}

async fn select_recipients(
    conn: &mut PgConnection,
    only: Option<RecipientId>,
    after: Option<RecipientId>,
    limit: i64,
) -> Result<Vec<StoredRecipient>> {
    Ok(sqlx::query_as!(
        StoredRecipient,
        r#"select id as "id: RecipientId", channel, address,
             case when confirmed_at is null then 'pending' else 'confirmed' end as "state!",
             confirmed_at, code_expires_at, created_at, created_by as "created_by: UserId"
           from alert_recipients
           where ($1::uuid is null or id = $1) and ($2::uuid is null or id > $2)
           order by id limit $3"#,
        only.map(|id| id.0),
        after.map(|id| id.0),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// Returns the addresses that have confirmed for the transaction's company.
pub(super) async fn load_confirmed(conn: &mut PgConnection) -> Result<BTreeSet<String>> {
    let addresses = sqlx::query_scalar!(
        "select address from alert_recipients
         where company_id = current_company_id() and confirmed_at is not null",
    )
    .fetch_all(conn)
    .await?;
    Ok(addresses.into_iter().collect())
}
