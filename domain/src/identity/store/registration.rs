//! Registering an account. The same statements run for an address that has an account already, so
//! that neither the response nor its time reveals which addresses have one.

use chrono::{DateTime, Utc};
use platform::ids::Uuid;
use sqlx::{Connection as _, PgConnection};

use super::accounts::{NewUser, create_user};
use super::companies::{NewCompany, create_company};
use crate::{Error, Result};

/// The outcome of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    New,
    /// The address has an account; nothing was created.
    Taken,
}

/// Creates an account, and its company if there is one. The transaction's user must be the new one,
/// and its company the new company.
pub async fn register_account(
    conn: &mut PgConnection,
    user: &NewUser,
    password_hash: &str,
    company: Option<&NewCompany>,
    now: DateTime<Utc>,
) -> Result<Registered> {
    let mut attempt = conn.begin().await?;
    match create_account(&mut attempt, user, password_hash, company, now).await {
        Ok(()) => {
            attempt.commit().await?;
            Ok(Registered::New)
        }
        Err(Error::Conflict {
            code: "email_taken",
            ..
        }) => {
            attempt.rollback().await?;
            imitate_registration(conn, user, password_hash, company, now).await?;
            Ok(Registered::Taken)
        }
        Err(other) => Err(other),
    }
}

async fn create_account(
    conn: &mut PgConnection,
    user: &NewUser,
    password_hash: &str,
    company: Option<&NewCompany>,
    now: DateTime<Utc>,
) -> Result<()> {
    create_user(conn, user, password_hash, now).await?;
    if let Some(company) = company {
        create_company(conn, company, user.id, now).await?;
    }
    Ok(())
}

/// Does the work of a registration under an address that nobody has, and takes it back.
async fn imitate_registration(
    conn: &mut PgConnection,
    user: &NewUser,
    password_hash: &str,
    company: Option<&NewCompany>,
    now: DateTime<Utc>,
) -> Result<()> {
    let nobody = NewUser {
        email: format!("{}@taken.invalid", Uuid::new_v4()),
        ..user.clone()
    };
    let mut imitation = conn.begin().await?;
    create_account(&mut imitation, &nobody, password_hash, company, now).await?;
    imitation.rollback().await?;
    Ok(())
}
