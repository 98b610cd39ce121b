//! A sale line as statements read it.

use platform::money::{Currency, round_to_currency};

use crate::catalog::Sale;

/// A checked query of sale lines `s`, with the imports `i` that wrote them, from and where the
/// literals say.
macro_rules! select_sales {
    ($($rest:literal)+, $($value:expr),* $(,)?) => {
        sqlx::query_as!(
            Sale,
            r#"select s.id as "id: _", s.product_id as "product_id: _",
                 s.customer_id as "customer_id: _", s.site_id as "site_id: _", s.kind as "kind: _",
                 s.status as "status: _", s.quantity, s.unit_price, s.amount, s.currency,
                 s.netted_quantity, s.sold_at, s.day, s.document, s.external_id, s.due_at,
                 s.delivered_at, s.cancelled_at, s.source as "source: _", s.import_id, s.created_at,
                 coalesce(s.created_by, i.created_by) as "created_by: _",
                 coalesce(s.request_id, i.request_id) as request_id
               "# $(+ $rest)+,
            $($value),*
        )
    };
}
pub(super) use select_sales;

/// Removes the decimals that money is stored with beyond those that it is shown with.
pub(super) fn round_money(mut sale: Sale) -> Sale {
    sale.unit_price = sale.unit_price.normalize();
    if let Some(currency) = Currency::from_code(&sale.currency) {
        sale.amount = round_to_currency(sale.amount, currency);
    }
    sale
}
