//! The area's rules against a real Postgres, through its exported functions.

mod codes;
mod fact_sets;
mod levels;
mod netted;
mod permuted;
mod products;
mod references;
mod rows_visited;
mod sale_lists;
mod sales;

use chrono::{DateTime, Utc};
use platform::db::{Scope, Tx};
use platform::ids::{CompanyId, Uuid};
use testing::TestDb;

use super::{CreateMovement, CreateProduct, CreateSale, Product, ProductId, Stock};
use crate::{Error, Result};

/// A company in its own database.
struct Shop {
    test: TestDb,
    company: CompanyId,
}

impl Shop {
    async fn open() -> Self {
        let test = TestDb::new().await;
        let company = add_company(&test).await;
        Self { test, company }
    }

    async fn begin(&self) -> Tx {
        self.test
            .db
            .begin(Scope::company(self.company))
            .await
            .unwrap()
    }

    async fn create_product(&self, sku: &str) -> Product {
        let mut tx = self.begin().await;
        let new = parse_json::<CreateProduct>(&format!(
            r#"{{"sku": "{sku}", "name": "{sku}", "sale_price": 100}}"#
        ));
        let product = super::create_product(
            &mut tx,
            self.company,
            "XOF",
            new,
            parse_time("2024-01-01T00:00:00Z"),
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        product
    }

    async fn create_customer(&self, reference: &str) {
        sqlx::query!(
            "insert into customers (company_id, id, external_ref) values ($1, $2, $3)",
            self.company.0,
            Uuid::now_v7(),
            reference,
        )
        .execute(&mut self.test.owner().await)
        .await
        .unwrap();
    }

    /// Records movements of sku `a`, each a piece of JSON without the sku.
    async fn record_movements(&self, movements: &[&str]) -> Result<u64> {
        let list: Vec<CreateMovement> = movements
            .iter()
            .map(|m| parse_json(&format!(r#"{{"sku": "a", {m}}}"#)))
            .collect();
        let mut tx = self.begin().await;
        let recorded =
            super::record_movements(&mut tx, self.company, &list, parse_time(NOW)).await?;
        tx.commit().await?;
        Ok(recorded.created)
    }

    /// Records sales of sku `a`, each a piece of JSON without the sku.
    async fn record_sales(&self, sales: &[&str]) -> Result<super::store::Recorded<super::Sale>> {
        let list: Vec<CreateSale> = sales
            .iter()
            .map(|s| parse_json(&format!(r#"{{"sku": "a", {s}}}"#)))
            .collect();
        let mut tx = self.begin().await;
        let recorded = super::record_sales(
            &mut tx,
            self.company,
            chrono_tz::Africa::Dakar,
            &list,
            parse_time(NOW),
        )
        .await?;
        tx.commit().await?;
        Ok(recorded)
    }

    async fn find_stock(&self, product: ProductId) -> Stock {
        super::find_stock(&mut *self.begin().await, self.company, product)
            .await
            .unwrap()
    }

    async fn find_level(&self, product: ProductId) -> Option<String> {
        self.find_stock(product)
            .await
            .level
            .map(|level| level.normalize().to_string())
    }
}

const NOW: &str = "2024-06-01T12:00:00Z";

async fn add_company(test: &TestDb) -> CompanyId {
    let id = CompanyId::new();
    sqlx::query!(
        "insert into companies (id, name, created_by, created_at, updated_at)
           values ($1, 'shop', $2, $3, $3)",
        id.0,
        Uuid::now_v7(),
        parse_time(NOW),
    )
    .execute(&mut test.owner().await)
    .await
    .unwrap();
    id
}

fn parse_json<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap()
}

fn parse_time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Returns the rejected fields with their codes, or the code of a conflict.
fn error_codes<T: std::fmt::Debug>(result: Result<T>) -> Vec<String> {
    match result.unwrap_err() {
        Error::Invalid(fields) => fields
            .into_iter()
            .map(|f| format!("{} {}", f.field, f.code))
            .collect(),
        Error::Conflict { code, .. } => vec![code.to_owned()],
        other => panic!("{other}"),
    }
}
