//! What is said about a verdict and to whom: the variables of the message, and the addresses behind
//! a rule's recipients.

use std::collections::BTreeSet;

use platform::ids::UserId;
use serde::Serialize;

use super::evaluate::{Affected, Cause, Verdict};
use super::rule::{Recipient, Rule, RuleKind};
use super::severity::Severity;
use crate::identity::Language;
use crate::notifications::Channel;

/// At most this many products are named; the rest are counted.
const NAMED: usize = 5;

/// Variables of the template `alert`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlertMessage {
    pub company: String,
    pub kind: RuleKind,
    pub cause: &'static str,
    pub severity: Severity,
    /// Products that this message is about.
    pub count: usize,
    /// Products of the whole alert.
    pub total: usize,
    pub products: Vec<NamedProduct>,
    /// How many of them aren't named.
    pub more: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NamedProduct {
    pub name: String,
    pub level: Option<f64>,
    pub min_stock: Option<f64>,
    /// Days to rupture with even chance.
    pub days: Option<u32>,
    /// Chance of rupture before the next delivery.
    pub percent: Option<u32>,
}

impl AlertMessage {
    pub fn new(company: &str, kind: RuleKind, cause: Cause, verdict: &Verdict) -> Self {
        let mut told = verdict.told();
        told.sort_by(|a, b| {
            let by_urgency = b.urgency.cmp(&a.urgency);
            by_urgency
                .then_with(|| a.name.cmp(&b.name))
                .then(a.product_id.cmp(&b.product_id))
        });
        Self {
            company: company.to_owned(),
            kind,
            cause: cause.as_str(),
            severity: verdict.severity,
            count: told.len(),
            total: verdict.products,
            products: told
                .iter()
                .take(NAMED)
                .map(|product| named(product))
                .collect(),
            more: told.len().saturating_sub(NAMED),
        }
    }
}

fn named(product: &Affected) -> NamedProduct {
    let figures = &product.figures;
    NamedProduct {
        name: product.name.clone(),
        level: figures.level,
        min_stock: figures.min_stock,
        days: figures.days_p50,
        percent: figures.probability.map(|p| (p * 100.0).round() as u32),
    }
}

/// An active member of the company, as far as telling goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub user_id: UserId,
    pub email: String,
    pub phone: Option<String>,
    pub language: Language,
}

/// Who may be told, and what the company is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    pub company: String,
    /// Of addresses that are nobody's.
    pub language: Language,
    pub people: Vec<Person>,
}

/// One place to send one message to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    pub channel: Channel,
    pub address: String,
    pub user_id: Option<UserId>,
    pub language: Language,
}

/// Where a rule's messages go: each address once, on the rule's channels only. People who left the
/// company are told nothing.
pub fn destinations(
    rule: &Rule,
    people: &[Person],
    company_language: Language,
) -> Vec<Destination> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for destination in rule
        .recipients
        .iter()
        .flat_map(|r| addresses(r, people, company_language))
    {
        let wanted = rule.channels.contains(&destination.channel);
        if wanted && seen.insert((destination.channel, destination.address.clone())) {
            found.push(destination);
        }
    }
    found
}

fn addresses(
    recipient: &Recipient,
    people: &[Person],
    company_language: Language,
) -> Vec<Destination> {
    match recipient {
        Recipient::Address { address } => {
            let channel = if address.contains('@') {
                Channel::Email
            } else {
                Channel::Whatsapp
            };
            vec![Destination {
                channel,
                address: address.clone(),
                user_id: None,
                language: company_language,
            }]
        }
        Recipient::User { user_id } => {
            let Some(person) = people.iter().find(|person| person.user_id == *user_id) else {
                return Vec::new();
            };
            let to = |channel, address: &String| Destination {
                channel,
                address: address.clone(),
                user_id: Some(*user_id),
                language: person.language,
            };
            let phone = person
                .phone
                .iter()
                .map(|phone| to(Channel::Whatsapp, phone));
            phone.chain([to(Channel::Email, &person.email)]).collect()
        }
    }
}
