//! A company with products and levels, and requests that change them.

use rand::Rng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::{Client, System};

pub(crate) struct Shop {
    pub(crate) client: Client,
    /// The expected level of each product at the end.
    pub(crate) levels: Vec<i64>,
}

impl Shop {
    /// Creates the products `P0`, `P1` .. with ten units each and a minimum of three.
    pub(crate) async fn open(system: &System, n: usize, products: usize) -> Self {
        let client = system.register_company(n).await;
        for i in 0..products {
            let product = json!({"sku": sku(i), "name": format!("Riz {i}"), "min_stock": 3});
            client.post("/products", &product).await.expect(201);
        }
        let entries: Vec<_> = (0..products)
            .map(|i| json!({"sku": sku(i), "kind": "entry", "quantity": 10}))
            .collect();
        client
            .post("/stock-movements", &json!(entries))
            .await
            .expect(201);
        Self {
            client,
            levels: vec![10; products],
        }
    }

    /// Makes the request for an exit or an entry of a random product. About half of them leave
    /// none.
    pub(crate) fn some_movement(&mut self, rng: &mut StdRng, key: &str) -> Value {
        let i = rng.random_range(0..self.levels.len());
        let level = self.levels[i];
        let change = if level <= 0 {
            rng.random_range(5..20)
        } else {
            -level + rng.random_range(0..2) * 2
        };
        self.levels[i] += change;
        let kind = if change < 0 { "exit" } else { "entry" };
        let quantity = change.abs().max(1);
        if change == 0 {
            self.levels[i] += quantity;
        }
        json!({"sku": sku(i), "kind": kind, "quantity": quantity, "reference": key})
    }

    /// Returns the skus whose level is zero or less, in order.
    pub(crate) fn empty_skus(&self) -> Vec<String> {
        let mut skus: Vec<_> = (0..self.levels.len())
            .filter(|i| self.levels[*i] <= 0)
            .map(sku)
            .collect();
        skus.sort();
        skus
    }
}

pub(crate) fn sku(i: usize) -> String {
    format!("P{i}")
}
