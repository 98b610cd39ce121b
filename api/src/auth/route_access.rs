//! What a route takes: the least role of the caller, and of an API key a scope too. One table, so
//! that nothing is open because a handler forgot to ask. A route that the table doesn't know
//! changes nothing and is for signed-in people only.

use axum::extract::MatchedPath;
use axum::http::Method;
use axum::http::request::Parts;
use domain::identity::{Access, KeyScope, Role, ScopeArea};

use crate::error::{Error, Result};

/// What routes that begin with a prefix take.
struct RouteAccess {
    prefix: &'static str,
    area: ScopeArea,
    /// The least role that reads.
    reads: Role,
    /// The least role that changes.
    changes: Role,
    /// Only people change it: who may do what, and who pays.
    by_people: bool,
}

impl RouteAccess {
    const fn new(prefix: &'static str, area: ScopeArea, changes: Role) -> Self {
        Self {
            prefix,
            area,
            reads: Role::Viewer,
            changes,
            by_people: false,
        }
    }

    const fn read_by(self, reads: Role) -> Self {
        Self { reads, ..self }
    }

    const fn by_people(self) -> Self {
        Self {
            by_people: true,
            ..self
        }
    }
}

/// The first prefix of a route counts.
const ROUTES: [RouteAccess; 27] = {
    use Role::{Admin, Manager, Member, Viewer};
    use ScopeArea::{Ads, Alerts, Catalog, Company, Imports, Jobs, Messages, Predictions};
    [
        RouteAccess::new("/products", Catalog, Manager),
        RouteAccess::new("/categories", Catalog, Manager),
        RouteAccess::new("/suppliers", Catalog, Manager),
        RouteAccess::new("/sites", Catalog, Manager),
        RouteAccess::new("/stock-movements", Catalog, Member),
        RouteAccess::new("/sales", Catalog, Member),
        RouteAccess::new("/batches/{id}/revert", Catalog, Manager),
        RouteAccess::new("/batches", Catalog, Member),
        RouteAccess::new("/imports/{id}/revert", Imports, Manager),
        RouteAccess::new("/imports", Imports, Member),
        RouteAccess::new("/predictions", Predictions, Member),
        RouteAccess::new("/alert-rules", Alerts, Manager),
        RouteAccess::new("/alert-recipients", Alerts, Manager),
        RouteAccess::new("/alerts", Alerts, Member),
        RouteAccess::new("/messages", Messages, Member),
        RouteAccess::new("/suppressions", Messages, Manager),
        RouteAccess::new("/ad-accounts", Ads, Member),
        RouteAccess::new("/ads/connections", Ads, Admin).by_people(),
        RouteAccess::new("/jobs/", Jobs, Manager),
        // The kind of a job says who may enqueue it.
        RouteAccess::new("/jobs", Jobs, Viewer),
        // A member may leave. Removing another one takes an admin, which the handler checks.
        RouteAccess::new("/companies/{id}/members/{user_id}", Company, Viewer).by_people(),
        RouteAccess::new("/companies/{id}/members", Company, Admin).by_people(),
        RouteAccess::new("/companies/{id}/invitations", Company, Admin)
            .read_by(Admin)
            .by_people(),
        RouteAccess::new("/companies/{id}", Company, Admin),
        RouteAccess::new("/billing", Company, Admin).by_people(),
        RouteAccess::new("/api-keys", Company, Admin)
            .read_by(Admin)
            .by_people(),
        RouteAccess::new("/audit-log", Company, Admin).read_by(Admin),
    ]
};

/// Requires that a role is enough for the route of a request; 403.
pub(super) fn require_role(role: Role, parts: &Parts) -> Result<()> {
    let least = match find_route(parts) {
        Some((route, Access::Read)) => route.reads,
        Some((route, Access::Write)) => route.changes,
        None => Role::Owner,
    };
    require_least(role, least)
}

/// Requires a role or one above it; 403.
pub(super) fn require_least(role: Role, least: Role) -> Result<()> {
    if role >= least {
        return Ok(());
    }
    Err(Error::forbidden(format!(
        "needs the role {} or above; yours is {}",
        least.as_str(),
        role.as_str()
    )))
}

/// Requires that one of a key's scopes opens the route of a request; 403.
pub(super) fn require_scope(held: &[KeyScope], parts: &Parts) -> Result<()> {
    let needed = find_route(parts).and_then(|(route, access)| route.find_scope(access));
    let needed = needed.ok_or_else(|| {
        Error::forbidden("API keys cannot do this: sign in as a person with the role for it")
    })?;
    if held.iter().any(|scope| scope.includes(needed)) {
        return Ok(());
    }
    Err(Error::forbidden(format!(
        "the API key lacks the scope {needed}: create a key that has it"
    )))
}

impl RouteAccess {
    /// Returns `None` where no key is accepted.
    fn find_scope(&self, access: Access) -> Option<KeyScope> {
        let is_closed = self.by_people && access == Access::Write;
        (!is_closed).then(|| KeyScope::new(self.area, access))
    }
}

fn find_route(parts: &Parts) -> Option<(&'static RouteAccess, Access)> {
    let template = parts.extensions.get::<MatchedPath>()?.as_str();
    find_access(&parts.method, template)
}

fn find_access(method: &Method, template: &str) -> Option<(&'static RouteAccess, Access)> {
    let path = template.strip_prefix("/api/v1")?;
    let route = ROUTES.iter().find(|route| path.starts_with(route.prefix))?;
    let access = if method == Method::GET || method == Method::HEAD {
        Access::Read
    } else {
        Access::Write
    };
    Some((route, access))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_and_changing_take_their_role_and_their_scope() {
        for (method, template, role, scope) in [
            (
                Method::GET,
                "/products/{id}",
                Role::Viewer,
                Some("catalog:read"),
            ),
            (Method::POST, "/sales", Role::Member, Some("catalog:write")),
            (Method::GET, "/api-keys", Role::Admin, Some("company:read")),
            (Method::POST, "/api-keys", Role::Admin, None),
            (
                Method::PATCH,
                "/companies/{id}",
                Role::Admin,
                Some("company:write"),
            ),
            (
                Method::DELETE,
                "/companies/{id}/members/{user_id}",
                Role::Viewer,
                None,
            ),
            (Method::POST, "/ads/connections", Role::Admin, None),
            (
                Method::POST,
                "/ad-accounts/{id}/refresh",
                Role::Member,
                Some("ads:write"),
            ),
            (
                Method::POST,
                "/imports/{id}/revert",
                Role::Manager,
                Some("imports:write"),
            ),
        ] {
            let (route, access) = find_access(&method, &format!("/api/v1{template}")).unwrap();
            let least = match access {
                Access::Read => route.reads,
                Access::Write => route.changes,
            };
            let found = route.find_scope(access).map(|scope| scope.to_string());
            assert_eq!(
                (least, found.as_deref()),
                (role, scope),
                "{method} {template}"
            );
        }
        assert!(find_access(&Method::GET, "/api/v1/something-new").is_none());
    }
}
