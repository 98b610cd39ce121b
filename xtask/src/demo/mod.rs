//! The demo company: a user, a company and three files, sent through the public API. Each step is
//! skipped where an earlier run completed it, so that an interrupted run is completed by the next.

mod calendar;
mod catalogue;
mod confirmation;
mod families;
mod numbers;
mod shop;

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::checkout::report_progress;
use crate::http::Api;
use crate::process;
use crate::secrets::{self, Secrets};
use crate::signals::Interrupts;
use crate::state::State;

use calendar::Day;

const COMPANY: &str = "Boutique Teranga";
/// The number of the owner.
const PHONE: &str = "+221771234567";
/// The name under which the state stores the company whose data is complete.
const COMPANY_NOTE: &str = "demo-company";

/// The login of the owner of the demo company.
pub(crate) struct Login {
    pub(crate) email: &'static str,
    pub(crate) password: String,
}

/// Whether the demo company exists.
pub(crate) enum Outcome {
    /// The id of the company.
    Made(String),
    /// The reason why it is missing. The product runs without it.
    Missing(String),
}

/// Returns the login. Its password is generated once and stored with the other secrets.
pub(crate) fn load_login(secrets: &mut Secrets) -> Result<Login> {
    let password = secrets.keep("DEMO_PASSWORD", || secrets::random_hex(8))?;
    Ok(Login {
        email: "awa@teranga.example",
        password,
    })
}

/// Creates the user, the company and its data where they are missing.
pub(crate) fn create_missing(
    mut api: Api,
    sandbox: &Api,
    login: &Login,
    state: &State,
    interrupts: &Interrupts,
) -> Result<Outcome> {
    let Some(session) = sign_in(&api, sandbox, login, interrupts)? else {
        return Ok(Outcome::Missing(
            "its user exists in this database with another password".to_owned(),
        ));
    };
    api.token = session["access_token"].as_str().map(str::to_owned);
    let company = match session["companies"][0]["id"].as_str() {
        Some(id) => id.to_owned(),
        None => {
            let created = api.post_json("/api/v1/companies", &json!({ "name": COMPANY }))?;
            let created = created.expect_success("creating the demo company")?;
            created["id"]
                .as_str()
                .context("the new company has no id")?
                .to_owned()
        }
    };
    api.company = Some(company.clone());
    if state
        .note(COMPANY_NOTE)
        .is_some_and(|complete| complete == company)
    {
        return Ok(Outcome::Made(company));
    }
    subscribe(&api, sandbox)?;
    confirmation::confirm_number(&api, sandbox, PHONE, interrupts)?;
    let imports = api
        .get("/api/v1/imports?limit=100")?
        .expect_success("listing imports")?;
    let files = shop::generate_files(last_complete_day()?);
    let folder = state.folder("demo")?;
    for (kind, text) in [
        ("products", &files.products),
        ("sales", &files.sales),
        ("stock_counts", &files.stock_counts),
    ] {
        if is_imported(&imports, kind) {
            continue;
        }
        let name = format!("{kind}.csv");
        fs::write(folder.join(&name), text)?;
        import_file(&api, kind, &name, text, interrupts)?;
    }
    state.set_note(COMPANY_NOTE, &company)?;
    Ok(Outcome::Made(company))
}

/// Returns a session, after the registration of a new user. `None` = the user has another password.
fn sign_in(
    api: &Api,
    sandbox: &Api,
    login: &Login,
    interrupts: &Interrupts,
) -> Result<Option<Value>> {
    let request_token = || {
        api.post_form(
            "/api/v1/auth/token",
            &[("username", login.email), ("password", &login.password)],
        )
    };
    let first = request_token()?;
    if first.status == 200 {
        return Ok(Some(first.body));
    }
    report_progress("registering the demo user");
    let registered = api.post_json(
        "/api/v1/auth/register",
        &json!({
            "email": login.email, "password": login.password, "full_name": "Awa Diop",
            "company_name": COMPANY, "phone": PHONE, "language": "fr",
        }),
    )?;
    registered.expect_success("registering the demo user")?;
    let Some(token) = receive_link(sandbox, login, interrupts)? else {
        return Ok(None);
    };
    api.post_json(
        "/api/v1/auth/register/confirm",
        &json!({ "token": token, "password": login.password }),
    )?
    .expect_success("confirming the demo user's registration")?;
    let session = request_token()?.expect_success("signing in the demo user")?;
    Ok(Some(session))
}

