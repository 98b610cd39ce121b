//! What Twilio and Brevo tell us. Every call is checked, applied in the company that it names (the
//! signed address or our own reference carries it), and harmless when it comes again.

use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use domain::notifications::{
    self, DeliveryFailure, DeliveryOutcome, DeliveryStatus, EffectId, SuppressionReason,
    parse_keyword,
};
use jobs::notifications::{SendMessage, failure_of, flag_of, parse_reference, state_of, told_by};
use platform::db::{self, Scope};
use platform::ids::CompanyId;
use providers::Class;
use providers::brevo::{self, BrevoEvent};
use providers::twilio::{InboundMessage, StatusCallback, class_of};
use serde::Deserialize;

use crate::App;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::extract::{Path, Query};

/// What the address of a status callback carries.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Subject {
    company: CompanyId,
    effect: EffectId,
}

/// A message moved on at Twilio.
pub(super) async fn twilio_status(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Query(subject): Query<Subject>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode> {
    let form = signed_form(&app, &uri, &headers, &body)?;
    let Some(callback) = StatusCallback::from_form(&form) else {
        return Ok(StatusCode::NO_CONTENT);
    };
    let class = callback.error_code.map(class_of);
    let Some(state) = state_of(callback.status, class == Some(Class::Expired)) else {
        return Ok(StatusCode::NO_CONTENT);
    };
    let told = DeliveryStatus {
        state,
        provider_id: callback.message_sid,
        error_code: callback.error_code.map(|code| code.to_string()),
        failure: if callback.status.is_failure() {
            failure_of(callback.error_code)
        } else {
            DeliveryFailure::Final
        },
    };
    let flagged = flag_of(callback.error_code);
    apply(&app, subject.company, subject.effect, &told, flagged).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn apply(
    app: &App,
    company: CompanyId,
    effect: EffectId,
    told: &DeliveryStatus,
    flagged: Option<SuppressionReason>,
) -> Result<()> {
    let mut tx = app.db().begin(Scope::company(company)).await?;
    let now = db::now(&mut tx).await?;
    if let DeliveryOutcome::Resend(message, at) =
        notifications::record_delivery_status(&mut tx, effect, told, now).await?
    {
        tx.enqueue(
            jobs::job(
                company,
                &SendMessage {
                    message_id: message,
                },
            )
            .at(at),
        )
        .await?;
    }
    if let Some(reason) = flagged {
        notifications::suppress_effect_recipient(&mut tx, company, effect, reason, now).await?;
    }
    Ok(tx.commit().await?)
}

/// Somebody wrote to our number. A STOP is obeyed before Twilio gets its answer.
pub(super) async fn twilio_inbound(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode> {
    let form = signed_form(&app, &uri, &headers, &body)?;
    let Some(message) = InboundMessage::from_form(&form) else {
        return Ok(StatusCode::NO_CONTENT);
    };
    let mut tx = app.db().begin(Scope::anonymous()).await?;
    let now = db::now(&mut tx).await?;
    notifications::record_inbound(
        &mut tx,
        &message.message_sid,
        &message.from,
        parse_keyword(&message.body),
        now,
    )
    .await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The fields of a call that Twilio signed. The address is the public one from configuration: behind
/// a proxy the request's own is another.
fn signed_form(
    app: &App,
    uri: &axum::http::Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Vec<(String, String)>> {
    let called = uri
        .path_and_query()
        .map_or(uri.path(), |whole| whole.as_str());
    let url = format!("{}{called}", app.public_url());
    let form: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
    let signature = headers
        .get("x-twilio-signature")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if app
        .providers()
        .twilio
        .verify_signature(&url, &form, signature)
    {
        Ok(form)
    } else {
        Err(Error::new(
            ErrorCode::InvalidSignature,
            "X-Twilio-Signature doesn't match",
        ))
    }
}

/// Brevo's events, one or many. They aren't signed: the token in the address is the guard.
pub(super) async fn brevo(
    State(app): State<App>,
    Path(token): Path<String>,
    body: Bytes,
) -> Result<StatusCode> {
    if !app.providers().brevo.verify_webhook_token(&token) {
        return Err(Error::new(
            ErrorCode::InvalidSignature,
            "not the token of this webhook",
        ));
    }
    let events = brevo::parse_events(&body).map_err(|cause| {
        Error::new(
            ErrorCode::InvalidJson,
            format!("not an event of Brevo: {cause}"),
        )
    })?;
    for event in events {
        apply_event(&app, event).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// An event of a mail that isn't one of our messages (an invitation, say) is left alone.
async fn apply_event(app: &App, event: BrevoEvent) -> Result<()> {
    let Some((company, effect)) = event.reference.as_deref().and_then(parse_reference) else {
        return Ok(());
    };
    let (state, suppression) = told_by(event.kind);
    let mut tx = app.db().begin(Scope::company(company)).await?;
    let now = db::now(&mut tx).await?;
    if let Some(state) = state {
        let told = DeliveryStatus {
            state,
            provider_id: event.message_id,
            error_code: None,
            failure: DeliveryFailure::Final,
        };
        notifications::record_delivery_status(&mut tx, effect, &told, now).await?;
    }
    if let Some(reason) = suppression {
        notifications::suppress_effect_recipient(&mut tx, company, effect, reason, now).await?;
    }
    Ok(tx.commit().await?)
}
