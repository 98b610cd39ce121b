//! Renders messages. One rendering serves WhatsApp (free text or approved template) and e-mail.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};
use serde::Serialize;

use super::Template;
use crate::identity::{Language, to_display_name};

#[cfg(test)]
mod tests;

/// Twilio rejects a longer text.
const MAX_TEXT_CHARS: usize = 1_600;

/// A rendered message.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Rendered {
    pub subject: String,
    pub html: String,
    /// Plain text of the e-mail, and of WhatsApp inside the 24-hour window. The approved template
    /// has the same layout: `*{{1}}*`, a new line, `{{2}}`, an empty line, `{{3}}`.
    pub text: String,
    /// Variables of the approved template. None holds a new line, which Meta rejects.
    pub variables: BTreeMap<String, String>,
}

/// Shows the subject alone: the text may hold a code.
impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rendered = f.debug_struct("Rendered");
        rendered.field("subject", &self.subject);
        rendered.finish_non_exhaustive()
    }
}

static ENGLISH: LazyLock<Result<Environment<'static>, Error>> = LazyLock::new(|| {
    build_environment(
        Language::En,
        &[
            ("alert", include_str!("templates/alert.en.txt")),
            ("alert.html", include_str!("templates/alert.en.html")),
            (
                "ads_reconnect",
                include_str!("templates/ads_reconnect.en.txt"),
            ),
            (
                "ads_reconnect.html",
                include_str!("templates/ads_reconnect.en.html"),
            ),
            (
                "billing_unpaid",
                include_str!("templates/billing_unpaid.en.txt"),
            ),
            (
                "billing_unpaid.html",
                include_str!("templates/billing_unpaid.en.html"),
            ),
            (
                "billing_duplicate",
                include_str!("templates/billing_duplicate.en.txt"),
            ),
            (
                "billing_duplicate.html",
                include_str!("templates/billing_duplicate.en.html"),
            ),
            (
                "recipient_code",
                include_str!("templates/recipient_code.en.txt"),
            ),
            (
                "recipient_code.html",
                include_str!("templates/recipient_code.en.html"),
            ),
        ],
    )
});

static FRENCH: LazyLock<Result<Environment<'static>, Error>> = LazyLock::new(|| {
    build_environment(
        Language::Fr,
        &[
            ("alert", include_str!("templates/alert.fr.txt")),
            ("alert.html", include_str!("templates/alert.fr.html")),
            (
                "ads_reconnect",
                include_str!("templates/ads_reconnect.fr.txt"),
            ),
            (
                "ads_reconnect.html",
                include_str!("templates/ads_reconnect.fr.html"),
            ),
            (
                "billing_unpaid",
                include_str!("templates/billing_unpaid.fr.txt"),
            ),
            (
                "billing_unpaid.html",
                include_str!("templates/billing_unpaid.fr.html"),
            ),
            (
                "billing_duplicate",
                include_str!("templates/billing_duplicate.fr.txt"),
            ),
            (
                "billing_duplicate.html",
                include_str!("templates/billing_duplicate.fr.html"),
            ),
            (
                "recipient_code",
                include_str!("templates/recipient_code.fr.txt"),
            ),
            (
                "recipient_code.html",
                include_str!("templates/recipient_code.fr.html"),
            ),
        ],
    )
});

fn build_environment(
    language: Language,
    sources: &[(&'static str, &'static str)],
) -> Result<Environment<'static>, Error> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.add_filter("quantity", move |amount: Option<f64>| {
        format_quantity(amount, language)
    });
    for &(name, source) in sources {
        env.add_template(name, source)?;
    }
    Ok(env)
}

/// At most three decimals without trailing zeros; a decimal comma in French.
fn format_quantity(amount: Option<f64>, language: Language) -> String {
    let Some(amount) = amount else {
        return "?".to_owned();
    };
    let text = format!("{amount:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match language {
        Language::Fr => text.replace('.', ","),
        Language::En => text.to_owned(),
    }
}

