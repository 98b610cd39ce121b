//! From a real sales file to predictions, through the real import, its events and a real Postgres.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;
use domain::catalog::import::{self, ImportId, Kind, NewImport};
use domain::rupture::{Demand, History};
use platform::blobs::Blobs;
use platform::crypto::Keyring;
use platform::db::Scope;
use platform::ids::{CompanyId, Uuid};
use providers::Providers;
use testing::{Drain, TestDb, data_set};

use crate::catalog::ImportFile;
use crate::{Services, company_job};

const OPTIONS: &str = r#"{
    "mapping": {"document": "InvoiceNo", "sku": "StockCode", "name": "Description", "quantity": "Quantity",
                "date": "InvoiceDate", "unit_price": "UnitPrice", "customer": "CustomerID", "country": "Country"},
    "cancellation_prefix": "C", "negative_prices": "reject"
}"#;

/// Parses the daily series by product, which were computed from the same file independently.
fn parse_series(wide: &[u8]) -> (NaiveDate, HashMap<String, Vec<f64>>) {
    let text = String::from_utf8_lossy(wide);
    let mut lines = text.lines();
    let last_day = lines
        .next()
        .unwrap()
        .rsplit(',')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let series = lines.map(|line| {
        let (sku, units) = line.split_once(',').unwrap();
        (
            sku.to_owned(),
            units.split(',').map(|v| v.parse().unwrap()).collect(),
        )
    });
    (last_day, series.collect())
}

struct Shop {
    db: TestDb,
    services: Arc<Services>,
    company: CompanyId,
    folder: PathBuf,
}

impl Shop {
    async fn open() -> Self {
        let db = TestDb::new().await;
        let folder = std::env::temp_dir().join(format!("vigie-test-{}", Uuid::new_v4()));
        let services = Arc::new(Services {
            db: db.db.clone(),
            providers: Providers::sandbox("http://127.0.0.1:1").unwrap(),
            blobs: Blobs::open_folder(folder.clone()).unwrap(),
            keyring: Keyring::parse(&"k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".into())
                .unwrap(),
            public_url: "http://127.0.0.1:1".into(),
            console_url: "http://127.0.0.1:1".into(),
        });
        let company = CompanyId::new();
        sqlx::query!("update plans set products = null, import_rows_per_month = null")
            .execute(&mut db.owner().await)
            .await
            .unwrap();
        sqlx::query!(
            "insert into companies (id, name, currency, timezone, created_by, created_at, updated_at)
             values ($1, 'Shop', 'GBP', 'Europe/London', $1, engine_now(), engine_now())",
            company.0,
        )
        .execute(&mut db.owner().await)
        .await
        .unwrap();
        Self {
            db,
            services,
            company,
            folder,
        }
    }

    /// Imports the file, runs all jobs that follow, and returns their kinds.
    async fn import_file(&self, file: Vec<u8>) -> Vec<String> {
        let id = ImportId::new();
        let blob_key = format!("{}/imports/{id}", self.company);
        let stored = self
            .services
            .blobs
            .store_bytes(&blob_key, file.into())
            .await
            .unwrap();
        let new = NewImport {
            id,
            kind: Kind::Sales,
            file_name: "retail.csv".into(),
            blob_key,
            file_bytes: stored.len,
            file_sha256: stored.sha256,
            options: serde_json::from_str(OPTIONS).unwrap(),
            created_by: None,
        };
        let mut tx = self
            .db
            .db
            .begin(Scope::company(self.company))
            .await
            .unwrap();
        let now = platform::db::load_now(&mut tx).await.unwrap();
        import::create_import(&mut tx, self.company, &new, now)
            .await
            .unwrap();
        tx.enqueue(company_job(self.company, &ImportFile { import_id: id }))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let drain = Drain::new(
            &self.db.db,
            Arc::new(crate::build_registry()),
            self.services.clone(),
        )
        .await;
        let ran = drain.run_due().await;
        assert!(ran.iter().all(|ran| ran.error.is_none()), "{ran:?}");
        ran.into_iter().map(|ran| ran.kind).collect()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn the_retail_file_has_the_demand_of_its_daily_series() {
    let (Some(file), Some(wide)) = (
        data_set("online_retail_2010_2011.csv.gz"),
        data_set("online_retail_daily_demand.csv.gz"),
    ) else {
        return;
    };
    let shop = Shop::open().await;
    let ran = shop.import_file(file).await;
    assert_eq!(
        ran,
        [
            "catalog.import_file",
            "rupture.compute_demand",
            "alerts.evaluate"
        ]
    );

    let (last_day, series) = parse_series(&wide);
    let rows = sqlx::query!(
        "select upper(p.sku) as \"sku!\", d.as_of, d.history_days, d.rate_per_day, d.dispersion,
           d.class
         from demand d join products p on p.id = d.product_id"
    )
    .fetch_all(&mut shop.db.owner().await)
    .await
    .unwrap();
    let (mut compared, mut differing) = (0, Vec::new());
    for row in rows {
        assert_eq!(row.as_of, last_day);
        let Some(units) = series.get(&row.sku) else {
            continue;
        };
        let expected = Demand::estimate(&History::from_days(units, last_day).unwrap(), 7);
        compared += 1;
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs().max(1.0);
        if !close(row.rate_per_day, expected.rate.per_day())
            || !close(row.dispersion, expected.dispersion)
        {
            differing.push((row.sku, row.rate_per_day, expected.rate.per_day()));
        }
    }
    assert_eq!(compared, series.len());
    assert!(
        differing.is_empty(),
        "{} differ, the first {:?}",
        differing.len(),
        differing[0]
    );
}
