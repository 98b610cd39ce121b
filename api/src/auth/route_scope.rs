//! The scope that an API key needs for a route. A route without one is for signed-in people only.

use axum::extract::MatchedPath;
use axum::http::Method;
use axum::http::request::Parts;
use domain::identity::{Access, KeyScope, ScopeArea};

use crate::error::{Error, Result};

/// The area of each first segment of a path.
const AREAS: [(&str, ScopeArea); 20] = [
    ("products", ScopeArea::Catalog),
    ("categories", ScopeArea::Catalog),
    ("suppliers", ScopeArea::Catalog),
    ("sites", ScopeArea::Catalog),
    ("stock-movements", ScopeArea::Catalog),
    ("sales", ScopeArea::Catalog),
    ("imports", ScopeArea::Imports),
    ("predictions", ScopeArea::Predictions),
    ("analytics", ScopeArea::Predictions),
    ("alert-rules", ScopeArea::Alerts),
    ("alerts", ScopeArea::Alerts),
    ("messages", ScopeArea::Messages),
    ("suppressions", ScopeArea::Messages),
    ("ad-accounts", ScopeArea::Ads),
    ("ads", ScopeArea::Ads),
    ("jobs", ScopeArea::Jobs),
    ("companies", ScopeArea::Company),
    ("billing", ScopeArea::Company),
    ("api-keys", ScopeArea::Company),
    ("audit-log", ScopeArea::Company),
];

/// What only people change: who may do what, and who pays.
const CHANGED_BY_PEOPLE: [&str; 5] = [
    "/companies/{id}/members",
    "/companies/{id}/invitations",
    "/api-keys",
    "/billing",
    "/ads/connections",
];

/// Requires that one of a key's scopes opens the route of a request; 403.
pub(super) fn require_scope(held: &[KeyScope], parts: &Parts) -> Result<()> {
    let path = parts.extensions.get::<MatchedPath>();
    let template = path.map(MatchedPath::as_str).unwrap_or_default();
    let needed = find_scope(&parts.method, template).ok_or_else(|| {
        Error::forbidden("API keys cannot do this: sign in as a person with the role for it")
    })?;
    if held.iter().any(|scope| scope.includes(needed)) {
        return Ok(());
    }
    Err(Error::forbidden(format!(
        "the API key lacks the scope {needed}: create a key that has it"
    )))
}

/// Returns the scope for a route of the API, or `None` where no key is accepted.
fn find_scope(method: &Method, template: &str) -> Option<KeyScope> {
    let path = template.strip_prefix("/api/v1")?;
    let access = if method == Method::GET || method == Method::HEAD {
        Access::Read
    } else if CHANGED_BY_PEOPLE
        .iter()
        .any(|prefix| path.starts_with(prefix))
    {
        return None;
    } else {
        Access::Write
    };
    let segment = path.trim_start_matches('/').split('/').next()?;
    let (_, area) = AREAS.iter().find(|(name, _)| *name == segment)?;
    Some(KeyScope::new(*area, access))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_and_writing_need_their_scope_and_people_change_access() {
        for (method, template, scope) in [
            (Method::GET, "/api/v1/products/{id}", Some("catalog:read")),
            (Method::POST, "/api/v1/sales", Some("catalog:write")),
            (Method::GET, "/api/v1/api-keys", Some("company:read")),
            (Method::POST, "/api/v1/api-keys", None),
            (
                Method::PATCH,
                "/api/v1/companies/{id}",
                Some("company:write"),
            ),
            (
                Method::DELETE,
                "/api/v1/companies/{id}/members/{user_id}",
                None,
            ),
            (Method::POST, "/api/v1/ads/connections", None),
            (
                Method::POST,
                "/api/v1/ad-accounts/{id}/refresh",
                Some("ads:write"),
            ),
            (Method::GET, "/api/v1/something-new", None),
            (Method::GET, "", None),
        ] {
            let found = find_scope(&method, template).map(|scope| scope.to_string());
            assert_eq!(found.as_deref(), scope, "{method} {template}");
        }
    }
}
