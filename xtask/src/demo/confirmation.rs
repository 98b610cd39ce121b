//! The consent of the owner's number to receive alerts by WhatsApp.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::http::Api;
use crate::process;
use crate::signals::Interrupts;

/// Requests a code for the number and confirms it by the code that the sandbox receives.
pub(super) fn confirm_number(
    api: &Api,
    sandbox: &Api,
    number: &str,
    interrupts: &Interrupts,
) -> Result<()> {
    let earlier = list_messages(sandbox, number)?.len();
    let asked = api
        .post_json("/api/v1/alert-recipients", &json!({ "address": number }))?
        .expect_success("asking the demo user's number")?;
    if asked["state"] == "confirmed" {
        return Ok(());
    }
    let mut code = None;
    process::wait_until(
        "receiving the code of the demo user's number",
        Duration::from_secs(60),
        interrupts,
        || {
            let messages = list_messages(sandbox, number)?;
            code = messages.iter().skip(earlier).find_map(find_code);
            Ok(code.is_some())
        },
    )?;
    let id = asked["id"].as_str().context("the recipient has no id")?;
    api.post_json(
        &format!("/api/v1/alert-recipients/{id}/confirm"),
        &json!({ "code": code }),
    )?
    .expect_success("confirming the demo user's number")?;
    Ok(())
}

fn list_messages(sandbox: &Api, number: &str) -> Result<Vec<Value>> {
    let number = number.replace('+', "%2B");
    let messages = sandbox
        .get(&format!("/admin/messages?to={number}"))?
        .expect_success("reading the sandbox's messages")?;
    Ok(messages["items"].as_array().cloned().unwrap_or_default())
}

fn find_code(message: &Value) -> Option<String> {
    let (_, after) = message["body"].as_str()?.split_once("24 heures : ")?;
    after.get(..6).map(str::to_owned)
}
