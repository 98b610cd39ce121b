//! The extractors: [`Caller`] acts in a company, [`CompanyCaller`] in the company that the path names,
//! [`Person`] outside of any, [`OperatorCaller`] for the platform.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use domain::identity::access::SessionHolder;
use domain::identity::audit::{Actor, AuditEvent};
use domain::identity::operators::OperatorId;
use domain::identity::sessions::SessionId;
use domain::identity::{self, Role};
use platform::db::{Scope, Tx};
use platform::ids::{CompanyId, UserId, Uuid};
use sqlx::PgConnection;

use super::tokens::api_key_hash;
use crate::App;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::shell::RequestId;

const COMPANY_HEADER: &str = "X-Company-ID";

/// An authenticated request in a company. The membership was read for this very request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) company: CompanyId,
    /// The person, or for an API key the person who made it.
    pub(crate) user: UserId,
    pub(crate) role: Role,
    pub(crate) actor: Actor,
    /// The time of the request, by the database's clock.
    pub(crate) now: DateTime<Utc>,
    pub(crate) request_id: String,
}

impl Caller {
    /// Opens a transaction that sees this company.
    pub(crate) async fn begin(&self, app: &App) -> Result<Tx> {
        Ok(app
            .db()
            .begin(Scope::member(self.company, self.user))
            .await?)
    }

    /// # Errors
    /// 403 below `least`.
    pub(crate) fn require(&self, least: Role) -> Result<()> {
        if self.role >= least {
            return Ok(());
        }
        Err(Error::forbidden(format!(
            "needs the role {} or above; yours is {}",
            least.as_str(),
            self.role.as_str()
        )))
    }

    /// Writes an act of this caller in the audit log. `action` is `area.verb`.
    pub(crate) async fn audit(
        &self,
        conn: &mut PgConnection,
        action: &'static str,
        subject: (&'static str, Option<Uuid>),
        details: serde_json::Value,
    ) -> Result<()> {
        let act = AuditEvent {
            company: Some(self.company),
            actor: self.actor,
            request_id: Some(&self.request_id),
            action,
            subject,
            details,
            at: self.now,
        };
        Ok(identity::audit::record_audit_event(conn, act).await?)
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let wanted = match parts.headers.get(COMPANY_HEADER) {
            None => None,
            // Not an id of any company, so not one of the caller's.
            Some(value) => Some(
                value
                    .to_str()
                    .ok()
                    .and_then(|v| v.parse().ok())
                    .ok_or_else(no_company)?,
            ),
        };
        authenticate_member(parts, app, wanted).await
    }
}

/// A [`Caller`] in the company of the path's `{id}`.
#[derive(Debug, Clone)]
pub(crate) struct CompanyCaller(pub(crate) Caller);

impl FromRequestParts<App> for CompanyCaller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let params = RawPathParams::from_request_parts(parts, app)
            .await
            .map_err(|_| no_company())?;
        let text = params
            .iter()
            .find(|(name, _)| *name == "id")
            .map(|(_, value)| value.to_owned());
        let company = text
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| Error::invalid_field("id", "invalid_id", "not a UUID"))?;
        authenticate_member(parts, app, Some(company))
            .await
            .map(Self)
    }
}

/// A signed-in person, before any company. API keys aren't people.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    pub(crate) must_change_password: bool,
    pub(crate) now: DateTime<Utc>,
    pub(crate) request_id: String,
}

impl Person {
    /// Opens a transaction that sees what is this person's own.
    pub(crate) async fn begin(&self, app: &App) -> Result<Tx> {
        Ok(app.db().begin(Scope::user(self.user)).await?)
    }
}

impl FromRequestParts<App> for Person {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let bearer = bearer(parts)?;
        let (session, holder) = open_session(app, bearer, None).await?;
        Ok(Self {
            user: holder.user,
            session,
            must_change_password: holder.must_change_password,
            now: holder.now,
            request_id: request_id(parts),
        })
    }
}

