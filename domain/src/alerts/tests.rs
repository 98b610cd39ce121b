//! The transitions of an alert, and the message and recipients that follow.

use platform::ids::{UserId, Uuid};

use super::recipients::Member;
use super::rule::Condition;
use super::testing::{make_outlook, make_product};
use super::transition::{AffectedProduct, OpenAlert, OpenItem, Resolution};
use super::*;
use crate::catalog::{CategoryId, ProductId};
use crate::identity::Language;
use crate::notifications::{Channel, NotificationCause};
use crate::rupture::{Abc, Forecast, Urgency};

fn enabled_rule(condition: Condition) -> Rule {
    Rule {
        id: RuleId(Uuid::from_u128(1)),
        name: "watched".to_owned(),
        condition,
        filter: Filter::default(),
        channels: vec![Channel::Whatsapp, Channel::Email],
        recipients: Vec::new(),
        enabled: true,
    }
}

/// Returns the alert as it is stored after the transition.
fn apply(transition: &Transition) -> OpenAlert {
    let mut alert = transition.alert.clone().unwrap_or(OpenAlert {
        id: AlertId(Uuid::from_u128(77)),
        rule_id: transition.rule_id,
        site_id: transition.site_id,
        severity: transition.severity,
        peak_severity: transition.severity,
        revision: 0,
        snoozed_until: None,
        items: Vec::new(),
    });
    alert.severity = transition.severity;
    alert.peak_severity = transition.peak_severity();
    alert.revision += i32::from(transition.cause.is_some());
    let unnotified = alert.is_snoozed();
    alert
        .items
        .retain(|item| !transition.resolved.iter().any(|r| r.item == Some(item.id)));
    for item in &mut alert.items {
        let find = |list: &[AffectedProduct]| {
            let product = list.iter().find(|product| product.item == Some(item.id));
            product.map(|product| product.urgency)
        };
        if let Some(urgency) = find(&transition.escalated) {
            (item.urgency, item.peak_urgency, item.unnotified) = (urgency, urgency, false);
        } else if let Some(urgency) = find(&transition.deferred) {
            (item.urgency, item.unnotified) = (urgency, false);
        } else if let Some(urgency) = find(&transition.urgency_changed) {
            item.urgency = urgency;
        }
    }
    let added = transition.added.iter().map(|added| OpenItem {
        id: ItemId(added.product_id.0),
        product_id: added.product_id,
        name: added.name.clone(),
        urgency: added.urgency,
        peak_urgency: added.urgency,
        unnotified,
    });
    alert.items.extend(added);
    alert
}

fn empty_shelves(numbers: impl IntoIterator<Item = u128>) -> Vec<Forecast> {
    numbers
        .into_iter()
        .map(|n| make_product(n, Some(0.0)))
        .collect()
}

#[test]
fn a_second_evaluation_of_the_same_state_changes_nothing() {
    let rules = [enabled_rule(Condition::Rupture)];
    let products = empty_shelves(1..=3);
    let transitions = evaluate_rules(&rules, &products, &[]);
    assert_eq!(transitions.len(), 1);
    assert_eq!(transitions[0].cause, Some(NotificationCause::Opened));
    assert_eq!(transitions[0].severity, Severity::High);
    assert_eq!(
        evaluate_rules(&rules, &products, &[apply(&transitions[0])]),
        []
    );
}

#[test]
fn an_added_product_notifies_and_a_resolved_one_does_not() {
    let rules = [enabled_rule(Condition::Rupture)];
    let opened = apply(&evaluate_rules(&rules, &empty_shelves(1..=2), &[])[0]);
    let products = [
        make_product(1, Some(5.0)),
        make_product(2, Some(0.0)),
        make_product(3, Some(-1.0)),
    ];
    let added = &evaluate_rules(&rules, &products, &[opened])[0];
    assert_eq!(added.cause, Some(NotificationCause::ProductAdded));
    assert_eq!(
        (added.added.len(), added.resolved.len(), added.products),
        (1, 1, 2)
    );

    let fewer = [
        make_product(1, Some(5.0)),
        make_product(2, Some(9.0)),
        make_product(3, Some(-1.0)),
    ];
    let improved = &evaluate_rules(&rules, &fewer, &[apply(added)])[0];
    assert_eq!(improved.cause, None);
    assert_eq!(improved.resolution, None);
    assert_eq!(improved.products, 1);
}

#[test]
fn the_alert_resolves_with_its_last_product() {
    let rules = [enabled_rule(Condition::Rupture)];
    let opened = apply(&evaluate_rules(&rules, &empty_shelves([1]), &[])[0]);
    let ended = &evaluate_rules(&rules, &[make_product(1, Some(1.0))], &[opened])[0];
    assert_eq!(ended.resolution, Some(Resolution::ConditionOver));
    assert_eq!(ended.cause, None);
    assert_eq!(ended.resolved[0].figures.level, Some(1.0));
}

