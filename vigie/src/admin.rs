//! Commands for the administrator, who has the credentials of the tables' owner.

use std::io::Read as _;
use std::str::FromStr as _;

use anyhow::Context as _;
use domain::identity::audit::{Actor, AuditEvent};
use domain::identity::{self, Language};
use domain::notifications::{self, Template};
use platform::config::Env;
use platform::db;
use platform::ids::Uuid;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};

/// Sets the approved WhatsApp template of one of our messages. Without a template, WhatsApp
/// delivers nothing to a recipient later than 24 hours after the recipient's own last message.
pub(crate) fn set_template(name: &str, language: &str, content_sid: &str) -> anyhow::Result<()> {
    let template =
        Template::parse(name).with_context(|| format!("{name}: not a message of ours"))?;
    let language = match language {
        "fr" => Language::Fr,
        "en" => Language::En,
        other => anyhow::bail!("{other}: the language must be fr or en"),
    };
    run_as_owner(&read_database_url()?, async |tx| {
        notifications::set_content_sid(tx, template, language, content_sid).await?;
        let details = json!({"template": name, "language": language, "content_sid": content_sid});
        record_audit_event(
            tx,
            "notifications.set_template",
            ("template", None),
            details,
        )
        .await
    })?;
    println!("{name} is sent with template {content_sid}");
    Ok(())
}

/// Creates a platform operator. The password is read from standard input, so that no process list
/// shows it.
pub(crate) fn add_operator(email: &str, full_name: &str) -> anyhow::Result<()> {
    let url = read_database_url()?;
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
    let email = identity::contact::parse_email("email", email)
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    let hash = identity::password::hash_password(password);
    let id = run_as_owner(&url, async |tx| {
        let now = db::load_now(tx).await?;
        let id = identity::operators::create_operator(tx, &email, full_name, &hash, now).await?;
        record_audit_event(
            tx,
            "operators.add",
            ("operator", Some(id.0)),
            json!({"email": email}),
        )
        .await?;
        Ok(id)
    })?;
    println!("operator {id}: sign in at POST /api/v1/auth/operator-token");
    Ok(())
}

fn read_database_url() -> anyhow::Result<SecretString> {
    let mut env = Env::from_process();
    let url = env.read_secret("DATABASE_URL");
    env.reject_problems()?;
    Ok(url)
}

/// Runs `act` in one transaction as the tables' owner.
fn run_as_owner<T>(
    url: &SecretString,
    act: impl AsyncFnOnce(&mut PgConnection) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut owner = PgConnectOptions::from_str(url.expose_secret())?
            .connect()
            .await?;
        let mut tx = owner.begin().await?;
        let result = act(&mut tx).await?;
        tx.commit().await?;
        Ok(result)
    })
}

async fn record_audit_event(
    conn: &mut PgConnection,
    action: &'static str,
    subject: (&'static str, Option<Uuid>),
    details: Value,
) -> anyhow::Result<()> {
    let at = db::load_now(conn).await?;
    let act = AuditEvent {
        company: None,
        actor: Actor::CommandLine,
        request_id: None,
        action,
        subject,
        details,
        at,
    };
    Ok(identity::audit::record_audit_event(conn, act).await?)
}
