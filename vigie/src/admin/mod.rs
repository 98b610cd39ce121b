//! Commands for the administrator, who has the credentials of the tables' owner.

mod operators;

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

use crate::migrate::read_owner_url;

pub(crate) use operators::{OperatorAct, add_operator, change_operator, list_operators};

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

fn read_database_url() -> anyhow::Result<SecretString> {
    let mut env = Env::from_process();
    let url = read_owner_url(&mut env);
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
