//! Inviting somebody by e-mail, and accepting.

use ::jobs::identity::SendInvitation;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::identity::accounts::{NewUser, Profile};
use domain::identity::companies::OwnCompany;
use domain::identity::invitations::{Invitation, OpenInvitation};
use domain::identity::{self, Language, Role};
use platform::crypto::{random_token, sha256};
use platform::db::{self, Scope};
use platform::ids::UserId;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::members::require_power_over;
use super::sign_in::{count_login, refuse_too_many, verify};
use crate::App;
use crate::auth::{CompanyCaller, MaybePerson, Peer, Person};
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::extract::Json;
use crate::idempotency::{Keyed, Outcome};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitationBody {
    email: String,
    role: Role,
}

pub(crate) async fn create(
    State(app): State<App>,
    CompanyCaller(caller): CompanyCaller,
    Keyed { value: body, key }: Keyed<InvitationBody>,
) -> Result<Response> {
    require_power_over(&caller, body.role)?;
    if body.role == Role::Owner {
        return Err(Error::invalid_field(
            "role",
            "unsupported",
            "invite as admin, then make the member an owner",
        ));
    }
    let email = identity::contact::parse_email("email", &body.email)?;
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            let attempts =
                identity::attempts::count_invitation_attempt(&mut tx, caller.company, caller.user)
                    .await?;
            refuse_too_many(attempts, caller.now)?;
            let invitation = Invitation::new(email, body.role, caller.now);
            let (token, hash) = random_token();
            let sealed = app
                .keyring()
                .seal(&format!("invitations:{}", invitation.id), token.as_bytes());
            let by = (caller.company, caller.user);
            identity::invitations::create_invitation(&mut tx, by, &invitation, &hash, &sealed)
                .await?;
            let job = SendInvitation {
                invitation_id: invitation.id,
            };
            tx.enqueue(::jobs::job(caller.company, &job).by(caller.user))
                .await?;
            let subject = ("invitation", Some(invitation.id.0));
            caller
                .audit(
                    &mut tx,
                    "identity.invite",
                    subject,
                    json!({"role": body.role}),
                )
                .await?;
            let outcome = Outcome::of(StatusCode::CREATED, None, json!({"id": invitation.id}));
            key.settle(&mut tx, &caller, outcome).await?
        }
    };
    let invitation =
        identity::invitations::require_invitation(&mut tx, caller.company, outcome.id()?).await?;
    tx.commit().await?;
    Ok(outcome.respond(&invitation))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acceptance {
    token: String,
    full_name: Option<String>,
    password: Option<String>,
    phone: Option<String>,
    language: Option<Language>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Accepted {
    company: OwnCompany,
    email: String,
    account_created: bool,
}

/// Makes a member of whoever holds the token: a new account, for which name and password are needed, or the one
/// that the invited address has. Anybody may have registered that one, so it speaks for itself: by its session or
/// its password.
pub(crate) async fn accept(
    State(app): State<App>,
    peer: Peer,
    MaybePerson(person): MaybePerson,
    Json(body): Json<Acceptance>,
) -> Result<axum::Json<Accepted>> {
    let token_hash = sha256(body.token.as_bytes());
    let invited = {
        let mut conn = app.db().app().acquire().await?;
        identity::invitations::find_open_invitation(&mut conn, &token_hash).await?
    };
    let invited = invited.ok_or_else(|| {
        Error::new(
            ErrorCode::TokenInvalid,
            "the invitation is unknown, accepted or has expired",
        )
    })?;
    let (user, new_user) = match invited.user {
        Some(user) => {
            prove(&app, peer, (user, &invited.email), person, body.password).await?;
            (user, None)
        }
        None => {
            let (user, hash) = new_account(&app, &invited, body).await?;
            (user.id, Some((user, hash)))
        }
    };

    let mut tx = app.db().begin(Scope::member(invited.company, user)).await?;
    let now = db::now(&mut tx).await?;
    if let Some((user, hash)) = &new_user {
        identity::accounts::create_user(&mut tx, user, hash, now).await?;
    }
    let role = identity::invitations::join_company(&mut tx, &invited, user, now).await?;
    let company = identity::companies::require_company(&mut tx, invited.company).await?;
    tx.commit().await?;
    let company = OwnCompany {
        id: company.id,
        name: company.name,
        role,
    };
    Ok(axum::Json(Accepted {
        company,
        email: invited.email,
        account_created: new_user.is_some(),
    }))
}

/// Whether the request is of the account that the invited address has.
async fn prove(
    app: &App,
    peer: Peer,
    (user, email): (UserId, &str),
    person: Option<Person>,
    password: Option<String>,
) -> Result<()> {
    if let Some(person) = person {
        let is_theirs = person.user == user;
        return if is_theirs {
            Ok(())
        } else {
            Err(Error::forbidden("the invitation is for another account"))
        };
    }
    let Some(password) = password else {
        let message = "the invited address has an account: sign in to it, or send its password";
        return Err(Error::new(ErrorCode::SignInRequired, message));
    };
    count_login(app, email, peer).await?;
    let mut conn = app.db().app().acquire().await?;
    let known = identity::accounts::find_credentials(&mut conn, email).await?;
    drop(conn);
    verify(app, password, known).await?;
    let mut conn = app.db().app().acquire().await?;
    Ok(identity::attempts::record_login_success(&mut conn, email, &peer.key()).await?)
}

async fn new_account(
    app: &App,
    invited: &OpenInvitation,
    body: Acceptance,
) -> Result<(NewUser, String)> {
    let required =
        |field: &str| Error::invalid_field(field, "required", "needed to make your account");
    let password = body.password.ok_or_else(|| required("password"))?;
    let full_name = body.full_name.ok_or_else(|| required("full_name"))?;
    let profile = Profile {
        email: &invited.email,
        full_name: &full_name,
        phone: body.phone.as_deref(),
        language: body.language,
        country: "SN",
    };
    let user = NewUser::validate(profile, &password)?;
    let hash = app.passwords().hash(password).await?;
    Ok((user, hash))
}