#[test]
fn an_unknown_level_opens_nothing_and_resolves_nothing() {
    let rules = [enabled_rule(Condition::Rupture)];
    let unknown = [make_product(1, None)];
    assert_eq!(evaluate_rules(&rules, &unknown, &[]), []);
    let opened = apply(&evaluate_rules(&rules, &empty_shelves([1]), &[])[0]);
    assert_eq!(evaluate_rules(&rules, &unknown, &[opened]), []);
}

#[test]
fn a_product_that_is_no_longer_watched_resolves() {
    let rules = [enabled_rule(Condition::Rupture)];
    let opened = apply(&evaluate_rules(&rules, &empty_shelves([1]), &[])[0]);
    let ended = &evaluate_rules(&rules, &[], &[opened])[0];
    assert_eq!(ended.resolution, Some(Resolution::ConditionOver));
}

#[test]
fn more_than_ten_products_or_a_best_seller_escalate_a_rupture_once() {
    let rules = [enabled_rule(Condition::Rupture)];
    let opened = apply(&evaluate_rules(&rules, &empty_shelves(1..=10), &[])[0]);
    let worse = &evaluate_rules(&rules, &empty_shelves(1..=11), &[opened])[0];
    assert_eq!(
        (worse.severity, worse.cause),
        (Severity::Critical, Some(NotificationCause::Escalated))
    );

    let better = &evaluate_rules(
        &rules,
        &empty_shelves(1..=10)
            .into_iter()
            .chain([make_product(11, Some(4.0))])
            .collect::<Vec<_>>(),
        &[apply(worse)],
    )[0];
    assert_eq!((better.severity, better.cause), (Severity::High, None));
    let again = &evaluate_rules(&rules, &empty_shelves(1..=11), &[apply(better)])[0];
    assert_eq!(
        (again.severity, again.cause),
        (Severity::Critical, Some(NotificationCause::ProductAdded))
    );

    let mut best = make_product(1, Some(0.0));
    best.abc = Some(Abc::A);
    assert_eq!(
        evaluate_rules(&rules, &[best], &[])[0].severity,
        Severity::Critical
    );
}

#[test]
fn each_step_of_urgency_notifies_once_and_a_step_back_never() {
    let rules = [enabled_rule(Condition::PredictedRupture {
        probability: 0.5,
    })];
    let in_days = |days| {
        let mut product = make_product(1, Some(10.0));
        product.outlook = Some(make_outlook(0.9, Some(days)));
        [product]
    };
    let mut alert = apply(&evaluate_rules(&rules, &in_days(12), &[])[0]);
    let steps = [
        (9, None, Urgency::Within15Days),
        (7, Some(NotificationCause::Escalated), Urgency::Within7Days),
        (5, None, Urgency::Within7Days),
        (9, None, Urgency::Within15Days),
        (6, None, Urgency::Within7Days),
        (2, Some(NotificationCause::Escalated), Urgency::Within3Days),
        (1, Some(NotificationCause::Escalated), Urgency::Within1Day),
    ];
    for (days, cause, urgency) in steps {
        if let Some(transition) = evaluate_rules(&rules, &in_days(days), &[alert.clone()]).first() {
            assert_eq!(transition.cause, cause, "{days} days");
            alert = apply(transition);
        } else {
            assert_eq!(cause, None, "{days} days");
        }
        assert_eq!(alert.items[0].urgency, urgency, "{days} days");
    }
    assert_eq!(alert.severity, Severity::Critical);
}

#[test]
fn switching_a_rule_off_resolves_its_alert_without_a_notification() {
    let mut off = enabled_rule(Condition::Rupture);
    let opened = apply(&evaluate_rules(&[off.clone()], &empty_shelves([1]), &[])[0]);
    off.enabled = false;
    let transition = &evaluate_rules(&[off.clone()], &empty_shelves([1]), &[opened])[0];
    assert_eq!(
        (transition.resolution, transition.cause),
        (Some(Resolution::RuleOff), None)
    );
    assert_eq!(evaluate_rules(&[off], &empty_shelves([1]), &[]), []);
}

#[test]
fn a_filter_excludes_other_products() {
    let mut only = enabled_rule(Condition::Rupture);
    only.filter.product_ids = vec![ProductId(Uuid::from_u128(2))];
    let transition = &evaluate_rules(&[only.clone()], &empty_shelves(1..=3), &[])[0];
    assert_eq!(
        transition
            .added
            .iter()
            .map(|a| a.product_id.0.as_u128())
            .collect::<Vec<_>>(),
        [2]
    );
    only.filter.category_ids = vec![CategoryId(Uuid::from_u128(5))];
    assert_eq!(evaluate_rules(&[only], &empty_shelves(1..=3), &[]), []);
}

#[test]
fn a_message_names_five_products_and_counts_the_rest() {
    let rules = [enabled_rule(Condition::Rupture)];
    let transition = &evaluate_rules(&rules, &empty_shelves(1..=8), &[])[0];
    let message = AlertMessage::new("Boutique", NotificationCause::Opened, transition);
    assert_eq!(
        (message.products.len(), message.more, message.count),
        (5, 3, 8)
    );
    assert_eq!(message.products[0].name, "product 1");
}

