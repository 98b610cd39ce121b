//! Inviting somebody by e-mail, and the invitations that were sent.

use ::jobs::identity::SendInvitation;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::identity::invitations::{Invitation, InvitationId};
use domain::identity::{self, Role};
use platform::crypto::random_token;
use platform::db::Tx;
use serde::Deserialize;
use serde_json::json;

use super::login::require_allowed;
use super::members::require_power_over;
use crate::App;
use crate::auth::{Caller, CompanyCaller};
use crate::error::{Error, Result};
use crate::extract::Path;
use crate::idempotency::{Keyed, Outcome};
use crate::pagination::{List, Page};

pub(super) async fn list_invitations(
    State(app): State<App>,
    CompanyCaller(caller): CompanyCaller,
    page: Page,
) -> Result<Json<List<Invitation>>> {
    caller.require_role(Role::Admin)?;
    let (company, after, limit) = (caller.company, page.decode_cursor()?, page.row_limit());
    let mut tx = caller.begin(&app).await?;
    let rows = identity::invitations::list_invitations(&mut tx, company, after, limit).await?;
    Ok(Json(List::from_rows(rows, &page, |invitation| {
        invitation.id
    })))
}

#[derive(Debug, Deserialize)]
pub(super) struct InvitationPath {
    invitation_id: InvitationId,
}

/// Withdraws an invitation: its link ends at once.
pub(super) async fn withdraw_invitation(
    State(app): State<App>,
    CompanyCaller(caller): CompanyCaller,
    Path(InvitationPath { invitation_id: id }): Path<InvitationPath>,
) -> Result<StatusCode> {
    let (company, now) = (caller.company, caller.now);
    caller.require_role(Role::Admin)?;
    let mut tx = caller.begin(&app).await?;
    let invitation = identity::invitations::withdraw_invitation(&mut tx, company, id, now).await?;
    let (subject, details) = (("invitation", id), json!({"role": invitation.role}));
    caller
        .record_act(&mut tx, "identity.withdraw_invitation", subject, details)
        .await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateInvitation {
    email: String,
    role: Role,
}

pub(super) async fn create_invitation(
    State(app): State<App>,
    CompanyCaller(caller): CompanyCaller,
    Keyed { body, key }: Keyed<CreateInvitation>,
) -> Result<Response> {
    require_power_over(&caller, body.role)?;
    require_below_owner(body.role)?;
    let email = identity::contact::parse_email("email", &body.email)?;
    let mut settled = key
        .run_once(&app, &caller, async |tx| {
            let invitation = Invitation::new(email, body.role, caller.now);
            send_invitation(tx, &app, &caller, &invitation).await?;
            Ok(Outcome::created_without_location(invitation.id))
        })
        .await?;
    let id = settled.outcome.id()?;
    let invitation =
        identity::invitations::require_invitation(&mut settled.tx, caller.company, id).await?;
    settled.respond(&invitation).await
}

fn require_below_owner(role: Role) -> Result<()> {
    if role == Role::Owner {
        return Err(Error::invalid_field(
            "role",
            "unsupported",
            "invite as admin, then make the member an owner",
        ));
    }
    Ok(())
}

/// Creates an invitation with the job that sends it.
async fn send_invitation(
    tx: &mut Tx,
    app: &App,
    caller: &Caller,
    invitation: &Invitation,
) -> Result<()> {
    caller.confirm_standing(tx).await?;
    let attempts =
        identity::attempts::count_invitation_attempt(tx, caller.company, caller.user).await?;
    require_allowed(attempts, caller.now)?;
    let (token, hash) = random_token();
    let sealed = app
        .keyring()
        .seal(&format!("invitations:{}", invitation.id), token.as_bytes());
    let by = (caller.company, caller.user);
    identity::invitations::create_invitation(tx, by, invitation, &hash, &sealed).await?;
    let job = SendInvitation {
        invitation_id: invitation.id,
    };
    tx.enqueue(::jobs::company_job(caller.company, &job).by(caller.user))
        .await?;
    let (subject, details) = (
        ("invitation", invitation.id),
        json!({"role": invitation.role}),
    );
    caller
        .record_act(tx, "identity.invite", subject, details)
        .await
}
