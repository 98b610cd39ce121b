//! The texts, in French and in English. A template is a few small files per language; one rendering
//! serves WhatsApp (free text or approved template) and e-mail alike.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};
use serde::Serialize;

use crate::identity::Language;

/// What may be sent. The stored name never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Template {
    /// Variables: `alerts::AlertMessage`.
    Alert,
    /// Somebody has to sign in at Meta again. E-mail only. Variables: `company`.
    AdsReconnect,
}

impl Template {
    /// The stored text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::AdsReconnect => "ads_reconnect",
        }
    }

    /// Reads what `as_str` wrote.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Alert, Self::AdsReconnect]
            .into_iter()
            .find(|template| template.as_str() == text)
    }
}

/// Names of companies and products are cut to so many characters.
const LONGEST_NAME: usize = 80;
/// Twilio refuses a text of more characters.
const LONGEST_TEXT: usize = 1_600;

/// A message in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rendered {
    pub subject: String,
    pub html: String,
    /// Plain text: of the e-mail, and of WhatsApp inside the 24-hour window. The approved template
    /// must read the same: `*{{1}}*`, a new line, `{{2}}`, an empty line, `{{3}}`.
    pub text: String,
    /// Variables of the approved template; none holds a new line, which Meta refuses.
    pub variables: BTreeMap<String, String>,
}

static ENGLISH: LazyLock<Result<Environment<'static>, Error>> = LazyLock::new(|| {
    environment(
        Language::En,
        &[
            ("headline", include_str!("templates/alert.en.headline.txt")),
            ("product", include_str!("templates/alert.en.product.txt")),
            ("more", include_str!("templates/alert.en.more.txt")),
            ("alert.html", include_str!("templates/alert.en.html")),
            (
                "ads_reconnect",
                include_str!("templates/ads_reconnect.en.txt"),
            ),
            (
                "ads_reconnect.html",
                include_str!("templates/ads_reconnect.en.html"),
            ),
        ],
    )
});

static FRENCH: LazyLock<Result<Environment<'static>, Error>> = LazyLock::new(|| {
    environment(
        Language::Fr,
        &[
            ("headline", include_str!("templates/alert.fr.headline.txt")),
            ("product", include_str!("templates/alert.fr.product.txt")),
            ("more", include_str!("templates/alert.fr.more.txt")),
            ("alert.html", include_str!("templates/alert.fr.html")),
            (
                "ads_reconnect",
                include_str!("templates/ads_reconnect.fr.txt"),
            ),
            (
                "ads_reconnect.html",
                include_str!("templates/ads_reconnect.fr.html"),
            ),
        ],
    )
});

fn environment(
    language: Language,
    sources: &[(&'static str, &'static str)],
) -> Result<Environment<'static>, Error> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.add_filter("quantity", move |amount: Option<f64>| {
        quantity(amount, language)
    });
    for &(name, source) in sources {
        env.add_template(name, source)?;
    }
    Ok(env)
}

/// Three decimals at most and no trailing zeros; a decimal comma in French.
fn quantity(amount: Option<f64>, language: Language) -> String {
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

/// Puts a message into words; `link` leads to what it is about.
///
/// # Errors
/// Variables that aren't the template's.
pub fn render(
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
        Template::AdsReconnect => render_notice(env, "ads_reconnect", variables, link),
    }
}

/// The first line of the text is the subject.
fn render_notice(
    env: &Environment<'_>,
    name: &str,
    variables: &serde_json::Value,
    link: &str,
) -> Result<Rendered, Error> {
    let company = variables["company"].as_str().map(one_line);
    let company = company.ok_or_else(|| Error::new(ErrorKind::UndefinedError, "company"))?;
    let context = minijinja::context! { company, link };
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

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most so many characters, the last of them an ellipsis where something is missing.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars()
        .take(most.saturating_sub(1))
        .chain(['…'])
        .collect()
}

