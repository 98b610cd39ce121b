//! Twilio's webhooks: delivery status and inbound messages. A call is verified by its signature and
//! applied in the company that the signed address names. Applying it twice has no further effect.

use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use domain::notifications::{
    self, Channel, DeliveryOutcome, DeliveryStatus, EffectId, MessageState, PauseClass,
    parse_keyword,
};
use jobs::notifications::{
    SendMessage, failure_of, sender_wait_of, state_of_status, suppression_of,
};
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
    let failure_code = callback.error_code.filter(|_| callback.status.is_failure());
    let class = failure_code.map(class_of);
    let Some(state) = state_of_status(callback.status, class == Some(Class::Expired)) else {
        return Ok(StatusCode::NO_CONTENT);
    };
    let report = DeliveryStatus {
        state,
        provider_id: callback.message_sid,
        error_code: callback.error_code.map(|code| code.to_string()),
        failure: failure_of(failure_code),
    };
    apply_report(&app, &query, &report, failure_code).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn apply_report(
    app: &App,
    &CallbackQuery { company, effect }: &CallbackQuery,
    report: &DeliveryStatus,
    failure_code: Option<u32>,
) -> Result<()> {
    let mut tx = app.db().begin(Scope::company(company)).await?;
    let now = db::load_now(&mut tx).await?;
    let outcome = notifications::record_delivery_status(&mut tx, effect, report, now).await?;
    if let DeliveryOutcome::Resend(message_id, at) = outcome {
        let send = SendMessage { message_id };
        tx.enqueue(jobs::company_job(company, &send).at(at)).await?;
    }
    let is_news = outcome != DeliveryOutcome::Ignored;
    if let Some(wait) = sender_wait_of(failure_code).filter(|_| is_news) {
        let reason = "the channel limits the sender";
        let cause = (
            PauseClass::RateLimited,
            report.error_code.as_deref(),
            reason,
        );
        notifications::pause_sender(&mut tx, Channel::Whatsapp, now + wait, cause, now).await?;
    }
    let sid = &report.provider_id;
    // An opt-out holds whenever it is reported. Any other judgement of the number must not
    // contradict what is known of the message.
    if let Some(reason) = suppression_of(failure_code).filter(|r| is_news || r.is_opt_out()) {
        notifications::suppress_effect_recipient(&mut tx, company, effect, sid, reason, now)
            .await?;
    }
    if is_news && matches!(report.state, MessageState::Delivered | MessageState::Read) {
        notifications::lift_invalid_recipient(&mut tx, effect, sid).await?;
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
