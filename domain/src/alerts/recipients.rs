//! The addresses behind a rule's recipients.

use std::collections::BTreeSet;

use platform::ids::UserId;

use super::rule::{Recipient, Rule};
use crate::identity::Language;
use crate::notifications::Channel;

/// An active member of the company, with the addresses for notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub(super) user_id: UserId,
    pub(super) email: String,
    pub(super) phone: Option<String>,
    pub(super) language: Language,
}

/// The company and the members that its notifications may go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    pub company: String,
    /// Language of addresses that belong to no member.
    pub language: Language,
    pub members: Vec<Member>,
}

/// The address and language of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    pub channel: Channel,
    pub address: String,
    pub user_id: Option<UserId>,
    pub language: Language,
}

/// Returns where a rule's notifications go: each address once, on the rule's channels only. Users
/// who left the company are skipped.
pub fn collect_destinations(rule: &Rule, audience: &Audience) -> Vec<Destination> {
    let mut seen = BTreeSet::new();
    let recipients = rule.recipients.iter();
    recipients
        .flat_map(|recipient| recipient_addresses(recipient, audience))
        .filter(|to| rule.channels.contains(&to.channel))
        .filter(|to| seen.insert((to.channel, to.address.clone())))
        .collect()
}

fn recipient_addresses(recipient: &Recipient, audience: &Audience) -> Vec<Destination> {
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
                language: audience.language,
            }]
        }
        Recipient::User { user_id } => {
            let member = audience.members.iter().find(|m| m.user_id == *user_id);
            member.map(member_addresses).unwrap_or_default()
        }
    }
}

fn member_addresses(member: &Member) -> Vec<Destination> {
    let to = |channel, address: &String| Destination {
        channel,
        address: address.clone(),
        user_id: Some(member.user_id),
        language: member.language,
    };
    let phone = member.phone.iter();
    phone
        .map(|phone| to(Channel::Whatsapp, phone))
        .chain([to(Channel::Email, &member.email)])
        .collect()
}
