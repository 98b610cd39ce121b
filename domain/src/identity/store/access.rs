//! The holders of a batch of sessions or keys, read in one statement.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, UserId, Uuid};
use sqlx::PgConnection;

use super::api_keys::ApiKeyId;
use super::company_access::lock_company;
use super::operators::{OperatorId, OperatorSessionId};
use super::sessions::SessionId;
use crate::Result;
use crate::identity::role::Role;
use crate::identity::scope::KeyScope;

/// The holder of an open session. `membership` is that of the requested company, else the only one.
/// Without a requested company and with several memberships, it is any of them, and `memberships`
/// is their number.
#[derive(Debug, Clone)]
pub struct SessionHolder {
    pub user: UserId,
    pub membership: Option<(CompanyId, Role)>,
    pub memberships: i64,
    pub now: DateTime<Utc>,
}

/// The holder of a live API key. `role` is the lesser of the key's role and its creator's.
#[derive(Debug, Clone)]
pub struct KeyHolder {
    pub api_key: ApiKeyId,
    pub company: CompanyId,
    pub role: Role,
    pub scopes: Vec<KeyScope>,
    pub user: UserId,
    pub now: DateTime<Utc>,
}

/// Returns the holders in the order of `requested`: `None` where the session is unknown, expired or
/// revoked, or its user inactive.
pub async fn authenticate_sessions(
    conn: &mut PgConnection,
    requested: &[(SessionId, Option<CompanyId>)],
) -> Result<Vec<Option<SessionHolder>>> {
    let sessions: Vec<Uuid> = requested.iter().map(|(session, _)| session.0).collect();
    let companies: Vec<Option<Uuid>> = requested
        .iter()
        .map(|(_, company)| company.map(|c| c.0))
        .collect();
    let rows = sqlx::query!(
        r#"select "position" as "position!", user_id as "user_id!: UserId",
                  company_id as "company_id: CompanyId", role as "role: Role",
                  memberships as "memberships!", now as "now!"
           from authenticate($1, $2)"#,
        &sessions,
        &companies as &[Option<Uuid>],
    )
    .fetch_all(conn)
    .await?;
    let mut holders = vec![None; requested.len()];
    for row in rows {
        let holder = SessionHolder {
            user: row.user_id,
            membership: row.company_id.zip(row.role),
            memberships: row.memberships,
            now: row.now,
        };
        store_at(&mut holders, row.position, holder);
    }
    Ok(holders)
}

/// Returns the holders in the order of `hashes`: `None` where the key is unknown, revoked or
/// expired, or its creator no longer an active member. A scope of a newer release opens nothing.
pub async fn authenticate_api_keys(
    conn: &mut PgConnection,
    hashes: &[[u8; 32]],
) -> Result<Vec<Option<KeyHolder>>> {
    let digests: Vec<&[u8]> = hashes.iter().map(<[u8; 32]>::as_slice).collect();
    let rows = sqlx::query!(
        r#"select "position" as "position!", api_key_id as "api_key_id!: ApiKeyId",
                  company_id as "company_id!: CompanyId", role as "role!: Role",
                  scopes as "scopes!", user_id as "user_id!: UserId", user_role as "user_role!: Role", now as "now!"
           from authenticate_api_keys($1)"#,
        &digests as &[&[u8]],
    )
    .fetch_all(conn)
    .await?;
    let mut holders = vec![None; hashes.len()];
    for row in rows {
        let holder = KeyHolder {
            api_key: row.api_key_id,
            company: row.company_id,
            role: row.role.min(row.user_role),
            scopes: row.scopes.iter().filter_map(|s| s.parse().ok()).collect(),
            user: row.user_id,
            now: row.now,
        };
        store_at(&mut holders, row.position, holder);
    }
    Ok(holders)
}

/// Returns whether a session is still open, and keeps it so until the transaction ends. The session
/// may have ended after its request was authenticated, while the body of the request was read.
pub async fn hold_open_session(conn: &mut PgConnection, session: SessionId) -> Result<bool> {
    let open = sqlx::query_scalar!(
        r#"select 1 as "open!" from sessions where id = $1 and revoked_at is null for share"#,
        session.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(open.is_some())
}

/// Returns whether the transaction's user still has the session and the role of an authenticated
/// request. Locks the company, so that both stay until the transaction ends.
pub async fn hold_membership(
    conn: &mut PgConnection,
    (company, role): (CompanyId, Role),
    (user, session): (UserId, SessionId),
) -> Result<bool> {
    lock_company(&mut *conn, company).await?;
    let member = sqlx::query_scalar!(
        r#"select 1 as "member!" from memberships
           where company_id = $1 and user_id = $2 and role = $3 and active"#,
        company.0,
        user.0,
        role as Role,
    )
    .fetch_optional(&mut *conn)
    .await?;
    Ok(member.is_some() && hold_open_session(conn, session).await?)
}

/// Returns the operator of an open session and the database's time.
pub async fn authenticate_operator(
    conn: &mut PgConnection,
    session: OperatorSessionId,
) -> Result<Option<(OperatorId, DateTime<Utc>)>> {
    let row = sqlx::query!(
        r#"select operator_id as "operator_id!: OperatorId", now as "now!"
           from authenticate_operator($1)"#,
        session.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.operator_id, row.now)))
}

/// `position` counts from 1.
fn store_at<T>(holders: &mut [Option<T>], position: i64, holder: T) {
    let slot = usize::try_from(position - 1)
        .ok()
        .and_then(|index| holders.get_mut(index));
    if let Some(slot) = slot {
        *slot = Some(holder);
    }
}
