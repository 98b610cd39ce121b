//! The level is a function of the set of facts. Whatever the order in which facts arrive, however
//! often and in however many transactions, the cache agrees with a recomputation in Rust.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use platform::db::{Scope, Tx};
use platform::ids::{CompanyId, Uuid};
use platform::money::Decimal;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use testing::TestDb;

use super::fact_sets::{Fact, PRODUCTS, Place, SITES, What, any_fact, compute_levels};
use super::{NOW, parse_time};
use crate::catalog::store::levels::{FactIds, add_to_levels, take_from_levels};
use crate::catalog::{compute_key, recompute_levels};

struct Books {
    tx: Tx,
    company: CompanyId,
    products: Vec<Uuid>,
    sites: Vec<Uuid>,
}

impl Books {
    /// Opens books of a company that disappears with the transaction.
    async fn open(test: &TestDb) -> Self {
        let company = CompanyId::new();
        let products: Vec<_> = (0..PRODUCTS).map(|_| Uuid::now_v7()).collect();
        let sites: Vec<_> = (0..SITES).map(|_| Uuid::now_v7()).collect();
        let mut tx = test.db.begin(Scope::company(company)).await.unwrap();
        sqlx::query!(
            "insert into companies (id, name, created_by, created_at, updated_at)
               values ($1, 'shop', $1, $2, $2)",
            company.0,
            parse_time(NOW),
        )
        .execute(&mut *tx)
        .await
        .unwrap();
        for id in &products {
            sqlx::query!(
                "insert into products (company_id, id, sku, sku_key, name, currency)
                   values ($1, $2, $3, $4, 'p', 'XOF')",
                company.0,
                id,
                id.to_string(),
                compute_key(&id.to_string()),
            )
            .execute(&mut *tx)
            .await
            .unwrap();
        }
        for id in &sites {
            sqlx::query!(
                "insert into sites (company_id, id, name, name_key) values ($1, $2, $3, $4)",
                company.0,
                id,
                id.to_string(),
                compute_key(&id.to_string()),
            )
            .execute(&mut *tx)
            .await
            .unwrap();
        }
        Self {
            tx,
            company,
            products,
            sites,
        }
    }

    async fn write_facts(&mut self, facts: &[&Fact]) {
        let (mut sales, mut movements) = (Vec::new(), Vec::new());
        for fact in facts {
            if self.write_one(fact).await {
                let written = match fact.what {
                    What::Sale { .. } => &mut sales,
                    _ => &mut movements,
                };
                written.push(Uuid::from_u128(fact.id));
            }
        }
        let touched: Vec<_> = facts
            .iter()
            .map(|fact| self.products[fact.product])
            .collect();
        let written = FactIds {
            sales: &sales,
            movements: &movements,
        };
        add_to_levels(&mut self.tx, self.company, &touched, written)
            .await
            .unwrap();
    }

    async fn cancel_sales(&mut self, facts: &[&Fact]) {
        for fact in facts.iter().filter(|fact| fact.is_cancelled()) {
            let (id, product) = (Uuid::from_u128(fact.id), self.products[fact.product]);
            sqlx::query!(
                "update sales set status = 'cancelled' where company_id = $1 and id = $2",
                self.company.0,
                id,
            )
            .execute(&mut *self.tx)
            .await
            .unwrap();
            take_from_levels(&mut self.tx, self.company, product, id)
                .await
                .unwrap();
        }
    }

    /// Panics unless the cache is what the facts make of it.
    async fn expect_recomputed(&mut self) {
        let products = self.products.clone();
        let changed = recompute_levels(&mut self.tx, self.company, &products).await;
        assert_eq!(changed.unwrap(), 0, "a level differs from its facts");
    }

    /// Returns whether the fact is new.
    async fn write_one(&mut self, fact: &Fact) -> bool {
        let (id, site) = (
            Uuid::from_u128(fact.id),
            fact.place.map(|site| self.sites[site]),
        );
        let at = moment_time(fact.moment);
        let (kind, quantity) = match fact.what {
            What::Count(n) => ("count", n),
            What::Move { kind, change } => (kind, change),
            What::Sale { kind, quantity, .. } => (kind, quantity),
        };
        let written = if let What::Sale { rule, .. } = fact.what {
            sqlx::query!(
                "insert into sales (company_id, id, sold_at, day, product_id, site_id, quantity,
                   unit_price, amount,
                                    currency, kind, status, stock_rule)
                 values ($1, $2, $3, $3::timestamptz::date, $4, $5, $6, 0, 0, 'XOF', $7,
                   'delivered', $8)
                 on conflict (company_id, id) do nothing",
                self.company.0,
                id,
                at,
                self.products[fact.product],
                site,
                Decimal::from(quantity),
                kind,
                rule,
            )
            .execute(&mut *self.tx)
            .await
        } else {
            sqlx::query!(
                "insert into stock_movements (company_id, id, at, day, product_id, site_id, kind,
                   quantity)
                 values ($1, $2, $3, $3::timestamptz::date, $4, $5, $6, $7)
                 on conflict (company_id, id) do nothing",
                self.company.0,
                id,
                at,
                self.products[fact.product],
                site,
                kind,
                Decimal::from(quantity),
            )
            .execute(&mut *self.tx)
            .await
        };
        written.unwrap().rows_affected() > 0
    }

    async fn read_levels(&mut self) -> Vec<BTreeMap<Place, i64>> {
        let rows = sqlx::query!(
            "select product_id, site_id, level from stock_levels where company_id = $1",
            self.company.0
        )
        .fetch_all(&mut *self.tx)
        .await
        .unwrap();
        let mut found = vec![BTreeMap::new(); PRODUCTS];
        for row in rows {
            let product = self
                .products
                .iter()
                .position(|id| *id == row.product_id)
                .unwrap();
            let place = row
                .site_id
                .map(|site| self.sites.iter().position(|id| *id == site).unwrap());
            found[product].insert(place, row.level.normalize().to_string().parse().unwrap());
        }
        found
    }
}

fn moment_time(n: i64) -> DateTime<Utc> {
    parse_time(NOW) + TimeDelta::hours(11 * n)
}

#[test]
fn facts_in_any_order_and_repeated_make_the_same_levels() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let test = runtime.block_on(TestDb::new());
    let facts = prop::collection::vec(any_fact(), 0..24);
    let cases =
        facts.prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle(), 1..5_usize));
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::with_cases(96)
    });
    let outcome = runner.run(&cases, |(facts, shuffled, split)| {
        runtime.block_on(async {
            let (all, other): (Vec<&Fact>, Vec<&Fact>) =
                (facts.iter().collect(), shuffled.iter().collect());
            let (mut one, mut two) = (Books::open(&test).await, Books::open(&test).await);
            one.write_facts(&all).await;
            one.cancel_sales(&all).await;
            for part in other.chunks(split * 3) {
                two.write_facts(part).await;
                two.cancel_sales(part).await;
            }
            two.write_facts(&other[..other.len() / 2]).await;
            let of = |product| {
                all.iter()
                    .copied()
                    .filter(|f| f.product == product)
                    .collect::<Vec<_>>()
            };
            let expected: Vec<_> = (0..PRODUCTS)
                .map(|product| compute_levels(&of(product)))
                .collect();
            prop_assert_eq!(&one.read_levels().await, &expected);
            prop_assert_eq!(&two.read_levels().await, &expected);
            two.expect_recomputed().await;
            Ok(())
        })
    });
    runtime.block_on(async { drop(test) });
    outcome.unwrap();
}
