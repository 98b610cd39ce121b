//! The addresses that may receive alerts: requesting their consent, confirming, withdrawing.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use domain::alerts::{self, CodeCheck, CodeRequest, RecipientId, StoredRecipient};
use jobs::notifications::SendMessage;
use platform::db::Tx;
use platform::ids::UserId;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::App;
use crate::auth::Caller;
use crate::error::{Error, Result};
use crate::extract::{Json as JsonBody, Path};
use crate::idempotency::{Keyed, Outcome};
use crate::identity::require_allowed;
use crate::pagination::{List, Page};

#[derive(Debug, Serialize)]
pub(super) struct RecipientResponse {
    id: RecipientId,
    channel: String,
    address: String,
    /// `pending` or `confirmed`.
    state: String,
    confirmed_at: Option<DateTime<Utc>>,
    code_expires_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    created_by: UserId,
}

impl From<StoredRecipient> for RecipientResponse {
    fn from(recipient: StoredRecipient) -> Self {
        Self {
            id: recipient.id,
            channel: recipient.channel,
            address: recipient.address,
            state: recipient.state,
            confirmed_at: recipient.confirmed_at,
            code_expires_at: recipient.code_expires_at,
            created_at: recipient.created_at,
            created_by: recipient.created_by,
        }
    }
}

pub(super) async fn list_recipients(
    State(app): State<App>,
    caller: Caller,
    page: Page,
) -> Result<Json<List<RecipientResponse>>> {
    let mut tx = caller.begin(&app).await?;
    let rows = alerts::list_recipients(&mut tx, page.decode_cursor()?, page.row_limit()).await?;
    let list = List::from_rows(rows, &page, |recipient| recipient.id);
    Ok(Json(list.map_items(RecipientResponse::from)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateRecipient {
    address: String,
}

/// Sends a code to an address, again if it has not confirmed yet.
pub(super) async fn create_recipient(
    State(app): State<App>,
    caller: Caller,
    Keyed { body, key }: Keyed<CreateRecipient>,
) -> Result<Response> {
    let mut settled = key
        .run_once(&app, &caller, async |tx| {
            let id = request_code(tx, &app, &caller, &body.address).await?;
            Ok(Outcome::created_without_location(id))
        })
        .await?;
    let recipient = alerts::require_recipient(&mut settled.tx, settled.outcome.id()?).await?;
    settled.respond(&RecipientResponse::from(recipient)).await
}

async fn request_code(
    tx: &mut Tx,
    app: &App,
    caller: &Caller,
    address: &str,
) -> Result<RecipientId> {
    let by = (caller.company, caller.user);
    match alerts::request_code(tx, app.keyring(), by, address, caller.now).await? {
        CodeRequest::Confirmed(id) => Ok(id),
        CodeRequest::Rejected(attempts) => {
            require_allowed(attempts, caller.now)?;
            Err(Error::internal("codes within the limits were rejected"))
        }
        CodeRequest::Sent(id, message) => {
            let send = SendMessage {
                message_id: message,
            };
            let job = jobs::company_job(caller.company, &send).by(caller.user);
            tx.enqueue(job).await?;
            let recipient = alerts::require_recipient(tx, id).await?;
            record_act(tx, caller, "alerts.request_recipient", &recipient).await?;
            Ok(id)
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfirmRecipient {
    code: SecretString,
}

/// Confirms an address by its code. A wrong code counts, so that its transaction is committed too.
pub(super) async fn confirm_recipient(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RecipientId>,
    JsonBody(body): JsonBody<ConfirmRecipient>,
) -> Result<Json<RecipientResponse>> {
    let mut tx = caller.begin(&app).await?;
    let code = body.code.expose_secret();
    let check = alerts::check_code(&mut tx, app.keyring(), id, code, caller.now).await?;
    let recipient = alerts::require_recipient(&mut tx, id).await?;
    let action = match check {
        CodeCheck::Confirmed => Some("alerts.confirm_recipient"),
        CodeCheck::Wrong { .. } => Some("alerts.reject_recipient_code"),
        CodeCheck::WasConfirmed => None,
    };
    if let Some(action) = action {
        record_act(&mut tx, &caller, action, &recipient).await?;
    }
    tx.commit().await?;
    match check {
        CodeCheck::Confirmed | CodeCheck::WasConfirmed => Ok(Json(recipient.into())),
        CodeCheck::Wrong { attempts_left } => Err(Error::invalid_field(
            "code",
            "wrong_code",
            format!("isn't the code that was sent last; attempts left: {attempts_left}"),
        )),
    }
}

pub(super) async fn withdraw_recipient(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RecipientId>,
) -> Result<StatusCode> {
    let mut tx = caller.begin(&app).await?;
    let recipient = alerts::require_recipient(&mut tx, id).await?;
    alerts::withdraw_recipient(&mut tx, id).await?;
    record_act(&mut tx, &caller, "alerts.withdraw_recipient", &recipient).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Records an act with the address: the audit log is the proof of the consent.
async fn record_act(
    tx: &mut Tx,
    caller: &Caller,
    action: &str,
    recipient: &StoredRecipient,
) -> Result<()> {
    let subject = ("alert_recipient", recipient.id);
    let details = json!({ "channel": recipient.channel, "address": recipient.address });
    caller.record_act(tx, action, subject, details).await
}
