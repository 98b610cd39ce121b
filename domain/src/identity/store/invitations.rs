//! Invitations by e-mail: single use, seven days, one open at a time for an address of a company.
//! The token proves that the person reads the address. It doesn't prove that the address's account
//! is the person's, because others may read the mailbox: the account needs its own proof.

use chrono::{DateTime, TimeDelta, Utc};
use platform::id_type;
use platform::ids::{CompanyId, UserId};
use serde::Serialize;
use sqlx::PgConnection;

use super::accounts::{NewUser, create_user};
use super::companies::{OwnCompany, require_company};
use super::company_access::{expire_invitations, lock_company};
use super::members::add_member;
use crate::identity::language::Language;
use crate::identity::role::Role;
use crate::{Error, Result};

id_type!(InvitationId, "An invitation into a company.");

const INVITATION_LIFETIME: TimeDelta = TimeDelta::days(7);

#[derive(Debug, Clone, Serialize)]
pub struct Invitation {
    pub id: InvitationId,
    pub email: String,
    pub role: Role,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub accepted_at: Option<DateTime<Utc>>,
}

impl Invitation {
    /// Creates an invitation that is open for seven days from `now`.
    pub fn new(email: String, role: Role, now: DateTime<Utc>) -> Self {
        Self {
            id: InvitationId::new(),
            email,
            role,
            created_at: now,
            expires_at: now + INVITATION_LIFETIME,
            accepted_at: None,
        }
    }
}

/// An open invitation, and the account that its address already has.
#[derive(Debug, Clone)]
pub struct OpenInvitation {
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
    /// Sealed with the context `invitations:<id>`.
    pub sealed_token: Vec<u8>,
}

/// Creates an invitation of the transaction's company. It replaces an open one of the same address.
pub async fn create_invitation(
    conn: &mut PgConnection,
    (company, by): (CompanyId, UserId),
    invitation: &Invitation,
    token_hash: &[u8; 32],
    sealed_token: &[u8],
) -> Result<()> {
    lock_company(conn, company).await?;
    expire_invitations(conn, company, &invitation.email, invitation.created_at).await?;
    sqlx::query!(
        "insert into invitations (company_id, id, email, role, token_hash, sealed_token,
                                  invited_by, created_at, expires_at)
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

/// Returns the open invitation of a token, before anybody is signed in.
pub async fn find_open_invitation(
    conn: &mut PgConnection,
    token_hash: &[u8; 32],
) -> Result<Option<OpenInvitation>> {
    let row = sqlx::query_as!(
        OpenInvitation,
        r#"select company_id as "company!: CompanyId", id as "id!: InvitationId",
                  email as "email!", user_id as "user: UserId"
           from invitation_lookup($1)"#,
        token_hash.as_slice(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

pub async fn require_invitation(
    conn: &mut PgConnection,
    company: CompanyId,
    id: InvitationId,
) -> Result<Invitation> {
    sqlx::query_as!(
        Invitation,
        r#"select id as "id: InvitationId", email, role as "role: Role", created_at, expires_at,
                  accepted_at
           from invitations where company_id = $1 and id = $2"#,
        company.0,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("invitation"))
}

/// Lists the invitations before `before`, newest first: open, accepted and expired ones.
pub async fn list_invitations(
    conn: &mut PgConnection,
    company: CompanyId,
    before: Option<InvitationId>,
    limit: i64,
) -> Result<Vec<Invitation>> {
    let rows = sqlx::query_as!(
        Invitation,
        r#"select id as "id: InvitationId", email, role as "role: Role", created_at, expires_at,
                  accepted_at
           from invitations where company_id = $1 and ($2::uuid is null or id < $2)
           order by id desc limit $3"#,
        company.0,
        before.map(|id| id.0),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Withdraws an open invitation: its link ends at once. One that has ended stays as it is.
pub async fn withdraw_invitation(
    conn: &mut PgConnection,
    company: CompanyId,
    id: InvitationId,
    now: DateTime<Utc>,
) -> Result<Invitation> {
    sqlx::query!(
        "update invitations set expires_at = $3
         where company_id = $1 and id = $2 and accepted_at is null and expires_at > $3",
        company.0,
        id.0,
        now,
    )
    .execute(&mut *conn)
    .await?;
    require_invitation(conn, company, id).await
}

/// Returns the content of the mail, while the invitation is open.
pub async fn find_invitation_mail(
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

/// The account that accepts an invitation. Without `Debug`, because it holds a secret.
pub enum Invitee {
    Existing(UserId),
    New {
        user: NewUser,
        password_hash: String,
    },
}

impl Invitee {
    pub fn id(&self) -> UserId {
        match self {
            Self::Existing(id) => *id,
            Self::New { user, .. } => user.id,
        }
    }
}

/// Creates the account where it is new, accepts the invitation, expires the other ones of its
/// address, and adds the person as a member. The transaction's company must be the invitation's and
/// its user the invitee.
///
/// # Errors
/// `Conflict(token_used | already_member | email_taken)`.
pub async fn join_company(
    conn: &mut PgConnection,
    invitation: &OpenInvitation,
    invitee: &Invitee,
    now: DateTime<Utc>,
) -> Result<OwnCompany> {
    if let Invitee::New {
        user,
        password_hash,
    } = invitee
    {
        create_user(conn, user, password_hash, now).await?;
    }
    lock_company(conn, invitation.company).await?;
    let role = accept_invitation(conn, invitation, invitee.id(), now).await?;
    expire_invitations(conn, invitation.company, &invitation.email, now).await?;
    add_member(conn, invitation.company, invitee.id(), role, now).await?;
    let company = require_company(conn, invitation.company).await?;
    Ok(OwnCompany {
        id: company.id,
        name: company.name,
        role,
    })
}

/// Marks an invitation as accepted and returns its role. The transaction's company must be its own.
async fn accept_invitation(
    conn: &mut PgConnection,
    invitation: &OpenInvitation,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<Role> {
    sqlx::query_scalar!(
        r#"update invitations set accepted_at = $3, accepted_by = $4
           where company_id = $1 and id = $2 and accepted_at is null and expires_at > $3
           returning role as "role: Role""#,
        invitation.company.0,
        invitation.id.0,
        now,
        user.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or_else(|| Error::conflict("token_used", "this invitation has been accepted"))
}
