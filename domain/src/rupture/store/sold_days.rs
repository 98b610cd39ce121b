//! The sold days of a company, streamed in order, made dense and estimated product by product.

use chrono::{Days, NaiveDate};
use futures::TryStreamExt as _;
use platform::ids::Uuid;
use sqlx::PgConnection;

use crate::Result;
use crate::rupture::demand::MAX_HISTORY_DAYS;
use crate::rupture::{Demand, History};

/// Days of turnover that the classes A, B and C are computed from.
const TURNOVER_DAYS: u64 = 365;

pub(super) struct EstimatedProduct {
    pub(super) product_id: Uuid,
    pub(super) demand: Demand,
    pub(super) turnover: f64,
}

/// One day of one product.
struct SoldDay {
    product_id: Uuid,
    lead_time_days: i32,
    day: NaiveDate,
    units: f64,
    /// The part of `units` that has a price.
    paid_units: f64,
    /// A line that sold something has a price.
    is_priced: bool,
    turnover: f64,
}

/// Estimates every product that was sold up to `as_of`, the company's last day with sales. Turnover
/// counts in `currency` only.
///
/// Demand is what was delivered, less what was undone later. A return that undid no known sale
/// counts on its own day, whether it was entered as a sale line or as a movement; later ones, up to
/// `yesterday`, on the last day. Adjustments of stock take nothing from demand, nor does a
/// cancellation that found no sale: what it cancels isn't in the books.
pub(super) async fn estimate_products(
    conn: &mut PgConnection,
    as_of: NaiveDate,
    yesterday: NaiveDate,
    currency: &str,
) -> Result<Vec<EstimatedProduct>> {
    let first_day = as_of - Days::new(MAX_HISTORY_DAYS as u64 - 1);
    let mut days = sqlx::query_file_as!(
        SoldDay,
        "src/rupture/store/sold_days.sql",
        first_day,
        as_of,
        currency,
        yesterday,
    )
    .fetch(conn);
    let mut estimated = Vec::new();
    let mut product: Vec<SoldDay> = Vec::new();
    while let Some(day) = days.try_next().await? {
        if product
            .first()
            .is_some_and(|first| first.product_id != day.product_id)
        {
            estimated.extend(estimate_product(&product, as_of));
            product.clear();
            // Rows arrive faster than they are processed. Without a yield the thread would be kept
            // until the last row, and the timers of the whole process would wait.
            tokio::task::yield_now().await;
        }
        product.push(day);
    }
    estimated.extend(estimate_product(&product, as_of));
    Ok(estimated)
}

fn estimate_product(days: &[SoldDay], as_of: NaiveDate) -> Option<EstimatedProduct> {
    let first = days.first()?;
    // What is given away is no demand, unless no line of the product has a price: then the file
    // that it came from had no prices.
    let is_priced = days.iter().any(|d| d.is_priced);
    let sales: Vec<_> = days
        .iter()
        .map(|d| (d.day, if is_priced { d.paid_units } else { d.units }))
        .collect();
    let history = History::from_sales(&sales, as_of)?;
    let since = as_of - Days::new(TURNOVER_DAYS);
    Some(EstimatedProduct {
        product_id: first.product_id,
        demand: Demand::estimate(&history, first.lead_time_days.unsigned_abs()),
        turnover: days
            .iter()
            .filter(|d| d.day > since)
            .map(|d| d.turnover)
            .sum(),
    })
}
