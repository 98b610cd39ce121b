//! Outlier detection for quantities: a barcode in the quantity's column, a missing decimal mark.
//! A product's usual quantity comes from the other lines of the file and from its recorded sales.

use std::collections::HashMap;
use std::io::{Read, Seek};

use super::codes::RowKeys;
use super::sale::{SaleLine, SaleReader};
use crate::catalog::SaleKind;
use crate::catalog::import::context::Context;
use crate::catalog::import::detect::{Plan, open_rows};
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::options::Options;

/// A quantity beyond this many times the usual one is an outlier (`rules.md` 3).
const OUTLIER_FACTOR: f64 = 100.0;
/// Smaller quantities, in thousandths, are never outliers.
const MIN_OUTLIER_THOUSANDTHS: i64 = 100_000;
/// With fewer other sales, a product has no usual quantity.
const MIN_SAMPLE_SALES: u32 = 10;
/// Further products of a file aren't watched, so that memory stays flat.
const MAX_PRODUCTS: usize = 1 << 18;

/// The quantities of one product. The usual one is their geometric mean, which a single outlier
/// hardly moves and which needs no sorting.
#[derive(Debug, Clone, Copy, Default)]
struct QuantitySample {
    /// Sum of the logarithms of the quantities sold.
    log_sum: f64,
    sales: u32,
    /// In thousandths, of lines of any kind.
    largest: i64,
}

/// The usual quantities of the products of a file that have a line large enough to be an outlier,
/// by the key of their code.
#[derive(Debug, Clone, Default)]
pub struct UsualQuantities(HashMap<Box<str>, QuantitySample>);

impl UsualQuantities {
    /// Samples the valid rows of a sales file.
    pub fn read_file<S: Read + Seek>(
        source: S,
        options: &Options,
        plan: &Plan,
        context: &Context,
    ) -> Result<Self, FileError> {
        let mut usual = Self::default();
        let mut keys = RowKeys::default();
        open_rows(source, Kind::Sales, options, |table, _| {
            let mut reader = SaleReader::new(plan, options, context)?;
            while table.advance()? {
                // A rejected row is no evidence of what is usual.
                if let Ok(Some(line)) = reader.read_line(table.record(), &mut keys) {
                    usual.sample_line(&keys.sku, &line);
                }
            }
            Ok(())
        })?;
        let watched = |sample: &QuantitySample| sample.largest >= MIN_OUTLIER_THOUSANDTHS;
        usual.0.retain(|_, sample| watched(sample));
        Ok(usual)
    }

    fn sample_line(&mut self, sku_key: &str, line: &SaleLine<'_>) {
        if !self.0.contains_key(sku_key) {
            if self.0.len() == MAX_PRODUCTS {
                return;
            }
            self.0.insert(sku_key.into(), QuantitySample::default());
        }
        let Some(sample) = self.0.get_mut(sku_key) else {
            return;
        };
        sample.largest = sample.largest.max(line.quantity.abs());
        if line.kind == SaleKind::Sale {
            sample.log_sum += quantity_log(line.quantity);
            sample.sales += 1;
        }
    }

    /// Returns the products whose recorded sales should be added.
    pub(crate) fn sku_keys(&self) -> Vec<String> {
        self.0.keys().map(|key| key.to_string()).collect()
    }

    /// Adds recorded sales of a product: the sum of the logarithms of their quantities, and their
    /// number.
    pub(crate) fn add_recorded_sales(&mut self, sku_key: &str, log_sum: f64, sales: u32) {
        if let Some(sample) = self.0.get_mut(sku_key) {
            sample.log_sum += log_sum;
            sample.sales += sales;
        }
    }

    /// Returns the usual quantity of the product, where the line's quantity is an outlier.
    pub(crate) fn find_outlier(&self, sku_key: &str, line: &SaleLine<'_>) -> Option<f64> {
        if line.quantity.abs() < MIN_OUTLIER_THOUSANDTHS {
            return None;
        }
        let sample = self.0.get(sku_key)?;
        // The line itself is in the sample and must not hide how unusual it is.
        let (own_log, own_sales) = if line.kind == SaleKind::Sale {
            (quantity_log(line.quantity), 1)
        } else {
            (0.0, 0)
        };
        let others = sample.sales.saturating_sub(own_sales);
        let usual = ((sample.log_sum - own_log) / f64::from(others)).exp();
        let is_outlier = units(line.quantity) > OUTLIER_FACTOR * usual;
        (others >= MIN_SAMPLE_SALES && is_outlier).then_some(usual)
    }
}

fn quantity_log(thousandths: i64) -> f64 {
    units(thousandths).ln()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "what is usual needs no sixteen digits"
)]
fn units(thousandths: i64) -> f64 {
    thousandths.abs() as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_sales_are_part_of_the_sample() {
        let mut usual = UsualQuantities(HashMap::from([(
            "A1".into(),
            QuantitySample {
                log_sum: 0.0,
                sales: 0,
                largest: MIN_OUTLIER_THOUSANDTHS,
            },
        )]));
        assert_eq!(usual.sku_keys(), ["A1"]);
        usual.add_recorded_sales("A1", 20.0 * 3_f64.ln(), 20);
        usual.add_recorded_sales("B2", 1.0, 20);
        assert_eq!(usual.0.len(), 1);
        assert!((usual.0["A1"].log_sum / 20.0).exp() - 3.0 < 1e-9);
    }
}
