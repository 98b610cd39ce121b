//! The addresses behind a rule's recipients: those whose owners agreed to receive alerts.

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
    /// The addresses that have confirmed for the company.
    pub(super) confirmed: BTreeSet<String>,
}

impl Audience {
    /// Returns the member whose e-mail address this is. It was verified before the account existed.
    fn find_member(&self, email: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.email == email)
    }

    /// Whether an address may receive the company's alerts.
    pub(super) fn accepts(&self, address: &str) -> bool {
        self.confirmed.contains(address) || self.find_member(address).is_some()
    }
}

/// Returns the channel of a valid address.
pub(super) fn channel_of(address: &str) -> Channel {
    if address.contains('@') {
        Channel::Email
    } else {
        Channel::Whatsapp
    }
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
/// who left the company are skipped, and so are addresses that have not confirmed.
pub fn collect_destinations(rule: &Rule, audience: &Audience) -> Vec<Destination> {
    let mut seen = BTreeSet::new();
    let recipients = rule.recipients.iter();
    recipients
        .flat_map(|recipient| recipient_addresses(recipient, audience))
        .filter(|to| audience.accepts(&to.address))
        .filter(|to| rule.channels.contains(&to.channel))
        .filter(|to| seen.insert((to.channel, to.address.clone())))
        .collect()
}

fn recipient_addresses(recipient: &Recipient, audience: &Audience) -> Vec<Destination> {
    match recipient {
        Recipient::Address { address } => {
            let member = audience.find_member(address);
            vec![Destination {
                channel: channel_of(address),
                address: address.clone(),
                user_id: member.map(|member| member.user_id),
                language: member.map_or(audience.language, |member| member.language),
            }]
        }
        Recipient::User { user_id } => {
            let member = audience.members.iter().find(|m| m.user_id == *user_id);
            member.map(member_addresses).unwrap_or_default()
        }
    }
}

/// A member's number is one that the member entered: it has to confirm as any other.
fn member_addresses(member: &Member) -> Vec<Destination> {
    let addresses = member.phone.iter().chain([&member.email]);
    addresses
        .map(|address| Destination {
            channel: channel_of(address),
            address: address.clone(),
            user_id: Some(member.user_id),
            language: member.language,
        })
        .collect()
}
