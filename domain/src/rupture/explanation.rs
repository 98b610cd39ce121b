//! The explanation of a prediction: one or two sentences with its figures.

use chrono::{DateTime, NaiveDate, Utc};

use super::ListedRupture;
use crate::identity::Language;

/// Days without sales after which data is stale.
const STALE_AFTER_DAYS: i64 = 7;

/// Returns whether the last day with sales is too long ago to predict from.
pub fn is_stale(data_through: Option<NaiveDate>, now: DateTime<Utc>) -> bool {
    data_through.is_none_or(|day| (now.date_naive() - day).num_days() > STALE_AFTER_DAYS)
}

impl ListedRupture {
    /// Returns the figures and their origin as text for the shop's owner.
    pub fn explanation(&self, language: Language) -> String {
        let mut text = self.explain_rate(language);
        if let Some(stock) = self.explain_stock(language) {
            text.push(' ');
            text.push_str(&stock);
        }
        text
    }

    fn explain_rate(&self, language: Language) -> String {
        let Self {
            history_days,
            as_of,
            ..
        } = self;
        let rate = format_number(self.rate_per_day, 2, language);
        match language {
            Language::Fr => format!(
                "Demande attendue : {rate} par jour (moyenne de TSB 0,1 et des quatre mêmes jours \
                 de semaine, {history_days} jours d'historique jusqu'au {as_of})."
            ),
            Language::En => format!(
                "Expected demand: {rate} a day (mean of TSB 0.1 and the last four same weekdays, \
                 {history_days} days of history up to {as_of})."
            ),
        }
    }

    /// Returns `None` while the level is unknown.
    fn explain_stock(&self, language: Language) -> Option<String> {
        let level = format_number(self.level?, 3, language);
        let percent = format_number(self.probability? * 100.0, 0, language);
        let lead_time = self.lead_time_days?;
        let spread = format_number(self.dispersion, 2, language);
        let reorder = format_number(self.reorder_point?, 3, language);
        let service = format_number(self.service_level? * 100.0, 0, language);
        Some(match language {
            Language::Fr => format!(
                "Avec {level} en stock et une livraison possible dans {lead_time} jours, la \
                 demande dépasse le stock avec {percent} % de chances (loi binomiale négative, \
                 variance/moyenne {spread}) ; commander à partir de {reorder} tient un service de \
                 {service} %."
            ),
            Language::En => format!(
                "With {level} in stock and a delivery possible in {lead_time} days, demand exceeds \
                 the stock with a chance of {percent}% (negative binomial, variance/mean \
                 {spread}); ordering from {reorder} on keeps a service of {service}%."
            ),
        })
    }
}

fn format_number(value: f64, decimals: usize, language: Language) -> String {
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    match language {
        Language::Fr => text.replace('.', ","),
        Language::En => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::ProductId;
    use crate::rupture::Class;

    fn listed(level: Option<f64>) -> ListedRupture {
        ListedRupture {
            product_id: ProductId(platform::ids::Uuid::nil()),
            sku: "R5".to_owned(),
            name: "Riz".to_owned(),
            unit: "unit".to_owned(),
            rate_per_day: 2.5,
            dispersion: 3.456,
            history_days: 365,
            class: Class::Lumpy,
            as_of: "2026-03-01".parse().unwrap(),
            level,
            probability: level.map(|_| 0.824),
            days_p10: None,
            days_p50: None,
            days_p90: None,
            reorder_point: level.map(|_| 20.0),
            safety_stock: None,
            suggested_quantity: None,
            urgency: None,
            lead_time_days: level.map(|_| 7),
            service_level: level.map(|_| 0.95),
            computed_at: None,
        }
    }

    #[test]
    fn an_explanation_names_its_figures_in_the_readers_language() {
        let french = listed(Some(10.5)).explanation(Language::Fr);
        for figure in [
            "2,5 par jour",
            "10,5 en stock",
            "82 %",
            "3,46",
            "partir de 20",
            "95 %",
        ] {
            assert!(french.contains(figure), "{figure}: {french}");
        }
        let english = listed(Some(10.5)).explanation(Language::En);
        assert!(
            english.contains("2.5 a day") && english.contains("82%"),
            "{english}"
        );
    }

    #[test]
    fn an_unknown_level_is_not_explained_away() {
        assert!(!listed(None).explanation(Language::En).contains("stock"));
    }

    #[test]
    fn a_week_without_sales_makes_data_stale() {
        let now = "2026-03-10T12:00:00Z".parse().unwrap();
        assert!(is_stale(None, now));
        assert!(is_stale(Some("2026-03-02".parse().unwrap()), now));
        assert!(!is_stale(Some("2026-03-03".parse().unwrap()), now));
    }
}
