//! [`OperatorCaller`]: a request of an operator of the platform.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use domain::identity;
use domain::identity::audit::{Actor, AuditEvent};
use domain::identity::operators::{OperatorId, OperatorSessionId};
use sqlx::PgConnection;

use super::bearer::{request_id, require_bearer, signed_out};
use crate::App;
use crate::error::{Error, Result};

/// An operator, authenticated by a token of the operators' audience.
#[derive(Debug, Clone)]
pub(crate) struct OperatorCaller {
    operator: OperatorId,
    pub(crate) session: OperatorSessionId,
    /// The time of the request, by the database's clock.
    now: DateTime<Utc>,
    request_id: String,
}

impl OperatorCaller {
    /// Records an act of this operator that concerns no company in the audit log.
    pub(crate) async fn record_act(
        &self,
        conn: &mut PgConnection,
        action: &str,
        subject_kind: &'static str,
    ) -> Result<()> {
        let act = AuditEvent {
            company: None,
            actor: Actor::Operator(self.operator),
            request_id: Some(&self.request_id),
            action,
            subject: (subject_kind, None),
            details: serde_json::json!({}),
            at: self.now,
        };
        Ok(identity::audit::record_audit_event(conn, act).await?)
    }
}

impl FromRequestParts<App> for OperatorCaller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let access = app.tokens().verify_operator(require_bearer(parts)?)?;
        let mut conn = app.db().app().acquire().await?;
        let (operator, now) = identity::access::authenticate_operator(&mut conn, access.id)
            .await?
            .ok_or_else(signed_out)?;
        access.require_unexpired(now)?;
        Ok(Self {
            operator,
            session: access.id,
            now,
            request_id: request_id(parts),
        })
    }
}