#[test]
fn each_address_is_notified_once_and_only_on_the_channels_of_the_rule() {
    let awa = UserId(Uuid::from_u128(5));
    let audience = build_audience(awa, &["+221771234567", "stock@example.sn"]);
    let mut rule = enabled_rule(Condition::Rupture);
    rule.recipients = vec![
        Recipient::User { user_id: awa },
        Recipient::Address {
            address: "+221771234567".to_owned(),
        },
        Recipient::Address {
            address: "stock@example.sn".to_owned(),
        },
        Recipient::User {
            user_id: UserId(Uuid::from_u128(6)),
        },
    ];
    let destinations = collect_destinations(&rule, &audience);
    let addresses: Vec<_> = destinations
        .iter()
        .map(|d| (d.channel, d.address.as_str(), d.language))
        .collect();
    assert_eq!(
        addresses,
        [
            (Channel::Whatsapp, "+221771234567", Language::En),
            (Channel::Email, "awa@example.sn", Language::En),
            (Channel::Email, "stock@example.sn", Language::Fr),
        ]
    );
    rule.channels = vec![Channel::Whatsapp];
    assert_eq!(collect_destinations(&rule, &audience).len(), 1);
}

#[test]
fn only_confirmed_addresses_and_the_e_mail_of_members_are_notified() {
    let awa = UserId(Uuid::from_u128(5));
    let addresses = ["awa@example.sn", "+221771234567", "stock@example.sn"];
    let mut rule = enabled_rule(Condition::Rupture);
    rule.recipients = addresses
        .map(|address| Recipient::Address {
            address: address.to_owned(),
        })
        .into();
    rule.recipients.push(Recipient::User { user_id: awa });
    for (confirmed, expected) in [
        (&[][..], &["awa@example.sn"][..]),
        (&["+221771234567"], &["awa@example.sn", "+221771234567"]),
        (
            &["stock@example.sn"],
            &["awa@example.sn", "stock@example.sn"],
        ),
    ] {
        let destinations = collect_destinations(&rule, &build_audience(awa, confirmed));
        let reached: Vec<_> = destinations.iter().map(|d| d.address.as_str()).collect();
        assert_eq!(reached, expected);
        assert_eq!(destinations[0].user_id, Some(awa));
    }
}

fn build_audience(member: UserId, confirmed: &[&str]) -> Audience {
    Audience {
        company: "Boutique".to_owned(),
        language: Language::Fr,
        members: vec![Member {
            user_id: member,
            email: "awa@example.sn".to_owned(),
            phone: Some("+221771234567".to_owned()),
            language: Language::En,
        }],
        confirmed: confirmed
            .iter()
            .map(|&address| address.to_owned())
            .collect(),
    }
}

#[test]
fn a_severity_above_the_peak_names_every_product_of_the_alert() {
    let rules = [enabled_rule(Condition::Rupture)];
    let mut shelves = empty_shelves(1..=3);
    let first = evaluate_rules(&rules, &shelves, &[]).remove(0);
    let alert = apply(&first);
    shelves[1].abc = Some(Abc::A);
    let worse = evaluate_rules(&rules, &shelves, &[alert]).remove(0);
    assert_eq!(
        (worse.cause, worse.severity),
        (Some(NotificationCause::Escalated), Severity::Critical)
    );
    let message = AlertMessage::new("Boutique", NotificationCause::Escalated, &worse);
    assert_eq!(
        (message.count, message.products.len(), message.more),
        (3, 3, 0)
    );
}

#[test]
fn changes_during_a_snooze_notify_once_after_it() {
    let rules = [enabled_rule(Condition::Rupture)];
    let mut shelves = empty_shelves([1]);
    let mut alert = apply(&evaluate_rules(&rules, &shelves, &[]).remove(0));
    alert.snoozed_until = Some(chrono::DateTime::UNIX_EPOCH);
    shelves.extend(empty_shelves([2]));
    shelves[0].abc = Some(Abc::A);
    let in_snooze = evaluate_rules(&rules, &shelves, std::slice::from_ref(&alert)).remove(0);
    assert_eq!((in_snooze.cause, in_snooze.withheld), (None, true));
    alert = apply(&in_snooze);
    assert_eq!(alert.peak_severity, Severity::High);
    assert!(
        evaluate_rules(&rules, &shelves, std::slice::from_ref(&alert)).is_empty(),
        "recorded once"
    );

    alert.snoozed_until = None;
    let mut milder = alert.clone();
    milder.peak_severity = Severity::Critical;
    let after_snooze = evaluate_rules(&rules, &shelves, &[milder]).remove(0);
    assert_eq!(after_snooze.cause, Some(NotificationCause::ProductAdded));
    let names: Vec<_> = after_snooze
        .notified_products()
        .iter()
        .map(|product| product.name.as_str())
        .collect();
    assert_eq!(names, ["product 2"]);

    let after_snooze = evaluate_rules(&rules, &shelves, std::slice::from_ref(&alert)).remove(0);
    assert_eq!(
        (after_snooze.cause, after_snooze.notified_products().len()),
        (Some(NotificationCause::Escalated), 2)
    );
    alert = apply(&after_snooze);
    assert!(evaluate_rules(&rules, &shelves, &[alert]).is_empty());
}
