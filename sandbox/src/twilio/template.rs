//! WhatsApp templates.

use std::collections::BTreeMap;

use super::create::Rejection;
use super::keys::TWILIO_TEMPLATES;

/// Returns the template's text with its variables. A well-formed sid that the sandbox doesn't know
/// also passes for an approved template: its text is the variables, one per line.
pub(super) fn render_template(sid: &str, variables: &str) -> Result<String, Rejection> {
    let is_well_formed =
        sid.len() == 34 && sid.starts_with("HX") && sid[2..].bytes().all(|b| b.is_ascii_hexdigit());
    if !is_well_formed {
        return Err((21655, format!("The ContentSid {sid} is invalid")));
    }
    let variables: BTreeMap<String, String> = serde_json::from_str(variables).map_err(|_| {
        (
            21656,
            "The ContentVariables parameter is invalid".to_owned(),
        )
    })?;
    let known = TWILIO_TEMPLATES.iter().find(|(known, _)| *known == sid);
    Ok(known.map_or_else(
        || variables.values().cloned().collect::<Vec<_>>().join("\n"),
        |(_, text)| {
            let put = |text: String, (name, value): (&String, &String)| {
                text.replace(&format!("{{{{{name}}}}}"), value)
            };
            variables.iter().fold((*text).to_owned(), put)
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::super::keys::TWILIO_TEMPLATES;
    use super::render_template;

    #[test]
    fn templates_are_rendered_and_invalid_variables_rejected() {
        let text = render_template(
            TWILIO_TEMPLATES[0].0,
            r#"{"1":"Rupture","2":"Riz 5 kg","3":"https://v"}"#,
        )
        .unwrap();
        assert_eq!(text, "*Rupture*\nRiz 5 kg\n\nhttps://v");
        assert_eq!(
            render_template(TWILIO_TEMPLATES[0].0, "[1]").unwrap_err().0,
            21656
        );
    }
}
