//! The demo company: a user, a company and three files, sent through the same public API as anyone's data.
//! Each step looks first whether an earlier run has done it, so that a run cut short is completed by the next.

mod calendar;
mod catalogue;
mod numbers;
mod shop;

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::checkout::say;
use crate::http::Api;
use crate::process;
use crate::secrets::{self, Secrets};
use crate::signals::Interrupts;
use crate::state::State;

use calendar::Day;

const COMPANY: &str = "Boutique Teranga";
/// Names the company whose data is all there.
const NOTE: &str = "demo-company";

/// Who owns the demo company.
pub(crate) struct Login {
    pub(crate) email: &'static str,
    pub(crate) password: String,
}

/// What became of the demo.
pub(crate) enum Outcome {
    /// The id of the company.
    Made(String),
    /// What stands in its way; the product runs without it.
    Missing(String),
}

/// The login, its password made once and kept with the other secrets.
pub(crate) fn login(secrets: &mut Secrets) -> Result<Login> {
    let password = secrets.keep("DEMO_PASSWORD", || secrets::random_hex(8))?;
    Ok(Login {
        email: "awa@teranga.example",
        password,
    })
}

/// Makes the user, the company and its data where they are missing.
pub(crate) fn ensure(
    mut api: Api,
    login: &Login,
    state: &State,
    interrupts: &Interrupts,
) -> Result<Outcome> {
    let Some(session) = sign_in(&api, login)? else {
        return Ok(Outcome::Missing(
            "its user exists in this database with another password".to_owned(),
        ));
    };
    api.token = session["access_token"].as_str().map(str::to_owned);
    let company = match session["companies"][0]["id"].as_str() {
        Some(id) => id.to_owned(),
        None => {
            let made = api.post_json("/api/v1/companies", &json!({ "name": COMPANY }))?;
            let made = made.expect_success("creating the demo company")?;
            made["id"]
                .as_str()
                .context("the new company has no id")?
                .to_owned()
        }
    };
    api.company = Some(company.clone());
    if state.note(NOTE).is_some_and(|made| made == company) {
        return Ok(Outcome::Made(company));
    }
    let known = api
        .get("/api/v1/imports?limit=100")?
        .expect_success("listing imports")?;
    let files = shop::files(yesterday()?);
    let folder = state.folder("demo")?;
    for (kind, text) in [
        ("products", &files.products),
        ("sales", &files.sales),
        ("stock_counts", &files.stock_counts),
    ] {
        if is_done(&known, kind) {
            continue;
        }
        let name = format!("{kind}.csv");
        fs::write(folder.join(&name), text)?;
        send(&api, kind, &name, text, interrupts)?;
    }
    state.set_note(NOTE, &company)?;
    Ok(Outcome::Made(company))
}

/// A session, after registering where the user is new; `None` where the password is another's.
fn sign_in(api: &Api, login: &Login) -> Result<Option<Value>> {
    let ask = || {
        api.post_form(
            "/api/v1/auth/token",
            &[("username", login.email), ("password", &login.password)],
        )
    };
    let first = ask()?;
    if first.status == 200 {
        return Ok(Some(first.body));
    }
    say("registering the demo user");
    let registered = api.post_json(
        "/api/v1/auth/register",
        &json!({
            "email": login.email, "password": login.password, "full_name": "Awa Diop",
            "company_name": COMPANY, "phone": "+221771234567", "language": "fr",
        }),
    )?;
    if registered.status == 409 {
        return Ok(None);
    }
    registered.expect_success("registering the demo user")?;
    Ok(Some(ask()?.expect_success("signing in the demo user")?))
}

fn is_done(imports: &Value, kind: &str) -> bool {
    let items = imports["items"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    items
        .iter()
        .any(|import| import["kind"] == kind && import["state"] == "succeeded")
}

/// Sends one file and follows its import to the end.
fn send(api: &Api, kind: &str, name: &str, csv: &str, interrupts: &Interrupts) -> Result<()> {
    let lines = csv.lines().count() - 1;
    say(&format!(
        "importing the demo company's {kind}: {lines} lines"
    ));
    let answer = api.post_file("/api/v1/imports", &[("kind", kind)], name, csv)?;
    let answer = answer.expect_success(&format!("sending {name}"))?;
    let id = answer["import"]["id"]
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

/// The last complete day in Dakar, whose clock is UTC.
fn yesterday() -> Result<Day> {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("the clock is before 1970")?
        .as_secs();
    Ok(Day(i64::try_from(seconds / 86_400)? - 1))
}
