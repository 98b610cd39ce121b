//! Twilio's webhooks: delivery status and inbound messages. A call is verified by its signature and
//! applied in the company that the signed address names. Applying it twice has no further effect.

use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use domain::notifications::{
    self, DeliveryFailure, DeliveryOutcome, DeliveryStatus, EffectId, SuppressionReason,
    parse_keyword,
};
use jobs::notifications::{SendMessage, failure_of, state_of_status, suppression_of};
use platform::db::{self, Scope};
use platform::ids::CompanyId;
use providers::Class;
use providers::twilio::{InboundMessage, StatusCallback, class_of};
use serde::Deserialize;

use crate::App;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::extract::Query;

/// The query of a status callback's address, which we sent with the message.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallbackQuery {
    company: CompanyId,
    effect: EffectId,
}

/// Applies a transition of a message at Twilio.
pub(super) async fn receive_status(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<CallbackQuery>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode> {
    let form = verify_form(&app, &uri, &headers, &body)?;
    let Some(callback) = StatusCallback::from_form(&form) else {
        return Ok(StatusCode::NO_CONTENT);
    };
    let class = callback.error_code.map(class_of);
    let Some(state) = state_of_status(callback.status, class == Some(Class::Expired)) else {
        return Ok(StatusCode::NO_CONTENT);
    };
    let report = DeliveryStatus {
        state,
        provider_id: callback.message_sid,
        error_code: callback.error_code.map(|code| code.to_string()),
        failure: if callback.status.is_failure() {
            failure_of(callback.error_code)
        } else {
            DeliveryFailure::Final
        },
    };
    let suppression = suppression_of(callback.error_code);
    apply_report(&app, query.company, query.effect, &report, suppression).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn apply_report(
    app: &App,
    company: CompanyId,
    effect: EffectId,
    report: &DeliveryStatus,
    suppression: Option<SuppressionReason>,
) -> Result<()> {
    let mut tx = app.db().begin(Scope::company(company)).await?;
    let now = db::load_now(&mut tx).await?;
    if let DeliveryOutcome::Resend(message, at) =
        notifications::record_delivery_status(&mut tx, effect, report, now).await?
    {
        let send = SendMessage {
            message_id: message,
        };
        tx.enqueue(jobs::company_job(company, &send).at(at)).await?;
    }
    if let Some(reason) = suppression {
        notifications::suppress_effect_recipient(&mut tx, company, effect, reason, now).await?;
    }
    Ok(tx.commit().await?)
}

/// Records a message to our number. An opt-out takes effect before the response.
pub(super) async fn receive_inbound(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode> {
    let form = verify_form(&app, &uri, &headers, &body)?;
    let Some(message) = InboundMessage::from_form(&form) else {
        return Ok(StatusCode::NO_CONTENT);
    };
    let mut tx = app.db().begin(Scope::anonymous()).await?;
    let now = db::load_now(&mut tx).await?;
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

/// Verifies the signature and returns the fields. Twilio signs the public address from our
/// configuration, which differs from the request's own behind a proxy.
fn verify_form(
    app: &App,
    uri: &axum::http::Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Vec<(String, String)>> {
    let path_and_query = uri
        .path_and_query()
        .map_or(uri.path(), |whole| whole.as_str());
    let url = format!("{}{path_and_query}", app.public_url());
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
            "X-Twilio-Signature does not match",
        ))
    }
}