fn render_alert(
    env: &Environment<'_>,
    language: Language,
    variables: &serde_json::Value,
    link: &str,
) -> Result<Rendered, Error> {
    let text = |name: &str, context: &serde_json::Value| -> Result<String, Error> {
        let rendered = env
            .get_template(name)?
            .render(Value::from_serialize(context))?;
        Ok(one_line(&rendered))
    };
    let headline = text("headline", variables)?;
    let mut lines = Vec::new();
    for product in variables["products"].as_array().into_iter().flatten() {
        let mut context = product.clone();
        context["kind"] = variables["kind"].clone();
        if let Some(name) = product["name"].as_str() {
            context["name"] = cut(&one_line(name), LONGEST_NAME).into();
        }
        lines.push(text("product", &context)?);
    }
    if variables["more"].as_u64().is_some_and(|more| more > 0) {
        lines.push(text("more", variables)?);
    }
    let company = cut(
        &one_line(variables["company"].as_str().unwrap_or_default()),
        LONGEST_NAME,
    );
    let separator = match language {
        Language::Fr => " : ",
        Language::En => ": ",
    };
    let title = format!("{company}{separator}{headline}");
    let frame = title.chars().count() + link.chars().count() + "**".len() + "\n\n\n".len();
    let products = cut(&lines.join(", "), LONGEST_TEXT.saturating_sub(frame));
    let html = env
        .get_template("alert.html")?
        .render(minijinja::context! { headline, lines, company, link })?;
    Ok(Rendered {
        html,
        text: format!("*{title}*\n{products}\n\n{link}"),
        variables: [("1", &title), ("2", &products), ("3", &link.to_owned())]
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .into(),
        subject: title,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rendered(language: Language, variables: &serde_json::Value) -> Rendered {
        render(Template::Alert, language, variables, "https://v.example/1").unwrap()
    }

    fn rupture() -> serde_json::Value {
        json!({
            "company": "Boutique <Dakar>", "kind": "rupture", "cause": "opened", "severity": "high",
            "count": 2, "total": 2, "more": 0,
            "products": [
                { "name": "Riz & lait", "level": 0.0, "min_stock": null, "days": null, "percent": null },
                { "name": "Huile\n1 L", "level": -2.5, "min_stock": null, "days": null, "percent": null },
            ],
        })
    }

    #[test]
    fn a_rupture_reads_well_in_both_languages() {
        let french = rendered(Language::Fr, &rupture());
        assert_eq!(
            french.text,
            "*Boutique <Dakar> : 2 produits en rupture de stock*\nRiz & lait (reste 0), Huile 1 L (reste -2,5)\n\nhttps://v.example/1"
        );
        let english = rendered(Language::En, &rupture());
        assert_eq!(english.subject, "Boutique <Dakar>: 2 products out of stock");
        assert!(
            english
                .text
                .contains("Riz & lait (0 left), Huile 1 L (-2.5 left)")
        );
    }

    #[test]
    fn names_are_escaped_in_html_only() {
        let french = rendered(Language::Fr, &rupture());
        assert!(french.html.contains("<li>Riz &amp; lait (reste 0)</li>"));
        assert!(french.html.contains("Boutique &lt;Dakar&gt;"));
    }

    #[test]
    fn no_variable_of_an_approved_template_holds_a_new_line() {
        let variables = rendered(Language::Fr, &rupture()).variables;
        assert_eq!(variables.len(), 3);
        assert!(variables.values().all(|value| !value.contains('\n')));
        let text = rendered(Language::Fr, &rupture()).text;
        assert_eq!(
            text,
            format!(
                "*{}*\n{}\n\n{}",
                variables["1"], variables["2"], variables["3"]
            )
        );
    }

    #[test]
    fn a_prediction_tells_days_and_risk_and_the_rest_is_counted() {
        let mut variables = rupture();
        variables["kind"] = json!("predicted_rupture");
        variables["cause"] = json!("escalated");
        variables["count"] = json!(6);
        variables["more"] = json!(4);
        variables["products"][0]["days"] = json!(3);
        variables["products"][0]["percent"] = json!(82);
        variables["products"][1]["days"] = json!(1);
        let french = rendered(Language::Fr, &variables);
        assert_eq!(
            french.subject,
            "Boutique <Dakar> : Plus urgent : rupture prévue pour 6 produits"
        );
        assert_eq!(
            french.variables["2"],
            "Riz & lait (reste 0, rupture dans 3 jours, risque 82 %), Huile 1 L (reste -2,5, rupture dans 1 jour), et 4 autres"
        );
        let english = rendered(Language::En, &variables);
        assert!(english.text.contains("runs out in 3 days, risk 82%"));
        assert!(english.variables["2"].ends_with("and 4 more"));
    }

    #[test]
    fn the_longest_names_leave_a_text_that_twilio_takes() {
        let name = "é".repeat(500);
        let product =
            json!({ "name": name, "level": 0.0, "min_stock": null, "days": 30, "percent": 50 });
        let mut variables = rupture();
        (variables["kind"], variables["more"]) = (json!("predicted_rupture"), json!(99));
        (variables["company"], variables["products"]) = (json!(name), json!(vec![product; 5]));
        for language in [Language::Fr, Language::En] {
            let text = rendered(language, &variables).text;
            assert!((500..=1_024).contains(&text.chars().count()), "{text}");
            assert!(text.contains(&format!("{}…", "é".repeat(79))), "{text}");
        }
        variables["products"] = json!(vec![variables["products"][0].clone(); 50]);
        assert_eq!(
            rendered(Language::Fr, &variables).text.chars().count(),
            LONGEST_TEXT
        );
    }

    #[test]
    fn a_lost_connection_is_told_in_both_languages() {
        for (language, word) in [(Language::Fr, "connectez-vous"), (Language::En, "sign in")] {
            let told = render(
                Template::AdsReconnect,
                language,
                &json!({"company": "A & B"}),
                "https://v.example",
            )
            .unwrap();
            assert!(
                told.text.contains(word) && told.text.contains("https://v.example"),
                "{}",
                told.text
            );
            assert!(
                told.subject.contains("A & B") && !told.subject.contains('\n'),
                "{}",
                told.subject
            );
            assert!(told.html.contains("A &amp; B"), "{}", told.html);
        }
        assert!(render(Template::AdsReconnect, Language::Fr, &json!({}), "").is_err());
    }

    #[test]
    fn wrong_variables_are_an_error_and_not_a_strange_message() {
        assert!(
            render(
                Template::Alert,
                Language::Fr,
                &json!({ "kind": "rupture" }),
                ""
            )
            .is_err()
        );
    }
}
