//! The texts of every template in both languages.

use serde_json::json;

use super::*;
use crate::alerts::RuleKind;

fn render_alert_message(language: Language, variables: &serde_json::Value) -> Rendered {
    render_message(Template::Alert, language, variables, "https://v.example/1").unwrap()
}

fn rupture_variables() -> serde_json::Value {
    json!({
        "company": "Boutique <Dakar>", "kind": "rupture", "cause": "opened", "severity": "high",
        "count": 2, "total": 2, "more": 0,
        "products": [
            {
                "name": "Riz & lait", "level": 0.0,
                "min_stock": null, "days": null, "percent": null,
            },
            {
                "name": "Huile\n1 L", "level": -2.5,
                "min_stock": null, "days": null, "percent": null,
            },
        ],
    })
}

#[test]
fn a_rupture_reads_well_in_both_languages() {
    let french = render_alert_message(Language::Fr, &rupture_variables());
    assert_eq!(
        french.text,
        "*Boutique <Dakar> : 2 produits en rupture de stock*\n\
         Riz & lait (reste 0), Huile 1 L (reste -2,5)\n\n\
         https://v.example/1"
    );
    let english = render_alert_message(Language::En, &rupture_variables());
    assert_eq!(english.subject, "Boutique <Dakar>: 2 products out of stock");
    assert!(
        english
            .text
            .contains("Riz & lait (0 left), Huile 1 L (-2.5 left)")
    );
}

#[test]
fn names_are_escaped_in_html_only() {
    let french = render_alert_message(Language::Fr, &rupture_variables());
    assert!(french.html.contains("<li>Riz &amp; lait (reste 0)</li>"));
    assert!(french.html.contains("Boutique &lt;Dakar&gt;"));
}

#[test]
fn no_variable_of_an_approved_template_holds_a_new_line() {
    let variables = render_alert_message(Language::Fr, &rupture_variables()).variables;
    assert_eq!(variables.len(), 3);
    assert!(variables.values().all(|value| !value.contains('\n')));
    let text = render_alert_message(Language::Fr, &rupture_variables()).text;
    assert_eq!(
        text,
        format!(
            "*{}*\n{}\n\n{}",
            variables["1"], variables["2"], variables["3"]
        )
    );
}

#[test]
fn a_prediction_shows_days_and_risk_and_counts_the_rest() {
    let mut variables = rupture_variables();
    variables["kind"] = json!("predicted_rupture");
    variables["cause"] = json!("escalated");
    variables["count"] = json!(6);
    variables["more"] = json!(4);
    variables["products"][0]["days"] = json!(3);
    variables["products"][0]["percent"] = json!(82);
    variables["products"][1]["days"] = json!(1);
    let french = render_alert_message(Language::Fr, &variables);
    assert_eq!(
        french.subject,
        "Boutique <Dakar> : Plus urgent : rupture prévue pour 6 produits"
    );
    assert_eq!(
        french.variables["2"],
        "Riz & lait (reste 0, rupture dans 3 jours, risque 82 %), \
         Huile 1 L (reste -2,5, rupture dans 1 jour), et 4 autres"
    );
    let english = render_alert_message(Language::En, &variables);
    assert!(english.text.contains("runs out in 3 days, risk 82%"));
    assert!(english.variables["2"].ends_with("and 4 more"));
}

#[test]
fn the_longest_names_fit_into_a_text_that_twilio_accepts() {
    let name = "é".repeat(500);
    let product =
        json!({ "name": name, "level": 0.0, "min_stock": null, "days": 30, "percent": 50 });
    let mut variables = rupture_variables();
    (variables["kind"], variables["more"]) = (json!("predicted_rupture"), json!(99));
    (variables["company"], variables["products"]) = (json!(name), json!(vec![product; 5]));
    for language in [Language::Fr, Language::En] {
        let text = render_alert_message(language, &variables).text;
        assert!((500..=1_024).contains(&text.chars().count()), "{text}");
        assert!(text.contains(&format!("{}…", "é".repeat(79))), "{text}");
    }
    variables["products"] = json!(vec![variables["products"][0].clone(); 50]);
    assert_eq!(
        render_alert_message(Language::Fr, &variables)
            .text
            .chars()
            .count(),
        MAX_TEXT_CHARS
    );
}

#[test]
fn a_lost_connection_is_reported_in_both_languages() {
    for (language, word) in [(Language::Fr, "connectez-vous"), (Language::En, "sign in")] {
        let rendered = render_message(
            Template::AdsReconnect,
            language,
            &json!({"company": "A & B"}),
            "https://v.example",
        )
        .unwrap();
        assert!(
            rendered.text.contains(word) && rendered.text.contains("https://v.example"),
            "{}",
            rendered.text
        );
        assert!(
            rendered.subject.contains("A & B") && !rendered.subject.contains('\n'),
            "{}",
            rendered.subject
        );
        assert!(rendered.html.contains("A &amp; B"), "{}", rendered.html);
    }
    assert!(render_message(Template::AdsReconnect, Language::Fr, &json!({}), "").is_err());
}

#[test]
fn missing_variables_are_an_error() {
    assert!(
        render_message(
            Template::Alert,
            Language::Fr,
            &json!({ "kind": "rupture" }),
            ""
        )
        .is_err()
    );
}

#[test]
fn each_kind_of_rule_has_its_own_headline() {
    for language in [Language::Fr, Language::En] {
        let headlines: std::collections::BTreeSet<_> = RuleKind::ALL
            .map(|kind| {
                let mut variables = rupture_variables();
                variables["kind"] = json!(kind);
                render_alert_message(language, &variables).subject
            })
            .into();
        assert_eq!(headlines.len(), RuleKind::ALL.len(), "{headlines:?}");
    }
}

#[test]
fn a_kind_without_a_headline_is_an_error() {
    let mut variables = rupture_variables();
    variables["kind"] = json!("other");
    for language in [Language::Fr, Language::En] {
        assert!(render_message(Template::Alert, language, &variables, "").is_err());
    }
}

#[test]
fn the_request_for_consent_names_the_company_without_links_and_hides_its_code_when_stored() {
    let variables = json!({ "company": "www.evil.example", "code": "012345" });
    for (language, question) in [
        (
            Language::Fr,
            "Souhaitez-vous recevoir les alertes de www. evil. example ?",
        ),
        (
            Language::En,
            "Would you like to receive the alerts of www. evil. example?",
        ),
    ] {
        let template = Template::RecipientCode;
        let rendered = render_message(template, language, &variables, "").unwrap();
        assert_eq!(rendered.subject, question);
        assert!(rendered.text.contains(": 012345\n"), "{}", rendered.text);
        assert!(rendered.html.contains("<b>012345</b>"), "{}", rendered.html);
        assert_eq!(rendered.variables["1"], "www. evil. example");
        assert_eq!(rendered.variables["2"], "012345");
        let stored = template.hide_code(&rendered.text);
        assert!(stored.contains(": ******\n") && !stored.contains("012345"));
    }
    let without_code = json!({ "company": "Boutique" });
    render_message(Template::RecipientCode, Language::Fr, &without_code, "").unwrap_err();
}
