//! [`Person`] and [`MaybePerson`]: signed-in people outside of any company.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use domain::identity;
use domain::identity::sessions::SessionId;
use platform::db::{Scope, Tx};
use platform::ids::UserId;
use sqlx::PgConnection;

use super::bearer::{authenticate_session, request_id, require_bearer, signed_out};
use crate::App;
use crate::error::{Error, Result};

/// A signed-in person, before any company. API keys aren't people.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    /// The time of the request, by the database's clock.
    pub(crate) now: DateTime<Utc>,
    pub(super) request_id: String,
}

impl Person {
    /// Opens a transaction that sees this person's own rows.
    pub(crate) async fn begin(&self, app: &App) -> Result<Tx> {
        Ok(app.db().begin(Scope::user(self.user)).await?)
    }

    /// Requires that the session has not ended while the body of the request was read; 401.
    pub(crate) async fn confirm_session(&self, conn: &mut PgConnection) -> Result<()> {
        if identity::access::hold_open_session(conn, self.session).await? {
            return Ok(());
        }
        Err(signed_out())
    }
}

impl FromRequestParts<App> for Person {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let bearer = require_bearer(parts)?;
        let (session, holder) = authenticate_session(app, bearer, None).await?;
        Ok(Self {
            user: holder.user,
            session,
            now: holder.now,
            request_id: request_id(parts),
        })
    }
}

/// A [`Person`] if the request carries an `Authorization`. An invalid one is rejected.
#[derive(Debug, Clone)]
pub(crate) struct MaybePerson(pub(crate) Option<Person>);

impl FromRequestParts<App> for MaybePerson {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        if !parts.headers.contains_key(AUTHORIZATION) {
            return Ok(Self(None));
        }
        Person::from_request_parts(parts, app)
            .await
            .map(|person| Self(Some(person)))
    }
}
