//! Measures how many products one core predicts per second, on made-up lumpy sellers. Only the
//! benchmark driver calls it.

use std::time::Instant;

use chrono::NaiveDate;

use super::{Demand, History, Outlook, Position, SERVICE_LEVEL};

/// Returns the products per second of this thread, from daily sales to order quantity, over
/// `products` series of 346 days.
pub fn products_per_second(products: u32) -> f64 {
    let as_of = NaiveDate::default();
    let series: Vec<Vec<f64>> = (1..=products).map(made_up_sales).collect();
    let start = Instant::now();
    let mut ordered = 0.0;
    for (i, units) in series.iter().enumerate() {
        let Some(history) = History::from_days(units, as_of) else {
            continue;
        };
        let demand = Demand::estimate(&history, 7);
        let position = Position {
            today: as_of,
            level: (i % 90) as f64,
            lead_time_days: 7,
            minimum_order: 10.0,
            pack: 6.0,
            service_level: SERVICE_LEVEL,
        };
        ordered += Outlook::compute(&demand, &position).suggested_quantity;
    }
    let rate = f64::from(products) / start.elapsed().as_secs_f64();
    std::hint::black_box(ordered);
    rate
}

/// About seven days in ten are without a sale, as in the retail data. One seed always makes one
/// series.
fn made_up_sales(seed: u32) -> Vec<f64> {
    let mut state = seed.wrapping_mul(2_654_435_761).max(1);
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    (0..346)
        .map(|_| {
            if next() % 10 < 3 {
                f64::from(next() % (8 + seed % 60))
            } else {
                0.0
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_sellers_are_lumpy_and_repeat() {
        let sales = made_up_sales(7);
        assert_eq!(sales, made_up_sales(7));
        let selling = sales.iter().filter(|u| **u > 0.0).count();
        assert!((60..150).contains(&selling));
        assert!(products_per_second(3) > 0.0);
    }
}
