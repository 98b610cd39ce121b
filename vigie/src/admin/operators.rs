//! The platform's operators: created, listed, disabled, and their factors replaced.

use std::io::Read as _;

use anyhow::Context as _;
use domain::identity;
use domain::identity::operators::{NewOperator, OperatorId};
use domain::identity::second_factor::{describe_totp_secret, new_totp_secret};
use platform::config::Env;
use platform::crypto::Keyring;
use platform::db;
use secrecy::SecretString;
use serde_json::json;
use sqlx::postgres::PgConnection;

use super::{read_database_url, record_audit_event, run_as_owner};
use crate::migrate::read_owner_url;

/// What the administrator does to an operator. Each ends the operator's sessions.
#[derive(Debug, Clone, Copy)]
pub(crate) enum OperatorAct {
    Disable,
    Enable,
    ChangePassword,
    ReplaceSecondFactor,
    SignOut,
}

impl OperatorAct {
    fn as_action(self) -> &'static str {
        match self {
            Self::Disable => "operators.disable",
            Self::Enable => "operators.enable",
            Self::ChangePassword => "operators.change_password",
            Self::ReplaceSecondFactor => "operators.replace_second_factor",
            Self::SignOut => "operators.sign_out",
        }
    }
}

/// Creates a platform operator. The password is read from standard input, so that no process list
/// shows it.
pub(crate) fn add_operator(email: &str, full_name: &str) -> anyhow::Result<()> {
    let (url, keyring) = read_secrets()?;
    let hash = read_new_password(email, full_name)?;
    let email = identity::contact::parse_email("email", email)
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    let id = OperatorId::new();
    let (address, sealed) = create_second_factor(&keyring, id, &email)?;
    let operator = NewOperator {
        id,
        email: &email,
        full_name,
        password_hash: &hash,
        sealed_totp_secret: &sealed,
    };
    run_as_owner(&url, async |tx| {
        let now = db::load_now(tx).await?;
        identity::operators::create_operator(tx, &operator, now).await?;
        let subject = ("operator", Some(id.0));
        record_audit_event(tx, "operators.add", subject, json!({"email": email})).await
    })?;
    println!("operator {id}: sign in at POST /api/v1/auth/operator-token");
    println!("second factor, for an authenticator application:\n{address}");
    Ok(())
}

/// Prints the operators, one a line.
pub(crate) fn list_operators() -> anyhow::Result<()> {
    let operators = run_as_owner(&read_database_url()?, async |tx| {
        Ok(identity::operators::list_operators(tx).await?)
    })?;
    for operator in operators {
        let state = if operator.active {
            "active"
        } else {
            "disabled"
        };
        println!(
            "{}\t{}\t{state}\t{} open sessions\tsince {}",
            operator.email,
            operator.full_name,
            operator.open_sessions,
            operator.created_at.date_naive(),
        );
    }
    Ok(())
}

/// Acts on an operator, ends the operator's sessions, and records the act.
pub(crate) fn change_operator(act: OperatorAct, email: &str) -> anyhow::Result<()> {
    let (url, keyring) = read_secrets()?;
    let email = email.trim().to_lowercase();
    let hash = match act {
        OperatorAct::ChangePassword => Some(read_new_password(&email, "")?),
        _ => None,
    };
    let address = run_as_owner(&url, async |tx| {
        let id = identity::operators::require_operator(tx, &email).await?;
        let address = apply_act(tx, act, (id, &email), hash.as_deref(), &keyring).await?;
        let now = db::load_now(tx).await?;
        identity::operators::end_operator_sessions(tx, id, now).await?;
        let subject = ("operator", Some(id.0));
        record_audit_event(tx, act.as_action(), subject, json!({"email": email})).await?;
        Ok(address)
    })?;
    println!("{email}: done; all sessions have ended");
    if let Some(address) = address {
        println!("second factor, for an authenticator application:\n{address}");
    }
    Ok(())
}

/// Returns the address of a new second factor.
async fn apply_act(
    conn: &mut PgConnection,
    act: OperatorAct,
    (id, email): (OperatorId, &str),
    password_hash: Option<&str>,
    keyring: &Keyring,
) -> anyhow::Result<Option<String>> {
    match act {
        OperatorAct::Disable | OperatorAct::Enable => {
            let active = matches!(act, OperatorAct::Enable);
            identity::operators::set_operator_active(conn, id, active).await?;
        }
        OperatorAct::ChangePassword => {
            let hash = password_hash.context("a password on standard input")?;
            identity::operators::replace_operator_password(conn, id, hash).await?;
        }
        OperatorAct::ReplaceSecondFactor => {
            let (address, sealed) = create_second_factor(keyring, id, email)?;
            identity::operators::replace_totp_secret(conn, id, &sealed).await?;
            return Ok(Some(address));
        }
        OperatorAct::SignOut => {}
    }
    Ok(None)
}

/// Returns the address for the operator's device, and the sealed secret to store.
fn create_second_factor(
    keyring: &Keyring,
    id: OperatorId,
    email: &str,
) -> anyhow::Result<(String, Vec<u8>)> {
    let secret = new_totp_secret();
    let address = describe_totp_secret(&secret, email)?;
    let sealed = keyring.seal(&format!("operators:{id}"), &secret);
    Ok((address, sealed))
}

fn read_new_password(email: &str, full_name: &str) -> anyhow::Result<String> {
    let mut password = String::new();
    std::io::stdin()
        .lock()
        .take(1_024)
        .read_to_string(&mut password)
        .context("the password on standard input")?;
    let password = password.trim_end_matches(['\r', '\n']);
    if let Some(error) = identity::password::check_password("password", password, email, full_name)
    {
        anyhow::bail!("{}: {}", error.field, error.message);
    }
    Ok(identity::password::hash_password(password))
}

fn read_secrets() -> anyhow::Result<(SecretString, Keyring)> {
    let mut env = Env::from_process();
    let secrets = (read_owner_url(&mut env), Keyring::from_env(&mut env));
    env.reject_problems()?;
    Ok(secrets)
}