/// Waits for the sandbox to receive the registration's e-mail, and returns the token of its link.
/// The e-mail to a user who exists has none.
fn receive_link(sandbox: &Api, login: &Login, interrupts: &Interrupts) -> Result<Option<String>> {
    let mut last = String::new();
    process::wait_until(
        "receiving the e-mail of the demo user's registration",
        Duration::from_secs(60),
        interrupts,
        || {
            let mails = sandbox
                .get(&format!("/admin/messages?to={}", login.email))?
                .expect_success("reading the sandbox's messages")?;
            let registrations = mails["items"].as_array().into_iter().flatten();
            let is_registration = |mail: &&Value| {
                let text = mail.to_string();
                text.contains("\"registration\"") || text.contains("\"repeated-registration\"")
            };
            let found = registrations.rev().find(is_registration);
            last = found.map(Value::to_string).unwrap_or_default();
            Ok(found.is_some())
        },
    )?;
    Ok(find_link_token(&last))
}

/// Pays for a plan, so that the company has room for larger files.
fn subscribe(api: &Api, sandbox: &Api) -> Result<()> {
    let current = api
        .get("/api/v1/billing/subscription")?
        .expect_success("reading the demo company's plan")?;
    if current["plan"] != "free" {
        return Ok(());
    }
    let session = api
        .post_json(
            "/api/v1/billing/checkout-sessions",
            &json!({ "plan": "pro" }),
        )?
        .expect_success("opening a checkout for the demo company")?;
    let id = session["session_id"].as_str().context("no session id")?;
    sandbox
        .post_json(&format!("/admin/stripe/checkout/{id}/complete"), &json!({}))?
        .expect_success("paying for the demo company")?;
    Ok(())
}

fn find_link_token(mail: &str) -> Option<String> {
    let (_, after) = mail.split_once("/confirm-registration#")?;
    let token = after
        .split(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c))
        .next()?;
    Some(token.to_owned())
}

fn is_imported(imports: &Value, kind: &str) -> bool {
    let items = imports["items"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    items
        .iter()
        .any(|import| import["kind"] == kind && import["state"] == "succeeded")
}

/// Sends one file and waits for the end of its import.
fn import_file(
    api: &Api,
    kind: &str,
    name: &str,
    csv: &str,
    interrupts: &Interrupts,
) -> Result<()> {
    let lines = csv.lines().count() - 1;
    report_progress(&format!(
        "importing the demo company's {kind}: {lines} lines"
    ));
    let response = api.post_file("/api/v1/imports", &[("kind", kind)], name, csv)?;
    let response = response.expect_success(&format!("sending {name}"))?;
    let id = response["import"]["id"]
        .as_str()
        .context("the new import has no id")?
        .to_owned();
    process::wait_until(
        &format!("importing {name}"),
        Duration::from_secs(300),
        interrupts,
        || {
            let import = api
                .get(&format!("/api/v1/imports/{id}"))?
                .expect_success("following the import")?;
            match import["state"].as_str() {
                Some("succeeded") => {
                    let rejected = import["rows_rejected"].as_u64().unwrap_or_default();
                    if rejected > 0 {
                        bail!("{rejected} of {lines} lines of {name} were rejected: {import}");
                    }
                    Ok(true)
                }
                Some("failed" | "cancelled" | "needs_input") | None => {
                    bail!("the import of {name} stopped: {import}")
                }
                Some(_) => Ok(false),
            }
        },
    )
}

/// Returns the last complete day in Dakar, whose time zone is UTC.
fn last_complete_day() -> Result<Day> {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("the clock is before 1970")?
        .as_secs();
    Ok(Day(i64::try_from(seconds / 86_400)? - 1))
}
