//! Inviting somebody by e-mail.

use ::jobs::identity::SendInvitation;
use axum::extract::State;
use axum::response::Response;
use domain::identity::invitations::Invitation;
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
use crate::idempotency::{Keyed, Outcome};

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