/// Renders a message. `link` leads to the subject of the message.
///
/// # Errors
/// A variable of the template is missing or of another type.
pub fn render_message(
    template: Template,
    language: Language,
    variables: &serde_json::Value,
    link: &str,
) -> Result<Rendered, Error> {
    let env = match language {
        Language::Fr => FRENCH.as_ref(),
        Language::En => ENGLISH.as_ref(),
    };
    let env = env.map_err(|broken| Error::new(broken.kind(), broken.to_string()))?;
    match template {
        Template::Alert => render_alert(env, language, variables, link),
        Template::AdsReconnect | Template::BillingUnpaid | Template::BillingDuplicate => {
            render_notice(env, template.as_str(), variables, link)
        }
        Template::RecipientCode => render_code(env, variables, link),
    }
}

/// Renders the request for an address's consent. The variables of the approved template, whose text
/// is that of `templates/recipient_code`, are the company and the code.
fn render_code(
    env: &Environment<'_>,
    variables: &serde_json::Value,
    link: &str,
) -> Result<Rendered, Error> {
    let code = require_text(variables, "code")?;
    let company = to_display_name(require_text(variables, "company")?);
    let notice = render_notice(env, Template::RecipientCode.as_str(), variables, link)?;
    Ok(Rendered {
        variables: [("1", company.as_str()), ("2", code)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..notice
    })
}

/// Renders a template about the company. The first line of the text is the subject.
fn render_notice(
    env: &Environment<'_>,
    name: &str,
    variables: &serde_json::Value,
    link: &str,
) -> Result<Rendered, Error> {
    let company = to_display_name(require_text(variables, "company")?);
    let context = minijinja::context! { company, link, ..Value::from_serialize(variables) };
    let text = env.get_template(name)?.render(&context)?;
    let html = env
        .get_template(&format!("{name}.html"))?
        .render(&context)?;
    let subject = text.lines().next().unwrap_or_default().to_owned();
    Ok(Rendered {
        subject,
        html,
        text,
        variables: BTreeMap::new(),
    })
}

fn render_alert(
    env: &Environment<'_>,
    language: Language,
    variables: &serde_json::Value,
    link: &str,
) -> Result<Rendered, Error> {
    let headline = render_line(env, "headline", variables)?;
    let lines = render_product_lines(env, variables)?;
    let company = to_display_name(require_text(variables, "company")?);
    let separator = match language {
        Language::Fr => " : ",
        Language::En => ": ",
    };
    let title = format!("{company}{separator}{headline}");
    let frame_chars = title.chars().count() + link.chars().count() + "**\n\n\n".len();
    let products = truncate_text(
        &lines.join(", "),
        MAX_TEXT_CHARS.saturating_sub(frame_chars),
    );
    let html = env
        .get_template("alert.html")?
        .render(minijinja::context! { headline, lines, company, link })?;
    Ok(Rendered {
        html,
        text: format!("*{title}*\n{products}\n\n{link}"),
        variables: [("1", title.as_str()), ("2", &products), ("3", link)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        subject: title,
    })
}

/// Renders one line per named product, and one that counts the rest.
fn render_product_lines(
    env: &Environment<'_>,
    variables: &serde_json::Value,
) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    let products = variables["products"].as_array();
    for product in products.ok_or_else(|| missing_variable("products"))? {
        let mut context = product.clone();
        context["kind"] = variables["kind"].clone();
        context["name"] = to_display_name(require_text(product, "name")?).into();
        lines.push(render_line(env, "product", &context)?);
    }
    let more = variables["more"].as_u64();
    if more.ok_or_else(|| missing_variable("more"))? > 0 {
        lines.push(render_line(env, "more", variables)?);
    }
    Ok(lines)
}

/// Renders one part of the text: `headline`, `product` or `more`.
fn render_line(
    env: &Environment<'_>,
    part: &str,
    context: &serde_json::Value,
) -> Result<String, Error> {
    let context = minijinja::context! { part, ..Value::from_serialize(context) };
    let rendered = env.get_template("alert")?.render(context)?;
    Ok(to_one_line(&rendered))
}

fn require_text<'a>(variables: &'a serde_json::Value, name: &str) -> Result<&'a str, Error> {
    let text = variables[name].as_str();
    text.ok_or_else(|| missing_variable(name))
}

fn missing_variable(name: &str) -> Error {
    Error::new(ErrorKind::UndefinedError, name.to_owned())
}

fn to_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Truncates a text to `max_chars`. The last character is then an ellipsis.
fn truncate_text(text: &str, max_chars: usize) -> String {
    if text.chars().count() <= max_chars {
        return text.to_owned();
    }
    let kept = text.chars().take(max_chars.saturating_sub(1));
    kept.chain(['…']).collect()
}
