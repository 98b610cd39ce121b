//! What only whoever holds the database may do, from the command line.

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

/// Names the approved WhatsApp template for one of our messages, as the tables' owner: without it,
/// nobody is written to outside the 24 hours after their own last message.
pub(crate) fn set_template(name: &str, language: &str, content_sid: &str) -> anyhow::Result<()> {
    let template = Template::parse(name).with_context(|| format!("{name}: no message of ours"))?;
    let language = match language {
        "fr" => Language::Fr,
        "en" => Language::En,
        other => anyhow::bail!("{other}: neither fr nor en"),
    };
    as_owner(&database_url()?, async |tx| {
        notifications::set_content_sid(tx, template, language, content_sid).await?;
        let details = json!({"template": name, "language": language, "content_sid": content_sid});
        audit(
            tx,
            "notifications.set_template",
            ("template", None),
            details,
        )
        .await
    })?;
    println!("{name} goes out as {content_sid}");
    Ok(())
}

/// Makes a platform operator, as the tables' owner. The password comes on standard input, so that it
/// stands in no process list.
pub(crate) fn add_operator(email: &str, full_name: &str) -> anyhow::Result<()> {
    let url = database_url()?;
    let mut password = String::new();
    std::io::stdin()
        .lock()
        .take(1_024)
        .read_to_string(&mut password)
        .context("the password on standard input")?;
    let password = password.trim_end_matches(['\r', '\n']);
    if let Some(flaw) = identity::password::check_password("password", password, email, full_name) {
        anyhow::bail!("{}: {}", flaw.field, flaw.message);
    }
    let email =
        identity::contact::parse_email("email", email).map_err(|flaw| anyhow::anyhow!("{flaw}"))?;
    let hash = identity::password::hash_password(password);
    let id = as_owner(&url, async |tx| {
        let now = db::now(tx).await?;
        let id = identity::operators::create_operator(tx, &email, full_name, &hash, now).await?;
        audit(
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

fn database_url() -> anyhow::Result<SecretString> {
    let mut env = Env::from_process();
    let url = env.secret("DATABASE_URL");
    env.finish()?;
    Ok(url)
}

/// One transaction as the tables' owner.
fn as_owner<T>(
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
        let done = act(&mut tx).await?;
        tx.commit().await?;
        Ok(done)
    })
}

async fn audit(
    conn: &mut PgConnection,
    action: &'static str,
    subject: (&'static str, Option<Uuid>),
    details: Value,
) -> anyhow::Result<()> {
    let at = db::now(conn).await?;
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
