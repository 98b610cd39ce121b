//! [`Caller`] and [`CompanyCaller`]: requests in a company.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use domain::identity::access::SessionHolder;
use domain::identity::audit::{Actor, AuditEvent};
use domain::identity::sessions::SessionId;
use domain::identity::{self, Role};
use platform::db::{Scope, Tx};
use platform::ids::{CompanyId, UserId, Uuid};
use serde_json::Value;
use sqlx::PgConnection;

use super::bearer::{authenticate_session, request_id, require_bearer, signed_out};
use super::person::Person;
use super::route_scope::require_scope;
use super::tokens::hash_api_key;
use crate::App;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};

const COMPANY_HEADER: &str = "X-Company-ID";

/// An authenticated request in a company. The membership was read for this very request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) company: CompanyId,
    /// The person; of an API key, its creator.
    pub(crate) user: UserId,
    pub(crate) role: Role,
    pub(crate) actor: Actor,
    /// The session of a person.
    session: Option<SessionId>,
    /// The time of the request, by the database's clock.
    pub(crate) now: DateTime<Utc>,
    request_id: String,
}

impl Caller {
    /// The owner of a company that `person` is about to create.
    pub(crate) fn founder(person: Person, company: CompanyId) -> Self {
        Self {
            company,
            user: person.user,
            role: Role::Owner,
            actor: Actor::User(person.user),
            session: Some(person.session),
            now: person.now,
            request_id: person.request_id,
        }
    }

    /// Opens a transaction that sees this company.
    pub(crate) async fn begin(&self, app: &App) -> Result<Tx> {
        Ok(app
            .db()
            .begin(Scope::member(self.company, self.user))
            .await?)
    }

    /// Requires the role `least` or above; 403.
    pub(crate) fn require_role(&self, least: Role) -> Result<()> {
        if self.role >= least {
            return Ok(());
        }
        Err(Error::forbidden(format!(
            "needs the role {} or above; yours is {}",
            least.as_str(),
            self.role.as_str()
        )))
    }

    /// Requires that the caller is a person who still has the session and the role of the request;
    /// 401. For acts that give access: a person who has lost the session may hold back the body of
    /// an authenticated request.
    pub(crate) async fn confirm_standing(&self, conn: &mut PgConnection) -> Result<()> {
        let session = self.session.ok_or_else(signed_out)?;
        let (membership, person) = ((self.company, self.role), (self.user, session));
        if identity::access::hold_membership(conn, membership, person).await? {
            return Ok(());
        }
        Err(signed_out())
    }

    /// Records an act of this caller in the audit log. `action` is `area.verb`.
    pub(crate) async fn record_act(
        &self,
        conn: &mut PgConnection,
        action: &str,
        subject: impl Into<Subject>,
        details: Value,
    ) -> Result<()> {
        let Subject { kind, id } = subject.into();
        let act = AuditEvent {
            company: Some(self.company),
            actor: self.actor,
            request_id: Some(&self.request_id),
            action,
            subject: (kind, id),
            details,
            at: self.now,
        };
        Ok(identity::audit::record_audit_event(conn, act).await?)
    }
}

/// The thing that an act changes: a kind, and an id unless the act changes many.
pub(crate) struct Subject {
    kind: &'static str,
    id: Option<Uuid>,
}

impl<Id: Into<Uuid>> From<(&'static str, Id)> for Subject {
    fn from((kind, id): (&'static str, Id)) -> Self {
        Self {
            kind,
            id: Some(id.into()),
        }
    }
}

impl From<&'static str> for Subject {
    fn from(kind: &'static str) -> Self {
        Self { kind, id: None }
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let company = match parts.headers.get(COMPANY_HEADER) {
            None => None,
            // What isn't an id names no company of the caller.
            Some(value) => Some(
                value
                    .to_str()
                    .ok()
                    .and_then(|v| v.parse().ok())
                    .ok_or_else(company_not_found)?,
            ),
        };
        authenticate_member(parts, app, company).await
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
            .map_err(|_| company_not_found())?;
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

async fn authenticate_member(
    parts: &Parts,
    app: &App,
    company: Option<CompanyId>,
) -> Result<Caller> {
    let bearer = require_bearer(parts)?;
    let request_id = request_id(parts);
    if let Some(hash) = hash_api_key(bearer) {
        let holder = app
            .authenticator()
            .find_key_holder(hash)
            .await?
            .ok_or_else(signed_out)?;
        if company.is_some_and(|company| company != holder.company) {
            return Err(company_not_found());
        }
        require_scope(&holder.scopes, parts)?;
        return Ok(Caller {
            company: holder.company,
            user: holder.user,
            role: holder.role,
            actor: Actor::ApiKey(holder.api_key),
            session: None,
            now: holder.now,
            request_id,
        });
    }
    let (session, holder) = authenticate_session(app, bearer, company).await?;
    let (company, role) = choose_company(&holder, company)?;
    Ok(Caller {
        company,
        user: holder.user,
        role,
        actor: Actor::User(holder.user),
        session: Some(session),
        now: holder.now,
        request_id,
    })
}

fn choose_company(holder: &SessionHolder, company: Option<CompanyId>) -> Result<(CompanyId, Role)> {
    if company.is_none() && holder.memberships > 1 {
        return Err(Error::new(
            ErrorCode::CompanyRequired,
            "you have several companies: name one in X-Company-ID",
        ));
    }
    holder.membership.ok_or_else(company_not_found)
}

fn company_not_found() -> Error {
    Error::not_found("company")
}
