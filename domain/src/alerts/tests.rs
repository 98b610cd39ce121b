//! The life of an alert, decision by decision.

use platform::ids::{UserId, Uuid};

use super::testing::{outlook, product};
use super::*;
use crate::catalog::{CategoryId, ProductId};
use crate::identity::Language;
use crate::notifications::Channel;
use crate::rupture::{Abc, Forecast, Urgency};

fn rule(condition: Condition) -> Rule {
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

/// The alert that a verdict leaves behind.
fn after(verdict: &Verdict) -> OpenAlert {
    let mut alert = verdict.alert.clone().unwrap_or(OpenAlert {
        id: AlertId(Uuid::from_u128(77)),
        rule_id: verdict.rule_id,
        site_id: verdict.site_id,
        severity: verdict.severity,
        peak_severity: verdict.severity,
        revision: 0,
        snoozed_until: None,
        items: Vec::new(),
    });
    alert.severity = verdict.severity;
    alert.peak_severity = verdict.peak_severity();
    alert.revision += i32::from(verdict.cause.is_some());
    let alert_sleeps = alert.sleeps();
    alert
        .items
        .retain(|item| !verdict.resolved.iter().any(|r| r.item == Some(item.id)));
    for (changed, peak, told) in [
        (&verdict.escalated, true, true),
        (&verdict.late, false, true),
        (&verdict.moved, false, false),
    ]
    .into_iter()
    .flat_map(|(list, peak, told)| list.iter().map(move |changed| (changed, peak, told)))
    {
        let item = alert
            .items
            .iter_mut()
            .find(|item| Some(item.id) == changed.item)
            .unwrap();
        item.urgency = changed.urgency;
        item.untold &= !told;
        if peak {
            item.peak_urgency = changed.urgency;
        }
    }
    alert
        .items
        .extend(verdict.added.iter().map(|added| OpenItem {
            id: ItemId(added.product_id.0),
            product_id: added.product_id,
            name: added.name.clone(),
            urgency: added.urgency,
            peak_urgency: added.urgency,
            untold: alert_sleeps,
        }));
    alert
}

fn empty_shelves(numbers: impl IntoIterator<Item = u128>) -> Vec<Forecast> {
    numbers.into_iter().map(|n| product(n, Some(0.0))).collect()
}

#[test]
fn a_second_evaluation_of_the_same_state_says_nothing() {
    let rules = [rule(Condition::Rupture)];
    let products = empty_shelves(1..=3);
    let verdicts = evaluate(&rules, &products, &[]);
    assert_eq!(verdicts.len(), 1);
    assert_eq!(verdicts[0].cause, Some(Cause::Opened));
    assert_eq!(verdicts[0].severity, Severity::High);
    assert_eq!(evaluate(&rules, &products, &[after(&verdicts[0])]), []);
}

#[test]
fn a_product_newly_concerned_is_told_and_one_that_is_back_is_not() {
    let rules = [rule(Condition::Rupture)];
    let opened = after(&evaluate(&rules, &empty_shelves(1..=2), &[])[0]);
    let products = [
        product(1, Some(5.0)),
        product(2, Some(0.0)),
        product(3, Some(-1.0)),
    ];
    let added = &evaluate(&rules, &products, &[opened])[0];
    assert_eq!(added.cause, Some(Cause::ProductAdded));
    assert_eq!(
        (added.added.len(), added.resolved.len(), added.products),
        (1, 1, 2)
    );

    let fewer = [
        product(1, Some(5.0)),
        product(2, Some(9.0)),
        product(3, Some(-1.0)),
    ];
    let improved = &evaluate(&rules, &fewer, &[after(added)])[0];
    assert_eq!(improved.cause, None);
    assert_eq!(improved.ends, None);
    assert_eq!(improved.products, 1);
}

#[test]
fn the_alert_ends_with_its_last_product() {
    let rules = [rule(Condition::Rupture)];
    let opened = after(&evaluate(&rules, &empty_shelves([1]), &[])[0]);
    let ended = &evaluate(&rules, &[product(1, Some(1.0))], &[opened])[0];
    assert_eq!(ended.ends, Some(EndReason::ConditionOver));
    assert_eq!(ended.cause, None);
    assert_eq!(ended.resolved[0].figures.level, Some(1.0));
}

#[test]
fn missing_data_opens_nothing_and_ends_nothing() {
    let rules = [rule(Condition::Rupture)];
    let unknown = [product(1, None)];
    assert_eq!(evaluate(&rules, &unknown, &[]), []);
    let opened = after(&evaluate(&rules, &empty_shelves([1]), &[])[0]);
    assert_eq!(evaluate(&rules, &unknown, &[opened]), []);
}

#[test]
fn a_product_that_is_watched_no_more_leaves_its_alert() {
    let rules = [rule(Condition::Rupture)];
    let opened = after(&evaluate(&rules, &empty_shelves([1]), &[])[0]);
    let ended = &evaluate(&rules, &[], &[opened])[0];
    assert_eq!(ended.ends, Some(EndReason::ConditionOver));
}

#[test]
fn more_than_ten_products_or_a_best_seller_escalate_a_rupture_once() {
    let rules = [rule(Condition::Rupture)];
    let opened = after(&evaluate(&rules, &empty_shelves(1..=10), &[])[0]);
    let worse = &evaluate(&rules, &empty_shelves(1..=11), &[opened])[0];
    assert_eq!(
        (worse.severity, worse.cause),
        (Severity::Critical, Some(Cause::Escalated))
    );

    let better = &evaluate(
        &rules,
        &empty_shelves(1..=10)
            .into_iter()
            .chain([product(11, Some(4.0))])
            .collect::<Vec<_>>(),
        &[after(worse)],
    )[0];
    assert_eq!((better.severity, better.cause), (Severity::High, None));
    let again = &evaluate(&rules, &empty_shelves(1..=11), &[after(better)])[0];
    assert_eq!(
        (again.severity, again.cause),
        (Severity::Critical, Some(Cause::ProductAdded))
    );

    let mut best = product(1, Some(0.0));
    best.abc = Some(Abc::A);
    assert_eq!(
        evaluate(&rules, &[best], &[])[0].severity,
        Severity::Critical
    );
}

#[test]
fn each_step_of_urgency_is_told_once_and_stepping_back_never() {
    let rules = [rule(Condition::PredictedRupture { probability: 0.5 })];
    let in_days = |days| {
        let mut product = product(1, Some(10.0));
        product.outlook = Some(outlook(0.9, Some(days)));
        [product]
    };
    let mut alert = after(&evaluate(&rules, &in_days(12), &[])[0]);
    let steps = [
        (9, None, Urgency::Within15Days),
        (7, Some(Cause::Escalated), Urgency::Within7Days),
        (5, None, Urgency::Within7Days),
        (9, None, Urgency::Within15Days),
        (6, None, Urgency::Within7Days),
        (2, Some(Cause::Escalated), Urgency::Within3Days),
        (1, Some(Cause::Escalated), Urgency::Within1Day),
    ];
    for (days, cause, urgency) in steps {
        if let Some(verdict) = evaluate(&rules, &in_days(days), &[alert.clone()]).first() {
            assert_eq!(verdict.cause, cause, "{days} days");
            alert = after(verdict);
        } else {
            assert_eq!(cause, None, "{days} days");
        }
        assert_eq!(alert.items[0].urgency, urgency, "{days} days");
    }
    assert_eq!(alert.severity, Severity::Critical);
}

#[test]
fn a_rule_switched_off_ends_its_alert_in_silence() {
    let mut off = rule(Condition::Rupture);
    let opened = after(&evaluate(&[off.clone()], &empty_shelves([1]), &[])[0]);
    off.enabled = false;
    let verdict = &evaluate(&[off.clone()], &empty_shelves([1]), &[opened])[0];
    assert_eq!(
        (verdict.ends, verdict.cause),
        (Some(EndReason::RuleOff), None)
    );
    assert_eq!(evaluate(&[off], &empty_shelves([1]), &[]), []);
}

#[test]
fn a_filter_keeps_other_products_out() {
    let mut only = rule(Condition::Rupture);
    only.filter.product_ids = vec![ProductId(Uuid::from_u128(2))];
    let verdict = &evaluate(&[only.clone()], &empty_shelves(1..=3), &[])[0];
    assert_eq!(
        verdict
            .added
            .iter()
            .map(|a| a.product_id.0.as_u128())
            .collect::<Vec<_>>(),
        [2]
    );
    only.filter.category_ids = vec![CategoryId(Uuid::from_u128(5))];
    assert_eq!(evaluate(&[only], &empty_shelves(1..=3), &[]), []);
}

#[test]
fn a_message_names_five_products_and_counts_the_rest() {
    let rules = [rule(Condition::Rupture)];
    let verdict = &evaluate(&rules, &empty_shelves(1..=8), &[])[0];
    let message = AlertMessage::new("Boutique", RuleKind::Rupture, Cause::Opened, verdict);
    assert_eq!(
        (message.products.len(), message.more, message.count),
        (5, 3, 8)
    );
    assert_eq!(message.products[0].name, "product 1");
}

#[test]
fn each_address_is_told_once_and_only_on_the_channels_of_the_rule() {
    let awa = UserId(Uuid::from_u128(5));
    let people = [Person {
        user_id: awa,
        email: "awa@example.sn".to_owned(),
        phone: Some("+221771234567".to_owned()),
        language: Language::En,
    }];
    let mut rule = rule(Condition::Rupture);
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
    let told = destinations(&rule, &people, Language::Fr);
    let addresses: Vec<_> = told
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
    assert_eq!(destinations(&rule, &people, Language::Fr).len(), 1);
}

#[test]
fn where_the_alert_is_graver_than_ever_all_of_it_is_told() {
    let rules = [rule(Condition::Rupture)];
    let mut shelves = empty_shelves(1..=3);
    let first = evaluate(&rules, &shelves, &[]).remove(0);
    let alert = after(&first);
    shelves[1].abc = Some(Abc::A);
    let graver = evaluate(&rules, &shelves, &[alert]).remove(0);
    assert_eq!(
        (graver.cause, graver.severity),
        (Some(Cause::Escalated), Severity::Critical)
    );
    let message = AlertMessage::new("Boutique", RuleKind::Rupture, Cause::Escalated, &graver);
    assert_eq!(
        (message.count, message.products.len(), message.more),
        (3, 3, 0)
    );
}

#[test]
fn what_happens_while_an_alert_sleeps_is_told_once_when_it_wakes() {
    let rules = [rule(Condition::Rupture)];
    let mut shelves = empty_shelves([1]);
    let mut alert = after(&evaluate(&rules, &shelves, &[]).remove(0));
    alert.snoozed_until = Some(chrono::DateTime::UNIX_EPOCH);
    shelves.extend(empty_shelves([2]));
    shelves[0].abc = Some(Abc::A);
    let asleep = evaluate(&rules, &shelves, std::slice::from_ref(&alert)).remove(0);
    assert_eq!((asleep.cause, asleep.withheld), (None, true));
    alert = after(&asleep);
    assert_eq!(alert.peak_severity, Severity::High);
    assert!(
        evaluate(&rules, &shelves, std::slice::from_ref(&alert)).is_empty(),
        "said once"
    );

    alert.snoozed_until = None;
    let mut milder = alert.clone();
    milder.peak_severity = Severity::Critical;
    let awake = evaluate(&rules, &shelves, &[milder]).remove(0);
    assert_eq!(awake.cause, Some(Cause::ProductAdded));
    let told: Vec<_> = awake
        .told()
        .iter()
        .map(|product| product.name.as_str())
        .collect();
    assert_eq!(told, ["product 2"]);

    let awake = evaluate(&rules, &shelves, std::slice::from_ref(&alert)).remove(0);
    assert_eq!(
        (awake.cause, awake.told().len()),
        (Some(Cause::Escalated), 2)
    );
    alert = after(&awake);
    assert!(evaluate(&rules, &shelves, &[alert]).is_empty());
}