/// A [`Person`] where the request says who it is of. Whoever says so wrongly is refused all the same.
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

/// Somebody of the platform, by a token of another audience.
#[derive(Debug, Clone)]
pub(crate) struct OperatorCaller {
    pub(crate) operator: OperatorId,
    pub(crate) now: DateTime<Utc>,
    pub(crate) request_id: String,
}

impl OperatorCaller {
    /// Writes an act of this operator in the audit log, in `company`'s where one is concerned.
    pub(crate) async fn audit(
        &self,
        conn: &mut PgConnection,
        company: Option<CompanyId>,
        action: &'static str,
        subject: (&'static str, Option<Uuid>),
        details: serde_json::Value,
    ) -> Result<()> {
        let actor = Actor::Operator(self.operator);
        let act = AuditEvent {
            company,
            actor,
            request_id: Some(&self.request_id),
            action,
            subject,
            details,
            at: self.now,
        };
        Ok(identity::audit::record_audit_event(conn, act).await?)
    }
}

impl FromRequestParts<App> for OperatorCaller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let access = app.tokens().read_operator(bearer(parts)?)?;
        let mut conn = app.db().app().acquire().await?;
        let now = identity::access::authenticate_operator(&mut conn, access.id)
            .await?
            .ok_or_else(signed_out)?;
        access.check_time(now)?;
        Ok(Self {
            operator: access.id,
            now,
            request_id: request_id(parts),
        })
    }
}

async fn authenticate_member(
    parts: &Parts,
    app: &App,
    wanted: Option<CompanyId>,
) -> Result<Caller> {
    let bearer = bearer(parts)?;
    let request_id = request_id(parts);
    if let Some(hash) = api_key_hash(bearer) {
        let holder = app
            .authenticator()
            .key(hash)
            .await?
            .ok_or_else(signed_out)?;
        if wanted.is_some_and(|company| company != holder.company) {
            return Err(no_company());
        }
        return Ok(Caller {
            company: holder.company,
            user: holder.user,
            role: holder.role,
            actor: Actor::ApiKey(holder.api_key),
            now: holder.now,
            request_id,
        });
    }
    let (_, holder) = open_session(app, bearer, wanted).await?;
    if holder.must_change_password {
        return Err(Error::new(
            ErrorCode::PasswordChangeRequired,
            "change the password first: POST /auth/password",
        ));
    }
    let (company, role) = choose_company(&holder, wanted)?;
    Ok(Caller {
        company,
        user: holder.user,
        role,
        actor: Actor::User(holder.user),
        now: holder.now,
        request_id,
    })
}

fn choose_company(holder: &SessionHolder, wanted: Option<CompanyId>) -> Result<(CompanyId, Role)> {
    if wanted.is_none() && holder.memberships > 1 {
        return Err(Error::new(
            ErrorCode::CompanyRequired,
            "you have several companies: name one in X-Company-ID",
        ));
    }
    holder.membership.ok_or_else(no_company)
}

async fn open_session(
    app: &App,
    bearer: &str,
    company: Option<CompanyId>,
) -> Result<(SessionId, SessionHolder)> {
    let access = app.tokens().read(bearer)?;
    let holder = app
        .authenticator()
        .session(access.id, company)
        .await?
        .ok_or_else(signed_out)?;
    access.check_time(holder.now)?;
    Ok((access.id, holder))
}

fn bearer(parts: &Parts) -> Result<&str> {
    parts
        .headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| {
            Error::new(
                ErrorCode::Unauthenticated,
                "send Authorization: Bearer <access token or API key>",
            )
        })
}

fn request_id(parts: &Parts) -> String {
    parts
        .extensions
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default()
}

fn signed_out() -> Error {
    Error::new(
        ErrorCode::Unauthenticated,
        "the session or the key is no longer valid",
    )
}

fn no_company() -> Error {
    Error::not_found("company")
}
