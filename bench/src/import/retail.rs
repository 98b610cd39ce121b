//! The Online Retail file and its import options.

use std::io::Read as _;

use anyhow::Context as _;
use platform::config::Env;
use serde_json::{Value, json};

/// Returns the unpacked file.
pub(super) fn load_file() -> anyhow::Result<Vec<u8>> {
    let configured = Env::from_process().read_optional("VIGIE_TEST_DATA");
    let folder = configured
        .unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data").to_owned());
    let path = std::path::Path::new(&folder).join("online_retail_2010_2011.csv.gz");
    let packed = std::fs::File::open(&path)
        .with_context(|| format!("{} (set VIGIE_TEST_DATA)", path.display()))?;
    let mut file = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut file)?;
    Ok(file)
}

/// Returns the options of the file. They differ by `round`, so that no upload repeats another.
pub(super) fn options(round: usize) -> Value {
    json!({
        "mapping": {
            "document": "InvoiceNo", "sku": "StockCode", "name": "Description",
            "quantity": "Quantity", "date": "InvoiceDate", "unit_price": "UnitPrice",
            "customer": "CustomerID", "country": "Country",
        },
        "cancellation_prefix": "C",
        "negative_prices": "reject",
        "ignore_codes": [format!("no such code {round}")],
    })
}
