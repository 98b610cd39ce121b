//! Accounts that were requested: seven days. An account exists once the link that was mailed to its
//! address is opened with its password. The link alone is not enough, because a stranger may have
//! entered the address and chosen the password.

use chrono::{DateTime, Utc};
use platform::id_type;
use platform::ids::{CompanyId, UserId};
use sqlx::PgConnection;

use super::accounts::{NewUser, create_user};
use super::companies::{CompanyProfile, NewCompany, create_company};
use crate::identity::language::Language;
use crate::{Error, Result};

id_type!(RegistrationId, "A requested account.");

/// An open registration. Without `Debug`, because it holds a secret.
#[derive(Clone)]
pub struct Registration {
    pub id: RegistrationId,
    pub email: String,
    pub password_hash: String,
    pub full_name: String,
    pub phone: Option<String>,
    pub language: Language,
    pub company_name: Option<String>,
}

/// What the job that mails a registration's link needs.
#[derive(Debug, Clone)]
pub struct RegistrationMail {
    pub email: String,
    pub language: Language,
    /// The person who has an account with this address already.
    pub holder: Option<String>,
    /// Sealed with the context `registrations:<id>`.
    pub sealed_token: Vec<u8>,
}

impl Registration {
    /// Builds the requested account and its company.
    pub fn to_account(&self) -> (NewUser, Option<NewCompany>) {
        let user = NewUser {
            id: UserId::new(),
            email: self.email.clone(),
            full_name: self.full_name.clone(),
            phone: self.phone.clone(),
            language: self.language,
        };
        let company = self.company_name.clone().map(|name| NewCompany {
            id: CompanyId::new(),
            name,
            profile: CompanyProfile {
                language: self.language,
                ..CompanyProfile::default()
            },
        });
        (user, company)
    }
}

/// Creates a registration, in the transaction of the platform job that mails its link. Does the
/// same whether or not the address has an account. Needs the engine's role.
pub async fn create_registration(
    conn: &mut PgConnection,
    registration: &Registration,
    token_hash: &[u8; 32],
    sealed_token: &[u8],
) -> Result<()> {
    sqlx::query!(
        "select create_registration($1, $2, $3, $4, $5, $6, $7, $8, $9, interval '7 days')",
        registration.id.0,
        registration.email,
        registration.password_hash,
        registration.full_name,
        registration.phone,
        registration.language as Language,
        registration.company_name,
        token_hash.as_slice(),
        sealed_token,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the open registration of a token.
pub async fn find_registration(
    conn: &mut PgConnection,
    token_hash: &[u8; 32],
) -> Result<Option<Registration>> {
    let row = sqlx::query_as!(
        Registration,
        r#"select id as "id!: RegistrationId", email as "email!",
                  password_hash as "password_hash!", full_name as "full_name!", phone,
                  language as "language!: Language", company_name
           from registration_lookup($1)"#,
        token_hash.as_slice(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Returns the content of the mail, while the registration is open. Needs the engine's role.
pub async fn find_registration_mail(
    conn: &mut PgConnection,
    id: RegistrationId,
) -> Result<Option<RegistrationMail>> {
    let row = sqlx::query_as!(
        RegistrationMail,
        r#"select email as "email!", language as "language!: Language", holder,
                  sealed_token as "sealed_token!"
           from registration_mail($1)"#,
        id.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Creates the account of a registration, and its company if it names one. The transaction's user
/// must be the new one, and its company the new company.
///
/// # Errors
/// `Conflict(token_used | email_taken)`.
pub async fn complete_registration(
    conn: &mut PgConnection,
    registration: &Registration,
    (user, company): (&NewUser, Option<&NewCompany>),
    now: DateTime<Utc>,
) -> Result<()> {
    let open = sqlx::query_scalar!(
        r#"select end_registration($1) as "open!""#,
        registration.id.0
    )
    .fetch_one(&mut *conn)
    .await?;
    if !open {
        return Err(Error::conflict("token_used", "this link has been used"));
    }
    create_user(conn, user, &registration.password_hash, now).await?;
    if let Some(company) = company {
        create_company(conn, company, user.id, now).await?;
    }
    Ok(())
}
