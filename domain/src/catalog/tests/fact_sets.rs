//! Random sets of facts, and the levels that they make, computed without a database.

use std::collections::BTreeMap;

use proptest::prelude::*;

/// One of a few sites, or none.
pub(super) type Place = Option<usize>;

pub(super) const SITES: usize = 2;
pub(super) const PRODUCTS: usize = 2;

#[derive(Debug, Clone)]
pub(super) struct Fact {
    pub(super) id: u128,
    pub(super) product: usize,
    pub(super) place: Place,
    /// Few moments, so that facts often share one.
    pub(super) moment: i64,
    pub(super) what: What,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    Count(i64),
    Move {
        kind: &'static str,
        change: i64,
    },
    Sale {
        kind: &'static str,
        quantity: i64,
        cancelled: bool,
        rule: Option<&'static str>,
    },
}

impl Fact {
    pub(super) fn is_cancelled(&self) -> bool {
        matches!(
            self.what,
            What::Sale {
                cancelled: true,
                ..
            }
        )
    }
}

fn plain_sale(kind: &'static str, quantity: i64) -> What {
    What::Sale {
        kind,
        quantity,
        cancelled: false,
        rule: None,
    }
}

pub(super) fn any_fact() -> impl Strategy<Value = Fact> {
    let rule = prop_oneof![Just("all"), Just("none")];
    let what = prop_oneof![
        2 => (0..50_i64).prop_map(What::Count),
        2 => (1..50_i64).prop_map(|n| What::Move { kind: "entry", change: n }),
        2 => (1..20_i64).prop_map(|n| What::Move { kind: "exit", change: -n }),
        1 => (1..20_i64).prop_map(|n| What::Move { kind: "adjustment", change: -n }),
        5 => (1..20_i64, prop::bool::weighted(0.2), prop::option::weighted(0.3, rule)).prop_map(
            |(n, cancelled, rule)| What::Sale { kind: "sale", quantity: n, cancelled, rule }
        ),
        1 => (1..20_i64).prop_map(|n| plain_sale("return", -n)),
        1 => (-9..9_i64).prop_map(|n| plain_sale("adjustment", n)),
    ];
    let place = prop::option::weighted(0.5, 0..SITES);
    (1..u128::MAX - 1, 0..PRODUCTS, place, 0..8_i64, what).prop_map(
        |(id, product, place, moment, what)| Fact {
            id,
            product,
            place,
            moment,
            what,
        },
    )
}

/// Computes the levels of one product by the rules of `stock.rs`, without a database.
#[expect(
    clippy::too_many_lines,
    reason = "the rule of levels in one piece, independent of the product's code"
)]
pub(super) fn compute_levels(facts: &[&Fact]) -> BTreeMap<Place, i64> {
    let key = |fact: &Fact| (fact.moment, fact.id);
    let mut counted = BTreeMap::<Place, (i64, u128, i64)>::new();
    let mut entered = BTreeMap::<Place, (i64, u128, i64)>::new();
    let mut since = BTreeMap::<Place, i64>::new();
    for fact in facts {
        let (moment, id) = key(fact);
        match fact.what {
            What::Count(n) => {
                let latest = counted.entry(fact.place).or_insert((moment, id, n));
                *latest = (*latest).max((moment, id, n));
            }
            What::Move {
                kind: "entry",
                change,
            } => {
                let first = entered.entry(fact.place).or_insert((moment, id, change));
                *first = (*first).min((moment, id, change));
            }
            _ => continue,
        }
        let first = since.entry(fact.place).or_insert(moment);
        *first = (*first).min(moment);
    }
    let mut level = BTreeMap::new();
    let has_beginning = !since.contains_key(&None);
    for &place in since.keys() {
        level.insert(
            place,
            counted
                .get(&place)
                .or_else(|| entered.get(&place))
                .unwrap()
                .2,
        );
    }
    let sites_began = (!since.contains_key(&None) && !since.is_empty()).then(|| {
        since
            .keys()
            .map(|place| counted.get(place).or_else(|| entered.get(place)).unwrap().0)
            .max()
            .unwrap()
    });
    for fact in facts {
        let (change, is_sale, always) = match fact.what {
            What::Count(_) => continue,
            What::Move { change, .. } => (change, false, false),
            What::Sale {
                cancelled: true, ..
            }
            | What::Sale {
                rule: Some("none"), ..
            } => continue,
            What::Sale {
                kind: "adjustment",
                quantity,
                rule,
                ..
            } => (quantity, true, rule.is_some()),
            What::Sale { quantity, rule, .. } => (-quantity, true, rule.is_some()),
        };
        let own = fact.place.filter(|_| {
            since
                .get(&fact.place)
                .is_some_and(|&from| always || fact.moment >= from)
        });
        let after = match (counted.get(&own), entered.get(&own), sites_began) {
            (Some(&(moment, ..)), ..) => fact.moment > moment,
            (None, Some(&(moment, id, _)), _) => {
                fact.moment >= moment && (is_sale || fact.id != id)
            }
            (None, None, Some(began)) => fact.moment > began,
            (None, None, None) => continue,
        };
        if always || after {
            *level.entry(own).or_insert(0) += change;
        }
    }
    if has_beginning && level.get(&None) == Some(&0) {
        level.remove(&None);
    }
    level
}
