//! Invitations by e-mail: single use, seven days, one open at a time for an address of a company. The token proves
//! that the person reads the address. It doesn't prove that the account of that address is the person's: anybody
//! may have registered it, so the account proves itself beside it.

use chrono::{DateTime, TimeDelta, Utc};
use platform::ids::{CompanyId, UserId};
use sqlx::PgConnection;

use super::members::lock_company;
use crate::identity::{Invitation, InvitationId, Language, Role};
use crate::{Error, Result};

const LIFE: TimeDelta = TimeDelta::days(7);

/// An invitation that can be accepted now, and the account that its address already has.
#[derive(Debug, Clone)]
pub struct Invited {
    pub company: CompanyId,
    pub id: InvitationId,
    pub email: String,
    pub user: Option<UserId>,
}

/// What the job that mails an invitation needs.
#[derive(Debug, Clone)]
pub struct InvitationMail {
    pub email: String,
    pub company_name: String,
    pub language: Language,
    pub invited_by: String,
    /// Sealed for `invitations:<id>`.
    pub sealed_token: Vec<u8>,
}

/// Writes an invitation of the transaction's company, in place of any that is open for the same address.
///
/// # Errors
/// The database's.
pub async fn create_invitation(
    conn: &mut PgConnection,
    (company, by): (CompanyId, UserId),
    invitation: &Invitation,
    token_hash: &[u8; 32],
    sealed_token: &[u8],
) -> Result<()> {
    lock_company(conn, company).await?;
    void_invitations(conn, company, &invitation.email, invitation.created_at).await?;
    sqlx::query!(
        "insert into invitations (company_id, id, email, role, token_hash, sealed_token, invited_by,
                                  created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        company.0,
        invitation.id.0,
        invitation.email,
        invitation.role as Role,
        token_hash.as_slice(),
        sealed_token,
        by.0,
        invitation.created_at,
        invitation.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

impl Invitation {
    /// An invitation that lasts seven days from `now`.
    pub fn new(email: String, role: Role, now: DateTime<Utc>) -> Self {
        Self {
            id: InvitationId::new(),
            email,
            role,
            created_at: now,
            expires_at: now + LIFE,
            accepted_at: None,
        }
    }
}

/// The invitation behind a token, while it can be accepted.
///
/// # Errors
/// The database's.
pub async fn find_invitation(
    conn: &mut PgConnection,
    token_hash: &[u8; 32],
) -> Result<Option<Invited>> {
    let row = sqlx::query_as!(
        Invited,
        r#"select company_id as "company!: CompanyId", id as "id!: InvitationId", email as "email!",
                  user_id as "user: UserId"
           from invitation_lookup($1)"#,
        token_hash.as_slice(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// # Errors
/// `NotFound`.
pub async fn show_invitation(
    conn: &mut PgConnection,
    company: CompanyId,
    id: InvitationId,
) -> Result<Invitation> {
    sqlx::query_as!(
        Invitation,
        r#"select id as "id: InvitationId", email, role as "role: Role", created_at, expires_at, accepted_at
           from invitations where company_id = $1 and id = $2"#,
        company.0,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("invitation"))
}

/// What to mail, while it can still be accepted.
///
/// # Errors
/// The database's.
pub async fn invitation_mail(
    conn: &mut PgConnection,
    company: CompanyId,
    id: InvitationId,
    now: DateTime<Utc>,
) -> Result<Option<InvitationMail>> {
    let row = sqlx::query_as!(
        InvitationMail,
        r#"select i.email, c.name as company_name, c.language as "language: Language",
                  coalesce(u.full_name, c.name) as "invited_by!", i.sealed_token
           from invitations i
           join companies c on c.id = i.company_id
           left join users u on u.id = i.invited_by
           where i.company_id = $1 and i.id = $2 and i.accepted_at is null and i.expires_at > $3"#,
        company.0,
        id.0,
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Ends the company's open invitations of an address.
pub(super) async fn void_invitations(
    conn: &mut PgConnection,
    company: CompanyId,
    email: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update invitations set expires_at = $3
         where company_id = $1 and email = $2 and accepted_at is null and expires_at > $3",
        company.0,
        email,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Uses an invitation up and gives the role it was for. The transaction's company must be its own.
async fn accept_invitation(
    conn: &mut PgConnection,
    invited: &Invited,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<Role> {
    sqlx::query_scalar!(
        r#"update invitations set accepted_at = $3, accepted_by = $4
           where company_id = $1 and id = $2 and accepted_at is null and expires_at > $3
           returning role as "role: Role""#,
        invited.company.0,
        invited.id.0,
        now,
        user.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or_else(|| Error::conflict("token_used", "this invitation has been accepted"))
}

/// Accepts an invitation: uses it up, with any other of the same address, and makes the person a member.
///
/// # Errors
/// `Conflict(token_used | already_member)`.
pub async fn join_company(
    conn: &mut PgConnection,
    invited: &Invited,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<Role> {
    lock_company(conn, invited.company).await?;
    let role = accept_invitation(conn, invited, user, now).await?;
    void_invitations(conn, invited.company, &invited.email, now).await?;
    super::members::add_member(conn, invited.company, user, role, now).await?;
    Ok(role)
}
