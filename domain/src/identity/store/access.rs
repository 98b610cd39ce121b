//! Who is behind a batch of sessions or keys, answered in one statement.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, UserId, Uuid};
use sqlx::PgConnection;

use crate::Result;
use crate::identity::{ApiKeyId, OperatorId, Role, SessionId};

/// Who holds an open session. `company` and `role` are those of the company asked for, else of the
/// only one; with several and none asked for, they are of any, and `memberships` says how many.
#[derive(Debug, Clone)]
pub struct SessionHolder {
    pub user: UserId,
    pub must_change_password: bool,
    pub membership: Option<(CompanyId, Role)>,
    pub memberships: i64,
    pub now: DateTime<Utc>,
}

/// Who holds a live API key. Its power is the lesser of the key's role and its maker's.
#[derive(Debug, Clone)]
pub struct KeyHolder {
    pub api_key: ApiKeyId,
    pub company: CompanyId,
    pub role: Role,
    pub user: UserId,
    pub now: DateTime<Utc>,
}

/// Answers in the order asked; `None` where the session is unknown, expired or revoked, or its user
/// inactive.
///
/// # Errors
/// The database's.
pub async fn authenticate(
    conn: &mut PgConnection,
    asked: &[(SessionId, Option<CompanyId>)],
) -> Result<Vec<Option<SessionHolder>>> {
    let sessions: Vec<Uuid> = asked.iter().map(|(session, _)| session.0).collect();
    let companies: Vec<Option<Uuid>> = asked
        .iter()
        .map(|(_, company)| company.map(|c| c.0))
        .collect();
    let rows = sqlx::query!(
        r#"select "position" as "position!", user_id as "user_id!: UserId",
                  must_change_password as "must_change_password!", company_id as "company_id: CompanyId",
                  role as "role: Role", memberships as "memberships!", now as "now!"
           from authenticate($1, $2)"#,
        &sessions,
        &companies as &[Option<Uuid>],
    )
    .fetch_all(conn)
    .await?;
    let mut answers = vec![None; asked.len()];
    for row in rows {
        let holder = SessionHolder {
            user: row.user_id,
            must_change_password: row.must_change_password,
            membership: row.company_id.zip(row.role),
            memberships: row.memberships,
            now: row.now,
        };
        place(&mut answers, row.position, holder);
    }
    Ok(answers)
}

/// Answers in the order asked; `None` where the key is unknown or revoked, or its maker no longer an
/// active member.
///
/// # Errors
/// The database's.
pub async fn authenticate_api_keys(
    conn: &mut PgConnection,
    hashes: &[[u8; 32]],
) -> Result<Vec<Option<KeyHolder>>> {
    let asked: Vec<&[u8]> = hashes.iter().map(<[u8; 32]>::as_slice).collect();
    let rows = sqlx::query!(
        r#"select "position" as "position!", api_key_id as "api_key_id!: ApiKeyId",
                  company_id as "company_id!: CompanyId", role as "role!: Role",
                  user_id as "user_id!: UserId", user_role as "user_role!: Role", now as "now!"
           from authenticate_api_keys($1)"#,
        &asked as &[&[u8]],
    )
    .fetch_all(conn)
    .await?;
    let mut answers = vec![None; hashes.len()];
    for row in rows {
        let holder = KeyHolder {
            api_key: row.api_key_id,
            company: row.company_id,
            role: row.role.min(row.user_role),
            user: row.user_id,
            now: row.now,
        };
        place(&mut answers, row.position, holder);
    }
    Ok(answers)
}

/// The time, when the operator exists and is active.
///
/// # Errors
/// The database's.
pub async fn authenticate_operator(
    conn: &mut PgConnection,
    id: OperatorId,
) -> Result<Option<DateTime<Utc>>> {
    let now = sqlx::query_scalar!(
        r#"select now as "now!" from authenticate_operator($1)"#,
        id.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(now)
}

/// `position` counts from 1.
fn place<T>(answers: &mut [Option<T>], position: i64, holder: T) {
    let slot = usize::try_from(position - 1)
        .ok()
        .and_then(|index| answers.get_mut(index));
    if let Some(slot) = slot {
        *slot = Some(holder);
    }
}
