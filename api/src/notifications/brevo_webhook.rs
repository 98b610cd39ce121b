//! Brevo's webhook. Applying an event twice has no further effect.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use domain::notifications::{self, DeliveryFailure, DeliveryStatus};
use jobs::notifications::{parse_reference, state_of_event};
use platform::db::{self, Scope};
use providers::brevo::{self, BrevoEvent};

use crate::App;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::extract::Path;

/// Applies one event or many. Brevo doesn't sign them; the token in the address authenticates.
pub(super) async fn receive_events(
    State(app): State<App>,
    Path(token): Path<String>,
    body: Bytes,
) -> Result<StatusCode> {
    if !app.providers().brevo.verify_webhook_token(&token) {
        return Err(Error::new(
            ErrorCode::InvalidSignature,
            "the token of this webhook does not match",
        ));
    }
    let events = brevo::parse_events(&body).map_err(|cause| {
        Error::new(
            ErrorCode::InvalidJson,
            format!("not a Brevo event: {cause}"),
        )
    })?;
    for event in events {
        apply_event(&app, event).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Ignores the events of mails that aren't messages, such as invitations.
async fn apply_event(app: &App, event: BrevoEvent) -> Result<()> {
    let Some((company, effect)) = event.reference.as_deref().and_then(parse_reference) else {
        return Ok(());
    };
    let (state, suppression) = state_of_event(event.kind);
    let mut tx = app.db().begin(Scope::company(company)).await?;
    let now = db::load_now(&mut tx).await?;
    if let Some(state) = state {
        let report = DeliveryStatus {
            state,
            provider_id: event.message_id.clone(),
            error_code: None,
            failure: DeliveryFailure::Final,
        };
        notifications::record_delivery_status(&mut tx, effect, &report, now).await?;
    }
    if let Some(reason) = suppression {
        let mail = &event.message_id;
        notifications::suppress_effect_recipient(&mut tx, company, effect, mail, reason, now)
            .await?;
    }
    Ok(tx.commit().await?)
}
