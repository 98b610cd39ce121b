//! The timeline of an alert: each transition and each user's action, with its reason.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, UserId, Uuid};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::super::AlertId;
use super::super::transition::{AffectedProduct, Transition};
use super::transition::collect_column;
use crate::Result;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum AlertEventKind {
    Opened,
    ProductAdded,
    ProductResolved,
    Escalated,
    SeverityChanged,
    Notified,
    NotNotified,
    Acknowledged,
    Snoozed,
    Resolved,
}

impl AlertEventKind {
    /// Returns the stored text.
    fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::ProductAdded => "product_added",
            Self::ProductResolved => "product_resolved",
            Self::Escalated => "escalated",
            Self::SeverityChanged => "severity_changed",
            Self::Notified => "notified",
            Self::NotNotified => "not_notified",
            Self::Acknowledged => "acknowledged",
            Self::Snoozed => "snoozed",
            Self::Resolved => "resolved",
        }
    }
}

/// An event to be recorded.
pub(super) struct NewEvent {
    pub(super) alert: AlertId,
    pub(super) event: AlertEventKind,
    pub(super) details: Value,
}

/// Returns the events of a transition.
pub(super) fn transition_events(transition: &Transition, alert: AlertId) -> Vec<NewEvent> {
    let mut events = Vec::new();
    let mut push = |event, details| {
        events.push(NewEvent {
            alert,
            event,
            details,
        });
    };
    let before = transition.alert.as_ref().map(|alert| alert.severity);
    let added = match before {
        None => AlertEventKind::Opened,
        Some(_) => AlertEventKind::ProductAdded,
    };
    for (event, products) in [
        (added, &transition.added),
        (AlertEventKind::Escalated, &transition.escalated),
        (AlertEventKind::ProductResolved, &transition.resolved),
    ] {
        if !products.is_empty() {
            push(event, product_details(transition, products));
        }
    }
    if let Some(before) = before.filter(|before| *before != transition.severity) {
        let details = json!({
            "from": before,
            "to": transition.severity,
            "products": transition.products,
        });
        push(AlertEventKind::SeverityChanged, details);
    }
    if let Some(resolution) = transition.resolution {
        let details = json!({ "reason": resolution.as_str() });
        push(AlertEventKind::Resolved, details);
    }
    events
}

/// Items hold their figures too, but the timeline must be complete without them.
fn product_details(transition: &Transition, products: &[AffectedProduct]) -> Value {
    let to_json = |product: &AffectedProduct| {
        json!({
            "product_id": product.product_id,
            "name": product.name,
            "urgency": product.urgency,
            "figures": product.figures,
        })
    };
    json!({
        "formula": transition.kind.formula(),
        "severity": transition.severity,
        "products": products.iter().map(to_json).collect::<Vec<_>>(),
    })
}

/// `actor` is the user whose action it was; `None` for an evaluation.
pub(super) async fn record_events(
    conn: &mut PgConnection,
    company: CompanyId,
    events: &[NewEvent],
    actor: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into alert_events (company_id, id, alert_id, at, event, details, actor_id)
         select $1, n.id, n.alert_id, $6, n.event, n.details, $7
         from unnest($2::uuid[], $3::uuid[], $4::text[], $5::jsonb[])
           as n (id, alert_id, event, details)",
        company.0,
        &collect_column(events, |_| Uuid::now_v7()),
        &collect_column(events, |event| event.alert.0),
        &collect_column(events, |event| event.event.as_str().to_owned()),
        &collect_column(events, |event| event.details.clone()),
        now,
        actor.map(|user| user.0),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An event as the timeline shows it, with the stored word, which a newer release may have added.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub event: String,
    pub details: Value,
    pub actor_id: Option<UserId>,
}

/// Returns the events after `after`, oldest first.
pub async fn list_events(
    conn: &mut PgConnection,
    alert: AlertId,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<StoredEvent>> {
    Ok(sqlx::query_as!(
        StoredEvent,
        r#"select id, at, event, details, actor_id as "actor_id: UserId"
           from alert_events where alert_id = $1 and ($2::uuid is null or id > $2)
           order by id limit $3"#,
        alert.0,
        after,
        limit,
    )
    .fetch_all(conn)
    .await?)
}
