//! Products and outlooks for the tests of this area.

use platform::ids::Uuid;

use crate::catalog::ProductId;
use crate::rupture::{DaysToRupture, Forecast, Outlook, Urgency};

pub(super) fn make_product(number: u128, level: Option<f64>) -> Forecast {
    Forecast {
        product_id: ProductId(Uuid::from_u128(number)),
        name: format!("product {number}"),
        category_id: None,
        supplier_id: None,
        min_stock: None,
        level,
        levels: level.map(|level| (None, level)).into_iter().collect(),
        lead_time_days: 7,
        abc: None,
        demand: None,
        outlook: None,
    }
}

pub(super) fn make_outlook(probability: f64, days: Option<u32>) -> Outlook {
    Outlook {
        probability,
        days: DaysToRupture {
            p10: days,
            p50: days,
            p90: days,
        },
        reorder_point: 0.0,
        safety_stock: 0.0,
        suggested_quantity: 0.0,
        urgency: Urgency::from_days(days),
    }
}
