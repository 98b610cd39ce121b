//! Inviting somebody by e-mail, and accepting.

use ::jobs::identity::SendInvitation;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::identity::{self, Invitation, Invited, Language, NewUser, OwnCompany, Profile, Role};
use platform::crypto::{random_token, sha256};
use platform::db::{self, Scope, Tx};
use platform::ids::UserId;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::login::{count_login_attempt, require_allowed, verify_password};
use super::members::require_power_over;
use crate::App;
use crate::auth::{Caller, CompanyCaller, MaybePerson, Peer, Person};
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::extract::Json as JsonBody;
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
    let email = identity::parse_email("email", &body.email)?;
    let mut settled = key
        .run_once(&app, &caller, async |tx| {
            let invitation = Invitation::new(email, body.role, caller.now);
            send_invitation(tx, &app, &caller, &invitation).await?;
            Ok(Outcome::created_without_location(invitation.id))
        })
        .await?;
    let id = settled.outcome.id()?;
    let invitation = identity::show_invitation(&mut settled.tx, caller.company, id).await?;
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
    let attempts = identity::try_invitation(tx, caller.company, caller.user).await?;
    require_allowed(attempts, caller.now)?;
    let (token, hash) = random_token();
    let sealed = app
        .keyring()
        .seal(&format!("invitations:{}", invitation.id), token.as_bytes());
    let by = (caller.company, caller.user);
    identity::create_invitation(tx, by, invitation, &hash, &sealed).await?;
    let job = SendInvitation {
        invitation_id: invitation.id,
    };
    tx.enqueue(::jobs::job(caller.company, &job).by(caller.user))
        .await?;
    let (subject, details) = (
        ("invitation", invitation.id),
        json!({"role": invitation.role}),
    );
    caller
        .record_act(tx, "identity.invite", subject, details)
        .await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AcceptInvitation {
    token: String,
    full_name: Option<String>,
    password: Option<String>,
    phone: Option<String>,
    language: Option<Language>,
}

#[derive(Debug, Serialize)]
pub(super) struct AcceptanceResponse {
    company: OwnCompany,
    email: String,
    account_created: bool,
}

/// Adds the holder of the token to the company. Without an account of the invited address, it creates
/// one, which needs a name and a password. With one, it requires a session of the account or its
/// password, because anybody may have registered the address.
pub(super) async fn accept_invitation(
    State(app): State<App>,
    peer: Peer,
    MaybePerson(person): MaybePerson,
    JsonBody(body): JsonBody<AcceptInvitation>,
) -> Result<Json<AcceptanceResponse>> {
    let invited = require_invitation(&app, &body.token).await?;
    let (user, new_user) = match invited.user {
        Some(user) => {
            let account = (user, invited.email.as_str());
            verify_account(&app, peer, account, person, body.password).await?;
            (user, None)
        }
        None => {
            let (user, hash) = prepare_account(&app, &invited, body).await?;
            (user.id, Some((user, hash)))
        }
    };

    let mut tx = app.db().begin(Scope::member(invited.company, user)).await?;
    let now = db::now(&mut tx).await?;
    if let Some((user, hash)) = &new_user {
        identity::create_user(&mut tx, user, hash, now).await?;
    }
    let role = identity::join_company(&mut tx, &invited, user, now).await?;
    let company = identity::find_company(&mut tx, invited.company).await?;
    tx.commit().await?;
    Ok(Json(AcceptanceResponse {
        company: OwnCompany {
            id: company.id,
            name: company.name,
            role,
        },
        email: invited.email,
        account_created: new_user.is_some(),
    }))
}

async fn require_invitation(app: &App, token: &str) -> Result<Invited> {
    let mut conn = app.db().app().acquire().await?;
    identity::find_invitation(&mut conn, &sha256(token.as_bytes()))
        .await?
        .ok_or_else(|| {
            Error::new(
                ErrorCode::TokenInvalid,
                "the invitation is unknown, accepted or has expired",
            )
        })
}

/// Requires a session of the invited account, or its password.
async fn verify_account(
    app: &App,
    peer: Peer,
    (user, email): (UserId, &str),
    person: Option<Person>,
    password: Option<String>,
) -> Result<()> {
    if let Some(person) = person {
        return if person.user == user {
            Ok(())
        } else {
            Err(Error::forbidden("the invitation is for another account"))
        };
    }
    let Some(password) = password else {
        let message = "the invited address has an account: sign in to it, or send its password";
        return Err(Error::new(ErrorCode::SignInRequired, message));
    };
    count_login_attempt(app, email, peer).await?;
    let credentials = {
        let mut conn = app.db().app().acquire().await?;
        identity::find_credentials(&mut conn, email).await?
    };
    verify_password(app, password, credentials).await?;
    let mut conn = app.db().app().acquire().await?;
    Ok(identity::forgive_attempts(&mut conn, email, &peer.rate_limit_key()).await?)
}

/// Validates the new account and hashes its password.
async fn prepare_account(
    app: &App,
    invited: &Invited,
    body: AcceptInvitation,
) -> Result<(NewUser, String)> {
    let required =
        |field: &str| Error::invalid_field(field, "required", "needed to create your account");
    let password = body.password.ok_or_else(|| required("password"))?;
    let full_name = body.full_name.ok_or_else(|| required("full_name"))?;
    let profile = Profile {
        email: &invited.email,
        full_name: &full_name,
        phone: body.phone.as_deref(),
        language: body.language,
        country: "SN",
    };
    let user = NewUser::check(profile, &password)?;
    let hash = app.passwords().hash(password).await?;
    Ok((user, hash))
}
